"""Where goals and objects of tasks lie: spots that are drawn among waypoints, and how a body sees them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wm_gym.geometry.motion import OPENING_EYE_METRES

FARTHEST_METRES = 2.0**21
"""Bound of a goal's distance in observations; it is reached after four million steps of walking straight away."""

FLOOR_Z = -OPENING_EYE_METRES
"""Of the floor in the world frame, metres."""

Spot = tuple[float, float]
"""x, y in metres, world frame."""


def draw_goal(
    waypoints: np.ndarray, here: np.ndarray, near_metres: float, far_metres: float, rng: np.random.Generator
) -> Spot:
    """One of the waypoints (W, 2) between two distances from `here` (2,), or the farthest where there is none."""
    distances = np.linalg.norm(waypoints - here, axis=1)
    fitting = np.flatnonzero((distances >= near_metres) & (distances <= far_metres))
    return _spot(waypoints[int(rng.choice(fitting)) if len(fitting) else int(distances.argmax())])


def draw_spots(
    waypoints: np.ndarray, here: np.ndarray, count: int, bounds: tuple[float, float, float], rng: np.random.Generator
) -> tuple[Spot, ...]:
    """Up to `count` waypoints, apart from one another; the farthest one alone where none is far enough.

    Args:
        waypoints: (W, 2).
        here: (2,), from which distances count.
        count: Most spots.
        bounds: Metres: least and largest distance from `here`, and the least between two spots.
        rng: Draws.
    """
    near, far, apart = bounds
    distances = np.linalg.norm(waypoints - here, axis=1)
    spots: list[np.ndarray] = []
    for k in rng.permutation(len(waypoints)):
        is_apart = all(np.linalg.norm(waypoints[k] - spot) >= apart for spot in spots)
        if len(spots) < count and near <= distances[k] <= far and is_apart:
            spots.append(waypoints[k])
    return tuple(_spot(spot) for spot in spots or [waypoints[int(distances.argmax())]])


def metres_between(spot: Spot, body_pose: np.ndarray) -> float:
    """On the ground, from a spot to a body."""
    return float(np.linalg.norm(np.asarray(spot) - body_pose[:2]))


def seen_from(body_pose: np.ndarray, spots: Sequence[Spot]) -> np.ndarray:
    """(M, 2) float32 metres ahead of a body and to its left, at most `FARTHEST_METRES` each."""
    east, north = (np.asarray(spots).reshape(-1, 2) - body_pose[:2]).T
    cos, sin = np.cos(body_pose[3]), np.sin(body_pose[3])
    way = np.stack([east * cos + north * sin, north * cos - east * sin], axis=1)
    return way.clip(-FARTHEST_METRES, FARTHEST_METRES).astype(np.float32)


def check_distances(near_metres: float, far_metres: float) -> None:
    """Make sure that there is room between two bounds of distance.

    Raises:
        ValueError: If there is none.
    """
    if not 0.0 <= near_metres < far_metres:
        raise ValueError(f"near_metres must be from 0 and less than far_metres ({far_metres:g}), got {near_metres:g}")


def _spot(row: np.ndarray) -> Spot:
    return float(row[0]), float(row[1])
