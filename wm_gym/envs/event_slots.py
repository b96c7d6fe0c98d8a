"""The events at work in a frame: as arrays of a fixed shape for learners, as a list for people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from wm_gym.entities.entity import Entity
from wm_gym.events.kinds import FREE_TEXT, KINDS
from wm_gym.events.scripts import EventScript, ScriptedEvent

SLOTS = 8
"""Length of the arrays; of more events the ones that began last are kept."""

_NUMBER_OF_KIND: dict[str | None, int] = {name: number for number, name in enumerate((*KINDS, None))}


def event_arrays(script: EventScript, frame: int, shown: Collection[str]) -> dict[str, np.ndarray]:
    """Fresh arrays of `SLOTS` for the events at work in a frame, in order of onset.

    Args:
        script: Of one world.
        frame: Counted from the world's first.
        shown: What the backend can show, as `ModelSpec.shows_events`.

    Returns:
        "event_kind": int64, the place of the kind in `KINDS`, `len(KINDS)` for text of no known kind; -1 where nothing
        is at work.
        "event_strength": float32, how far the event has come, 0..1.
        "event_realised": float32, 1 where the backend can show such events at all.
    """
    kinds = np.full(SLOTS, -1, np.int64)
    strengths, realised = np.zeros(SLOTS, np.float32), np.zeros(SLOTS, np.float32)
    for slot, event in enumerate(_at_work(script, frame)[-SLOTS:]):
        kinds[slot], strengths[slot] = _NUMBER_OF_KIND[event.kind], event.strength(frame)
        realised[slot] = _is_shown(event, shown)
    return {"event_kind": kinds, "event_strength": strengths, "event_realised": realised}


def event_list(
    script: EventScript, frame: int, shown: Collection[str], entities: Sequence[Entity] = ()
) -> list[dict[str, Any]]:
    """The events at work in a frame, in order of onset.

    Returns:
        For each {"id", "kind", "text", "start", "active", "strength", "realised", "place"}: `start` is the frame of its
        onset, `active` is False while it fades, `place` is x, y, z in metres (world frame) of the thing that it added,
        or None.
    """
    places = {(one.event_id, one.seed): one.position for one in entities}
    return [
        {
            "id": event.event_id,
            "kind": event.kind,
            "text": event.text,
            "start": event.start_frame,
            "active": event.is_running(frame),
            "strength": event.strength(frame),
            "realised": float(_is_shown(event, shown)),
            "place": places.get((event.event_id, event.seed)),
        }
        for event in _at_work(script, frame)
    ]


def _is_shown(event: ScriptedEvent, shown: Collection[str]) -> bool:
    return (FREE_TEXT if event.kind is None else event.kind) in shown


def _at_work(script: EventScript, frame: int) -> list[ScriptedEvent]:
    at_work = [event for event in script.events if event.strength(frame) > 0]
    return sorted(at_work, key=lambda event: (event.start_frame, event.event_id))
