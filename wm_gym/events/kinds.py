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
        is_graded: Whether there can be a little of it, so that a text may ask for less than its full strength.
        is_object: Whether it adds a thing with a shape of its own, which `entities` moves in every world alike.
    """

    name: str
    is_global: bool
    is_moving: bool
    ramp_frames: int
    appearance_bit: int | None = None
    group: str | None = None
    is_graded: bool = False
    is_object: bool = False


KINDS: dict[str, EventKind] = {
    kind.name: kind
    for kind in (
        EventKind(
            "night", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=0, group="hour", is_graded=True
        ),
        EventKind("fog", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=1, is_graded=True),
        EventKind("snowfall", is_global=True, is_moving=True, ramp_frames=16, appearance_bit=2, is_graded=True),
        EventKind("bonfire", is_global=False, is_moving=True, ramp_frames=4),
        EventKind("fireworks", is_global=False, is_moving=True, ramp_frames=4, is_graded=True),
        EventKind("walker", is_global=False, is_moving=True, ramp_frames=1),
        EventKind(
            "dusk", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=3, group="hour", is_graded=True
        ),
        EventKind(
            "dawn", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=4, group="hour", is_graded=True
        ),
        EventKind(
            "golden_light",
            is_global=True,
            is_moving=False,
            ramp_frames=16,
            appearance_bit=5,
            group="hour",
            is_graded=True,
        ),
        EventKind("storm", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=6, is_graded=True),
        EventKind("rain", is_global=True, is_moving=True, ramp_frames=16, appearance_bit=7, is_graded=True),
        EventKind("snow_cover", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=8, is_graded=True),
        EventKind("autumn", is_global=True, is_moving=False, ramp_frames=16, appearance_bit=9, is_graded=True),
        EventKind("sepia", is_global=True, is_moving=False, ramp_frames=8, appearance_bit=10, is_graded=True),
        EventKind("pixel_art", is_global=True, is_moving=False, ramp_frames=8, appearance_bit=11),
        EventKind("lamps_on", is_global=True, is_moving=False, ramp_frames=4, appearance_bit=12, group="lamps"),
        EventKind("lamps_off", is_global=True, is_moving=False, ramp_frames=4, appearance_bit=13, group="lamps"),
        EventKind("smoke", is_global=False, is_moving=True, ramp_frames=12, is_graded=True),
        EventKind("explosion", is_global=False, is_moving=True, ramp_frames=1, is_graded=True),
        EventKind("crate", is_global=False, is_moving=True, ramp_frames=1, is_object=True),
        EventKind("car", is_global=False, is_moving=True, ramp_frames=1, is_object=True),
        EventKind("birds", is_global=False, is_moving=True, ramp_frames=24, is_object=True),
        EventKind("lamp_post", is_global=False, is_moving=True, ramp_frames=1, is_object=True),
        EventKind("tree", is_global=False, is_moving=True, ramp_frames=1, is_object=True),
    )
}


OBJECTS = tuple(kind.name for kind in KINDS.values() if kind.is_object)
"""Kinds that add a thing with a shape of its own."""

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
