"""The known kinds of event, and one event at work during a step. Knows nothing of language, simulators or models."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class EventKind:
    """One kind of event.

    Attributes:
        name: The word used in labels, options and files.
        is_global: Whether it changes how everything looks (an appearance) rather than adding a thing.
        is_moving: Whether what it adds moves and so belongs to the moving mask.
        ramp_frames: Frames from onset to full strength, and from stop to gone.
        appearance_bit: Bit of `appearance`, or None for a local event.
        group: Kinds of one group exclude each other: the start of one ends the others. None for kinds that go with all.
    """

    name: str
    is_global: bool
    is_moving: bool
    ramp_frames: int
    appearance_bit: int | None = None
    group: str | None = None


KINDS: dict[str, EventKind] = {
    kind.name: kind
    for kind in (
        EventKind("night", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=0, group="hour"),
        EventKind("fog", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=1),
        EventKind("snowfall", is_global=True, is_moving=True, ramp_frames=16, appearance_bit=2),
        EventKind("bonfire", is_global=False, is_moving=True, ramp_frames=4),
        EventKind("fireworks", is_global=False, is_moving=True, ramp_frames=4),
        EventKind("walker", is_global=False, is_moving=True, ramp_frames=1),
        EventKind("dusk", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=3, group="hour"),
        EventKind("dawn", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=4, group="hour"),
        EventKind("golden_light", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=5, group="hour"),
        EventKind("storm", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=6),
        EventKind("rain", is_global=True, is_moving=True, ramp_frames=16, appearance_bit=7),
        EventKind("snow_cover", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=8),
        EventKind("autumn", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=9),
        EventKind("sepia", is_global=True, is_moving=False, ramp_frames=8, appearance_bit=10),
        EventKind("pixel_art", is_global=True, is_moving=False, ramp_frames=8, appearance_bit=11),
        EventKind("lamps_on", is_global=True, is_moving=False, ramp_frames=4, appearance_bit=12, group="lamps"),
        EventKind("lamps_off", is_global=True, is_moving=False, ramp_frames=4, appearance_bit=13, group="lamps"),
        EventKind("smoke", is_global=False, is_moving=True, ramp_frames=12),
        EventKind("explosion", is_global=False, is_moving=True, ramp_frames=1),
    )
}


FREE_TEXT = "free text"
"""Stands in `ModelSpec.shows_events` for every event of no known kind, by a model that follows any text."""


@dataclass(frozen=True)
class ActiveEvent:
    """One event during the T frames of a step.

    Attributes:
        kind: A name in `KINDS`, or None for text of no known kind.
        strengths: T numbers in 0..1, how far the event has come in each frame.
        age_frames: Frames since onset at the first frame of the step; negative if onset is still to come.
        event_id: Number of the event in its world, counted from 0; never reused.
        seed: All randomness of the event comes from this and the frame.
        text: Words that it was asked for by.
    """

    kind: str | None
    strengths: tuple[float, ...]
    age_frames: int
    event_id: int
    seed: int
    text: str = ""


def appearance_of(events: tuple[ActiveEvent, ...], shown: Collection[str] = tuple(KINDS)) -> int:
    """The appearance under `events`: the set of global kinds at more than half strength, as bits.

    Args:
        events: At work during a step.
        shown: Kinds that change what is shown, as `ModelSpec.shows_events`; others leave the appearance as it is.
    """
    bits = 0
    for event in events:
        bit = KINDS[event.kind].appearance_bit if event.kind in KINDS and event.kind in shown else None
        if bit is not None and event.strengths[-1] > 0.5:
            bits |= 1 << bit
    return bits
