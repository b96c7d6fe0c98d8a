"""How generated worlds begin in places of the twin: where keyframes saw the place, and where one chunk did."""

from __future__ import annotations

from wm_gym.backends.twin.model import open_place
from wm_gym.evaluation.trajectories import LEAD_FRAMES, open_cold, open_grounded, take_lead
from wm_gym.scenes.places import open_world
from wm_gym.world.world import World
from wm_gym.world_model import ModelSpec, Opening, Place

OPENINGS = {"grounded": open_grounded, "cold": open_cold}


def openings_in(spec: ModelSpec, twin: World, place: Place) -> dict[str, Opening]:
    """Openings of worlds of a backend in a place of a twin, after a turn on the spot, by name.

    Args:
        spec: Of the backend.
        twin: As fine as keyframes.
        place: Where.
    """
    close = twin.spec
    lead = take_lead(twin, open_place(place, close.height, close.width), place)
    captured = open_world(spec, place)
    return {name: open_at(captured, lead, LEAD_FRAMES - 1) for name, open_at in OPENINGS.items()}
