"""What stands in a body's way: a simulator's own walls, an imagined place, or what memory holds and its plan knows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from wm_gym.entities.motion import with_solid
from wm_gym.geometry.motion import OPENING_EYE_METRES
from wm_gym.layout.cells import PATCH, SOLID
from wm_gym.layout.imagination import blocked as stands_in
from wm_gym.layout.plan import Plan
from wm_gym.memory.occupancy import Nearby
from wm_gym.world.state import WorldState
from wm_gym.world_model import WorldModel

Solid = Callable[[np.ndarray, float], np.ndarray]
"""Positions (M, 2) x, y in metres and a body's radius to whether it would stand in something, (M,) bool."""

_FLOOR_RADIUS_METRES, _FLOOR_METRES = 0.2, 0.3
"""Round a position, and how far below the opening's ground, points are floor."""

_SPARSE_METRES = 0.03
"""Points of a wall are so far apart that a body which just touches it holds too few of them."""


def solid_round(
    model: WorldModel[Any], state: WorldState, world: int, step_height_metres: float, reach_metres: float
) -> Solid:
    """What stands round the body of a world.

    Memory says what stands where something was seen. A wall that no keyframe saw is not in memory; but where the plan
    that was read off the capture has a wall and memory has seen no floor, there is one; unless the body stands in it,
    since then the plan is wrong. Crates, cars, lamps and trees that events have added stand in the way too.

    Args:
        model: Backend; a simulator answers for itself.
        state: N worlds.
        world: One of them.
        step_height_metres: Solid things lower than this over the ground do not stop a body.
        reach_metres: Up to which points are gathered at once; farther positions are answered too, more slowly.
    """
    obstacles = model.obstacles(state.model, world)
    if obstacles is not None:
        return obstacles.blocked
    place = _place_round(state, world, step_height_metres, reach_metres)
    return with_solid(place, state.entities[state.world_of_view[world]])


def _place_round(state: WorldState, world: int, step_height_metres: float, reach_metres: float) -> Solid:
    """What stands there of the place itself."""
    plan = state.completions[world].plan
    if plan is not None and not plan.is_read:
        return partial(stands_in, plan)
    memory, here = state.memories[state.world_of_view[world]], state.body_poses[world]
    low = step_height_metres - OPENING_EYE_METRES
    near = Nearby(memory, here[:2], reach_metres + _SPARSE_METRES, low, float(here[2]))
    standing = partial(touches, near, here)
    if plan is None:
        return standing
    floor = Nearby(memory, here[:2], reach_metres, -OPENING_EYE_METRES - _FLOOR_METRES, low)
    walled = partial(_walled, floor, plan)
    if walled(here[None, :2])[0]:
        return standing
    return lambda positions, radius_metres: _either(standing(positions, radius_metres), walled, positions)


def touches(near: Nearby, here: np.ndarray, positions: np.ndarray, radius_metres: float) -> np.ndarray:
    """(M,) whether a body would touch what memory holds; one that is wedged in it makes itself small."""
    for radius in (radius_metres + _SPARSE_METRES, radius_metres, radius_metres / 2):
        if not near.occupied(here[None, :2], radius)[0]:
            return near.occupied(positions, radius)
    return np.zeros(len(positions), bool)


def _walled(floor: Nearby, plan: Plan, positions: np.ndarray) -> np.ndarray:
    """(M,) whether a plan is solid at positions where memory has seen no floor."""
    walled = is_solid(plan, positions)
    if walled.any():
        walled[walled] = ~floor.occupied(positions[walled], _FLOOR_RADIUS_METRES)
    return walled


def _either(blocked: np.ndarray, walled: Callable[[np.ndarray], np.ndarray], positions: np.ndarray) -> np.ndarray:
    """(M,) what is blocked already, or walled."""
    open_ones = np.flatnonzero(~blocked)
    if len(open_ones):
        blocked[open_ones] = walled(positions[open_ones])
    return blocked


def is_solid(plan: Plan, positions: np.ndarray) -> np.ndarray:
    """(M,) bool: whether positions (M, 2) lie in cells of a plan that are decided and solid."""
    at = [plan.cell_at(x, y) for x, y in positions.tolist()]
    if not at:
        return np.zeros(0, bool)
    cells = np.array(at)
    low = cells.min(0) // PATCH * PATCH
    size = -(-(cells.max(0) + 1 - low) // PATCH) * PATCH
    region, _ = plan.region((int(low[0]), int(low[1])), int(size[0]), int(size[1]))
    return np.asarray(SOLID[region[tuple((cells - low).T)]], bool)
