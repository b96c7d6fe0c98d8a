"""What happens when in one world: a script of events as an immutable value.

Strength is a ramp: it rises from onset over the kind's `ramp_frames`, and falls over as many from the stop.
Knows nothing of who draws an event.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from wm_gym.events.kinds import KINDS, ActiveEvent
from wm_gym.events.language import phrasings, understand


@dataclass(frozen=True)
class ScriptedEvent:
    """One event of a script.

    Attributes:
        event_id: Number in its script, counted from 0.
        kind: A name in `KINDS`.
        text: What was asked for.
        start_frame: Frame of onset.
        stop_frame: Frame at which it begins to end, or None.
        seed: All randomness of the event comes from this.
    """

    event_id: int
    kind: str
    text: str
    start_frame: int
    stop_frame: int | None
    seed: int

    def strength(self, frame: int) -> float:
        """How far the event has come in `frame`, 0..1."""
        ramp = KINDS[self.kind].ramp_frames
        rise = (frame - self.start_frame + 1) / ramp
        fall = 1.0 if self.stop_frame is None else 1.0 - (frame - self.stop_frame + 1) / ramp
        return float(min(1.0, max(0.0, min(rise, fall))))


@dataclass(frozen=True)
class EventScript:
    """The events of one world, in the order in which they were asked for.

    Attributes:
        world_seed: Seed of the world; every event derives its own from it.
        events: Past, present and future events.
    """

    world_seed: int
    events: tuple[ScriptedEvent, ...] = ()

    def say(self, text: str, frame: int, for_frames: int | None = None) -> EventScript:
        """The script after `text` is said at `frame`: an event starts, or the running ones of its kind stop, if any.

        Args:
            text: Such as "it starts to snow" or "the snow stops".
            frame: Frame of onset.
            for_frames: Frames until it begins to end by itself, or None.

        Raises:
            ValueError: If the text is about no known kind, or the number of frames is none from 1.
        """
        meant = understand(text)
        if not meant.starts:
            return self.stop(meant.kind, frame) if self._running(meant.kind, frame) else self
        if for_frames is not None and (type(for_frames) is not int or for_frames < 1):
            raise ValueError(f"an event must last a whole number of frames from 1, got {for_frames!r}")
        event_id = len(self.events)
        seed = int(np.random.SeedSequence([self.world_seed, event_id]).generate_state(1)[0])
        stop_frame = None if for_frames is None else frame + for_frames
        event = ScriptedEvent(event_id, meant.kind, text, frame, stop_frame, seed)
        return replace(self, events=(*self.events, event))

    def stop(self, kind: str, frame: int) -> EventScript:
        """The script in which every event of `kind` that is going on at `frame` begins to end there.

        Raises:
            ValueError: If the kind is unknown or nothing of it is going on.
        """
        if not isinstance(kind, str) or kind not in KINDS:
            raise ValueError(f"event kind must be one of {sorted(KINDS)}, got {kind!r}")
        running = self._running(kind, frame)
        if not running:
            raise ValueError(
                f"only an event that is going on can stop, got {kind!r} while there are {self.kinds(frame)}"
            )
        stopped = tuple(replace(e, stop_frame=frame) if e.event_id in running else e for e in self.events)
        return replace(self, events=stopped)

    def _running(self, kind: str, frame: int) -> set[int]:
        """Numbers of the events of a kind that are going on at `frame`."""
        return {event.event_id for event in self.events if event.kind == kind and _runs(event, frame)}

    def active(self, frame: int, num_frames: int) -> tuple[ActiveEvent, ...]:
        """The events at work in frames `frame` to `frame + num_frames - 1`."""
        active = []
        for event in self.events:
            strengths = tuple(event.strength(frame + t) for t in range(num_frames))
            if any(strengths):
                active.append(ActiveEvent(event.kind, strengths, frame - event.start_frame, event.event_id, event.seed))
        return tuple(active)

    def kinds(self, frame: int) -> list[str]:
        """Names of the kinds at work in `frame`, in order of onset."""
        return [event.kind for event in self.events if event.strength(frame) > 0]

    def describe(self, scene: str, frame: int) -> str:
        """The prompt of a step: the scene, the words of those who asked, and what is going on at `frame`."""
        at_work = [event for event in self.events if event.strength(frame) > 0]
        asked = [event.text for event in at_work if _runs(event, frame)]
        ongoing = [phrasings(kind, "ongoing")[0] for kind in dict.fromkeys(event.kind for event in at_work)]
        said = dict.fromkeys(text.strip().rstrip(".") for text in (*asked, *ongoing) if text.strip(" ."))
        return " ".join([scene, *(f"{text[0].upper()}{text[1:]}." for text in said)]).strip()

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns back into an equal script."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> EventScript:
        """The script that `to_json` was called on."""
        return cls(data["world_seed"], tuple(ScriptedEvent(**event) for event in data["events"]))


def _runs(event: ScriptedEvent, frame: int) -> bool:
    started = frame >= event.start_frame
    return started and (event.stop_frame is None or frame < event.stop_frame)
