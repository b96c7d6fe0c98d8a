"""Occupancy: whether static points of a memory block a body. Knows nothing of bodies but a radius and a height band."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numba import njit

from wm_gym.memory.blocks import Row
from wm_gym.memory.memory import Memory
from wm_gym.memory.table import Rows, spheres_of


def occupied(memory: Memory, positions: np.ndarray, radius_metres: float, z_low: float, z_high: float) -> np.ndarray:
    """Whether a vertical cylinder around each position holds at least `config.occupied_points` static points.

    Args:
        memory: Memory of one world.
        positions: (M, 2) x, y in metres, world frame.
        radius_metres: Radius of the cylinder.
        z_low: Bottom of the cylinder, metres in the world frame, whose origin is the opening camera.
        z_high: Top of the cylinder, metres in the world frame.

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
        spheres = spheres_of(memory.static)
        gaps = spheres[:, None, :2] - positions
        near = (np.hypot(gaps[..., 0], gaps[..., 1]) <= spheres[:, None, 3] + radius_metres).any(axis=1)
        for index in np.flatnonzero(near):
            row = memory.static[index]
            _count(
                row.block.points.geometry, row.alive, positions, radius_metres**2, z_low, z_high,
                memory.config.occupied_points, counts,
            )  # fmt: skip
    return counts >= memory.config.occupied_points


class Nearby:
    """The static points near a position, gathered at the first of many queries."""

    def __init__(self, memory: Memory, position: np.ndarray, range_metres: float, z_low: float, z_high: float) -> None:
        """The points around a position.

        Args:
            memory: Memory of one world.
            position: (2,) x, y in metres, world frame.
            range_metres: Horizontal distance up to which points are gathered.
            z_low: Bottom of the height band, as in `occupied`.
            z_high: Top of the height band, as in `occupied`.
        """
        self._memory, self._band = memory, (z_low, z_high)
        self._centre, self._range = np.asarray(position, np.float64), range_metres

    @cached_property
    def _geometry(self) -> np.ndarray:
        """(K, 4) float32, as in `blocks.Points`."""
        rows = _rows_near(self._memory.static, self._centre, self._range)
        parts = [_standing(r.block.points.geometry, r.alive, self._centre, self._range**2, *self._band) for r in rows]
        return np.concatenate([np.zeros((0, 4), np.float32), *parts])

    def occupied(self, positions: np.ndarray, radius_metres: float) -> np.ndarray:
        """The same as the function `occupied`, (M,) bool; positions beyond the gathered range query the memory itself.

        Args:
            positions: (M, 2) x, y in metres, world frame.
            radius_metres: Radius of the cylinder.
        """
        positions = np.ascontiguousarray(positions, dtype=np.float64)
        farthest = np.hypot(*(positions - self._centre).T).max(initial=0.0)
        if farthest + radius_metres > self._range:
            return occupied(self._memory, positions, radius_metres, *self._band)
        counts, enough = np.zeros(len(positions), np.int64), self._memory.config.occupied_points
        alive = np.ones(len(self._geometry), bool)
        _count(self._geometry, alive, positions, radius_metres**2, *self._band, enough, counts)
        return counts >= enough


def _rows_near(rows: Rows, position: np.ndarray, metres: float) -> list[Row]:
    """The rows whose spheres are at most so far from a position, along the ground."""
    if not rows:
        return []
    spheres = spheres_of(rows)
    gaps = np.hypot(spheres[:, 0] - position[0], spheres[:, 1] - position[1]) - spheres[:, 3]
    return [rows[k] for k in np.flatnonzero(gaps <= metres)]


@njit(nogil=True, cache=True)
def _standing(geometry, alive, middle, square, z_low, z_high):
    """The points alive within a vertical cylinder, (K, 4) float32."""
    found = np.empty_like(geometry)
    count = 0
    for i in range(geometry.shape[0]):
        dx, dy, z = geometry[i, 0] - middle[0], geometry[i, 1] - middle[1], geometry[i, 2]
        if alive[i] and z_low <= z <= z_high and dx * dx + dy * dy <= square:
            found[count] = geometry[i]
            count += 1
    return found[:count]


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
