"""What worlds hold at the end of a step: entities of generated worlds, or what a simulator knows to be in view."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from wm_gym.entities.motion import shown_at
from wm_gym.world.guiding import Events
from wm_gym.world.state import Outcome, Thing, WorldState
from wm_gym.world_model import Truth

_KIND_OF_CLASS = {
    "Walker": "walker", "Visitor": "walker", "Bonfire": "bonfire", "PlacedCrate": "crate", "PlacedCar": "car",
    "PlacedBird": "birds", "PlacedLamp": "lamp_post", "PlacedTree": "tree",
}  # fmt: skip
"""How a simulator's classes begin, to the kind of thing."""


def with_things(outcome: Outcome, state: WorldState, events: Events) -> Outcome:
    """The outcome that also tells the things and events of its worlds.

    Args:
        outcome: Of N worlds.
        state: After the step.
        events: At work in each of them.
    """
    if outcome.chunk.truth is not None:
        things = tuple(_in_view(truth) for truth in outcome.chunk.truth)
    else:
        things = tuple(_things_of(state, memory) for memory in state.world_of_view)
    return replace(outcome, things=things, events=tuple(tuple(active) for active in events))


def _things_of(state: WorldState, memory: int) -> tuple[Thing, ...]:
    return tuple(
        Thing(one.kind, (float(x), float(y), float(z)), max(-1, one.event_id))
        for one in state.entities[memory]
        if one.strength
        for x, y, z in shown_at(one)
    )


def _in_view(truth: Truth) -> tuple[Thing, ...]:
    """The things of the last frame, in the simulator's order."""
    found = []
    for number, poses in sorted(truth.thing_poses.items()):
        name = truth.instance_names[number]
        kind = next((kind for prefix, kind in _KIND_OF_CLASS.items() if name.startswith(prefix)), None)
        if kind is not None and np.isfinite(poses[-1]).all():
            x, y, z = (float(value) for value in poses[-1, :3])
            found.append(Thing(kind, (x, y, z)))
    return tuple(found)
