"""Openings of generated worlds in places of the twin: on keyframes of the place, or on one chunk of it."""

from __future__ import annotations

from wm_gym.backends.twin.model import open_place
from wm_gym.evaluation.trajectories import open_cold, open_grounded, take_context
from wm_gym.scenes.places import open_world
from wm_gym.world.world import World
from wm_gym.world_model import ModelSpec, Opening, Place

OPENINGS = {"grounded": open_grounded, "cold": open_cold}


def openings_in(spec: ModelSpec, twin: World, place: Place) -> dict[str, Opening]:
    """Openings of worlds of a backend in a place of a twin, after a turn on the spot, by name.

    Args:
        spec: Spec of the backend.
        twin: Twin of the size of keyframes.
        place: Place that they open in.
    """
    close = twin.spec
    context = take_context(twin, open_place(place, close.height, close.width), place)
    captured = open_world(spec, place)
    return {name: open_at(captured, context, close.frames_per_step - 1) for name, open_at in OPENINGS.items()}
