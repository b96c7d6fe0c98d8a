"""Where several bodies of one world start: the first where it opens, the others at waypoints, looking at the first."""

from __future__ import annotations

import numpy as np

NEAR_METRES = 10.0
"""Waypoints up to so far from the opening are taken first."""

APART_RADII = 4.0
"""Starts are at least so many radii of the body apart, and no body is in the way of another at once."""


def start_path(
    opened: np.ndarray, waypoints: np.ndarray, radius_metres: float, num_frames: int, rng: np.random.Generator
) -> np.ndarray:
    """A chunk at the starts of N bodies, for `World.follow`.

    Args:
        opened: (N, 5) body poses where the world has opened.
        waypoints: (W, 2) x, y in metres that can be stood on.
        radius_metres: Of a body.
        num_frames: T.
        rng: Draws the waypoints.

    Returns:
        (N, T, 5) body poses, the same in all T frames.

    Raises:
        ValueError: If there are too few waypoints that are far enough apart.
    """
    spots = _draw_spots(opened[0, :2], waypoints, len(opened), APART_RADII * radius_metres, rng)
    starts = opened.copy()
    starts[:, :2] = spots
    towards = spots[0] - spots[1:]
    starts[1:, 3] = np.arctan2(towards[:, 1], towards[:, 0])
    return np.repeat(starts[:, None], num_frames, axis=1)


def _draw_spots(
    first: np.ndarray, waypoints: np.ndarray, count: int, apart_metres: float, rng: np.random.Generator
) -> np.ndarray:
    """(N, 2) spots: `first`, then waypoints near it in random order, then the farther ones."""
    shuffled = waypoints[rng.permutation(len(waypoints))].astype(np.float64)
    is_far = np.linalg.norm(shuffled - first, axis=1) > NEAR_METRES
    spots = [np.asarray(first, np.float64)]
    for spot in shuffled[np.argsort(is_far, kind="stable")]:
        if len(spots) < count and np.linalg.norm(np.stack(spots) - spot, axis=1).min() >= apart_metres:
            spots.append(spot)
    if len(spots) < count:
        raise ValueError(f"num_agents must be at most {len(spots)} in this place, got {count}")
    return np.stack(spots)
