"""What of a memory stands in a body's way. Knows nothing of bodies but a radius and a band of heights."""

from __future__ import annotations

import numpy as np
from numba import njit

from wm_gym.memory.memory import Memory


def occupied(memory: Memory, positions: np.ndarray, radius_metres: float, z_low: float, z_high: float) -> np.ndarray:
    """Whether static points stand within a vertical cylinder around each position.

    At least `config.occupied_points` must, so that a few stray ones do not block.

    Args:
        memory: Of one world.
        positions: (M, 2) x, y in metres, world frame.
        radius_metres: Of the cylinder.
        z_low: Metres over the eye of the opening; what is lower does not count.
        z_high: The same; what is higher does not count.

    Returns:
        (M,) bool.

    Raises:
        ValueError: If positions are not (M, 2), or radius or band are not positive.
    """
    positions = np.ascontiguousarray(positions, dtype=np.float64)
    if positions.ndim != 2 or positions.shape[1] != 2:
        raise ValueError(f"positions must have shape (M, 2), got {positions.shape}")
    if not (radius_metres > 0 and z_low < z_high):
        raise ValueError(
            f"radius_metres must be positive and z_low under z_high, got {radius_metres}, {z_low} and {z_high}"
        )
    counts = np.zeros(len(positions), np.int64)
    if len(positions) and memory.static:
        spheres = np.stack([row.block.sphere for row in memory.static])
        gaps = spheres[:, None, :2] - positions
        near = (np.hypot(gaps[..., 0], gaps[..., 1]) <= spheres[:, None, 3] + radius_metres).any(axis=1)
        for index in np.flatnonzero(near):
            row = memory.static[index]
            _count(
                row.block.points.geometry, row.alive, positions, radius_metres**2, z_low, z_high,
                memory.config.occupied_points, counts,
            )  # fmt: skip
    return counts >= memory.config.occupied_points


@njit(nogil=True, cache=True)
def _count(geometry, alive, positions, square, z_low, z_high, enough, counts):
    """Add to `counts` (M,) the points of one block in each cylinder, until there are enough."""
    for i in range(geometry.shape[0]):
        if not alive[i] or geometry[i, 2] < z_low or geometry[i, 2] > z_high:
            continue
        for m in range(positions.shape[0]):
            if counts[m] < enough:
                dx, dy = geometry[i, 0] - positions[m, 0], geometry[i, 1] - positions[m, 1]
                if dx * dx + dy * dy <= square:
                    counts[m] += 1
