"""A memory as a plain point cloud, without its sky. Knows nothing of files or viewers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from wm_gym.memory.memory import Memory
from wm_gym.memory.points import Points


class Cloud(NamedTuple):
    """P points.

    Attributes:
        positions: (P, 3) float32, world frame, metres.
        colours: (P, 3) uint8.
        frames: (P,) int32 index of the frame written.
    """

    positions: np.ndarray
    colours: np.ndarray
    frames: np.ndarray


class Sample(NamedTuple):
    """A sample of a point cloud.

    Attributes:
        positions: (P, 3) float32, world frame, metres.
        colours: (P, 3) uint8.
    """

    positions: np.ndarray
    colours: np.ndarray


def point_cloud(memory: Memory, *, with_moving: bool = False) -> Cloud:
    """All static points, in the order of the table.

    Args:
        memory: Memory of one world.
        with_moving: Whether the points of moving objects follow, where they were last detected.
    """
    rows = (*memory.static, memory.moving) if with_moving else memory.static
    points = Points.cat([row.points() for row in rows])
    return Cloud(points.positions.copy(), points.colours.copy(), points.frames.copy())


def sample_points(memory: Memory, count: int, position: np.ndarray, *, radius_metres: float = 20.0) -> Sample:
    """At most `count` static points near a position, a uniform sample of them.

    Points are ranked by the hash of their voxel, so the sample is the same for equal memories and steady from step to
    step: a point's rank does not depend on what else is written.

    Args:
        memory: Memory of one world.
        count: Most points.
        position: (3,), world frame, metres.
        radius_metres: Distance from the position beyond which points are left out.

    Raises:
        ValueError: If `count` is below 1 or position is not (3,).
    """
    if count < 1 or np.shape(position) != (3,):
        raise ValueError(f"count must be at least 1 and position (3,), got {count} and {np.shape(position)}")
    near = Points.cat([_near(row.points(), np.asarray(position), radius_metres) for row in memory.static])
    rank = near.record[:, 3].view(np.uint32)
    if len(near) > count:
        near = near.take(np.sort(np.argpartition(rank, count)[:count]))
    return Sample(near.positions.copy(), near.colours.copy())


def _near(points: Points, position: np.ndarray, radius_metres: float) -> Points:
    square = np.square(points.positions - position.astype(np.float32)).sum(axis=1)
    return points.take(square <= radius_metres**2)
