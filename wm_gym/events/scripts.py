"""What happens when in one world: a script of events as an immutable value.

Strength is a ramp: it rises from onset over the kind's `ramp_frames` to what was asked for, and falls over as many from
the stop. Text of no known kind is at full strength from its onset to its stop. Knows nothing of who shows an event.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from wm_gym.events.kinds import KINDS, ActiveEvent
from wm_gym.events.language import ParsedEvent, asks_to_end, parse_event, phrasings
from wm_gym.events.timing import Clock, Span, without_timing


@dataclass(frozen=True)
class ScriptedEvent:
    """One event of a script.

    Attributes:
        event_id: Number in its script, counted from 0.
        kind: A name in `KINDS`, or None for text of no known kind.
        text: What was asked for.
        start_frame: Frame of onset.
        stop_frame: Frame at which it begins to end, or None.
        seed: All randomness of the event comes from this.
        level: Strength at its height, 0..1.
    """

    event_id: int
    kind: str | None
    text: str
    start_frame: int
    stop_frame: int | None
    seed: int
    level: float = 1.0

    def strength(self, frame: int) -> float:
        """How strong the event is in `frame`, 0..1."""
        ramp = 1 if self.kind is None else KINDS[self.kind].ramp_frames
        rise = (frame - self.start_frame + 1) / ramp
        fall = 1.0 if self.stop_frame is None else 1.0 - (frame - self.stop_frame + 1) / ramp
        return self.level * float(min(1.0, max(0.0, min(rise, fall))))

    def is_running(self, frame: int) -> bool:
        """Whether `frame` lies between its onset and its stop."""
        return frame >= self.start_frame and (self.stop_frame is None or frame < self.stop_frame)


@dataclass(frozen=True)
class EventScript:
    """The events of one world, in the order in which they were asked for.

    Attributes:
        world_seed: Seed of the world; every event derives its own from it.
        events: Past, present and future events.
    """

    world_seed: int
    events: tuple[ScriptedEvent, ...] = ()

    def schedule(self, text: str, frame: int, for_frames: int | None = None, clock: Clock | None = None) -> EventScript:
        """The script in which an event starts at `frame`, or the running ones that `text` asks to end stop there.

        An event that starts ends the running ones of other kinds in its group (dawn ends night).

        Text of a known kind that asks for an end changes nothing where no event of that kind is running. Text of no
        known kind that ends no running event is an event itself.

        Args:
            text: Such as "it starts to snow", "the snow stops in ten steps" or "a dragon flies over the square".
            frame: Frame of onset, from which a delay that the text names is counted.
            for_frames: Frames until the event begins to end by itself; None: as long as the text says, or for good.
            clock: What steps and seconds are; without one what the text says of time is not obeyed.

        Raises:
            ValueError: If the text is empty, or `for_frames` is not a whole number from 1.
        """
        parsed = parse_event(text)
        frame += _frames(parsed.timing.delay, clock) or 0
        if not parsed.starts:
            return self._stopped(self._running(parsed.kind, frame), frame)
        ended = self._ended_by(text, frame) if parsed.kind is None else set()
        lasts = _frames(parsed.timing.lasts, clock) if for_frames is None else for_frames
        return self._stopped(ended, frame) if ended else self._started(parsed, text, frame, lasts)

    def stop(self, event: str, frame: int) -> EventScript:
        """The script in which running events begin to end at `frame`.

        Args:
            event: A name in `KINDS`, for all events of that kind, or the text of an event.
            frame: When they begin to end.

        Raises:
            ValueError: If no such event is running.
        """
        if not isinstance(event, str):
            raise ValueError(f"an event must be named by its kind or text, got {event!r}")
        running = self._running(event, frame) if event in KINDS else self._of_text(event, frame)
        if not running:
            going_on = [one.kind or one.text for one in self.events if one.strength(frame) > 0]
            raise ValueError(f"only an event that is going on can stop, got {event!r} while there are {going_on}")
        return self._stopped(running, frame)

    def active(self, frame: int, num_frames: int) -> tuple[ActiveEvent, ...]:
        """The events at work in frames `frame` to `frame + num_frames - 1`."""
        active = []
        for one in self.events:
            strengths = tuple(one.strength(frame + t) for t in range(num_frames))
            if any(strengths):
                age = frame - one.start_frame
                active.append(ActiveEvent(one.kind, strengths, age, one.event_id, one.seed, one.text))
        return tuple(active)

    def describe(self, scene: str, frame: int, without: Collection[str] = ()) -> str:
        """The prompt of a step: the scene, the texts that were asked for, and what is going on at `frame`.

        Args:
            scene: Caption of the place.
            frame: Of the world.
            without: Kinds that are left out.
        """
        at_work = [event for event in self.events if event.strength(frame) > 0 and event.kind not in without]
        asked = [without_timing(event.text) for event in at_work if event.is_running(frame)]
        kinds = dict.fromkeys(event.kind for event in at_work if event.kind is not None)
        ongoing = [phrasings(kind, "ongoing")[0] for kind in kinds]
        sentences = dict.fromkeys(text.strip().rstrip(".") for text in (*asked, *ongoing) if text.strip(" ."))
        return " ".join([scene, *(f"{text[0].upper()}{text[1:]}." for text in sentences)]).strip()

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns back into an equal script."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> EventScript:
        """The script that `to_json` was called on."""
        return cls(data["world_seed"], tuple(ScriptedEvent(**event) for event in data["events"]))

    def _started(self, parsed: ParsedEvent, text: str, frame: int, for_frames: int | None) -> EventScript:
        if for_frames is not None and (type(for_frames) is not int or for_frames < 1):
            raise ValueError(f"an event must last a whole number of frames from 1, got {for_frames!r}")
        event_id = len(self.events)
        seed = int(np.random.SeedSequence([self.world_seed, event_id]).generate_state(1)[0])
        stop_frame = None if for_frames is None else frame + for_frames
        before = self._stopped(self._excluded_by(parsed.kind, frame), frame)
        event = ScriptedEvent(event_id, parsed.kind, text, frame, stop_frame, seed, parsed.strength)
        return replace(before, events=(*before.events, event))

    def _excluded_by(self, kind: str | None, frame: int) -> set[int]:
        """Numbers of the running events that the start of an event of `kind` ends: the others of its group."""
        group = None if kind is None else KINDS[kind].group
        others = {name for name, other in KINDS.items() if group is not None and other.group == group} - {kind}
        return {event.event_id for event in self.events if event.kind in others and event.is_running(frame)}

    def _stopped(self, event_ids: Collection[int], frame: int) -> EventScript:
        if not event_ids:
            return self
        events = tuple(replace(e, stop_frame=frame) if e.event_id in event_ids else e for e in self.events)
        return replace(self, events=events)

    def _running(self, kind: str | None, frame: int) -> set[int]:
        """Numbers of the events of a kind that are running at `frame`."""
        return {event.event_id for event in self.events if event.kind == kind and event.is_running(frame)}

    def _of_text(self, text: str, frame: int) -> set[int]:
        """Numbers of the running events that were asked for by `text`."""
        return {event.event_id for event in self.events if event.text == text and event.is_running(frame)}

    def _ended_by(self, text: str, frame: int) -> set[int]:
        """Numbers of the running events of no known kind that `text` asks to end."""
        running = self._running(None, frame)
        return {event.event_id for event in self.events if event.event_id in running and asks_to_end(text, event.text)}


def _frames(span: Span | None, clock: Clock | None) -> int | None:
    return None if span is None or clock is None else clock.frames(span)
