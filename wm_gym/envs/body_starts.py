"""Where several bodies of one world start: the first where it opens, the others at waypoints, looking at the first."""

from __future__ import annotations

import numpy as np

NEAR_METRES = 10.0
"""Waypoints up to so far from the opening are taken first."""

APART_RADII = 4.0
"""Starts are at least so many radii of the body apart, so that no body is in the way of another at once."""


def draw_starts(waypoints: np.ndarray, count: int, radius_metres: float, rng: np.random.Generator) -> np.ndarray:
    """(N, 3) x, y in metres and yaw in radians; the first is the world's origin.

    Args:
        waypoints: (W, 2) x, y in metres that can be stood on.
        count: N.
        radius_metres: Of a body.
        rng: Draws the waypoints.

    Raises:
        ValueError: If there are too few waypoints that are far enough apart.
    """
    spots = _draw_spots(waypoints, count, APART_RADII * radius_metres, rng)
    yaws = np.arctan2(-spots[:, 1], -spots[:, 0])
    yaws[0] = 0.0
    return np.concatenate([spots, yaws[:, None]], axis=1)


def draw_start_beside(
    waypoints: np.ndarray, others: np.ndarray, radius_metres: float, rng: np.random.Generator
) -> np.ndarray:
    """(3,) x, y in metres and yaw in radians of a body that joins others: at a waypoint near the first, looking there.

    Args:
        waypoints: (W, 2) x, y in metres that can be stood on.
        others: (N, 2) x, y in metres of those who are there.
        radius_metres: Of a body.
        rng: Draws the waypoint.

    Raises:
        ValueError: If there is no waypoint that is far enough from all of them.
    """
    shuffled = waypoints[rng.permutation(len(waypoints))].astype(np.float64)
    gaps = np.linalg.norm(shuffled[:, None] - others, axis=-1)
    free = np.flatnonzero(gaps.min(axis=1) >= APART_RADII * radius_metres)
    if not len(free):
        raise ValueError(f"bodies in this place must be at most {len(others)}, got one more")
    spot = shuffled[free[np.argsort(gaps[free, 0] > NEAR_METRES, kind="stable")[0]]]
    return np.array([*spot, np.arctan2(*(others[0] - spot)[::-1])])


def _draw_spots(waypoints: np.ndarray, count: int, apart_metres: float, rng: np.random.Generator) -> np.ndarray:
    """(N, 2): the origin, then waypoints near it in random order, then the farther ones."""
    shuffled = waypoints[rng.permutation(len(waypoints))].astype(np.float64)
    is_far = np.linalg.norm(shuffled, axis=1) > NEAR_METRES
    spots = [np.zeros(2)]
    for spot in shuffled[np.argsort(is_far, kind="stable")]:
        if len(spots) < count and np.linalg.norm(np.stack(spots) - spot, axis=1).min() >= apart_metres:
            spots.append(spot)
    if len(spots) < count:
        raise ValueError(f"num_agents must be at most {len(spots)} in this place, got {count}")
    return np.stack(spots)
