"""Which way is up in a log, and how far below its cameras the floor lies. Knows nothing of files.

Cameras are held with little roll, so their right axes lie in the ground's plane; a floor that they see says it better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SEED = 0
_TRIES, _POINTS = 400, 5000
_TOLERANCE_METRES, _BELOW_METRES = 0.05, 0.2
_MOST_BELOW, _LEAST_FLOOR = 0.08, 0.05
_MOST_TILT_DEGREES = 25.0
_LEAST_SPREAD = 0.2


@dataclass(frozen=True, eq=False)
class Level:
    """How a log's world stands.

    Attributes:
        up: (3,) unit vector in the log's world.
        floor: Height of the floor along `up` in metres, or None where none is seen.
        source: "floor" or "poses".
    """

    up: np.ndarray
    floor: float | None
    source: str


def level_of(world_from_camera: np.ndarray, points: np.ndarray) -> Level:
    """How a log's world stands, from its poses and the points that its frames see.

    Args:
        world_from_camera: (C, 4, 4).
        points: (P, 3) world frame.
    """
    up = up_of(world_from_camera)
    floor = _floor(points, world_from_camera[:, :3, 3], up)
    if floor is None:
        return Level(up, None, "poses")
    return Level(*floor, "floor")


def up_of(world_from_camera: np.ndarray) -> np.ndarray:
    """(3,) unit vector up of cameras held with little roll: square to their right axes where these differ."""
    mean = -world_from_camera[:, :3, 1].mean(0)
    mean /= max(float(np.linalg.norm(mean)), 1e-9)
    _, spread, axes = np.linalg.svd(world_from_camera[:, :3, 0])
    square = axes[2] * (1.0 if axes[2] @ mean >= 0 else -1.0)
    differ = len(spread) > 1 and spread[1] > _LEAST_SPREAD * spread[0]
    return square if differ and square @ mean > np.cos(np.radians(45)) else mean


def _floor(points: np.ndarray, positions: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, float] | None:
    """Normal and height of the largest near-level plane below the cameras with next to nothing under it (RANSAC)."""
    rng = np.random.default_rng(_SEED)
    middle = float((positions @ up).min())
    low = points[points @ up < middle - _BELOW_METRES]
    if len(low) < 50:
        return None
    sample = points[rng.choice(len(points), min(_POINTS, len(points)), replace=False)]
    triples = low[rng.integers(0, len(low), (_TRIES, 3))]
    normals = np.cross(triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    normals = normals / np.maximum(lengths, 1e-9)[:, None] * np.where(normals @ up < 0, -1.0, 1.0)[:, None]
    heights = (normals * triples[:, 0]).sum(1)
    off = sample @ normals.T - heights  # (P, tries)
    inliers = (np.abs(off) < _TOLERANCE_METRES).mean(0)
    level = (normals @ up > np.cos(np.radians(_MOST_TILT_DEGREES))) & (lengths > 1e-6)
    lowest = (off < -_BELOW_METRES).mean(0) < _MOST_BELOW
    best = int(np.argmax(np.where(level & lowest, inliers, -1.0)))
    if not (level & lowest)[best] or inliers[best] < _LEAST_FLOOR:
        return None
    return _refined(sample[np.abs(off[:, best]) < _TOLERANCE_METRES], up)


def _refined(points: np.ndarray, up: np.ndarray) -> tuple[np.ndarray, float]:
    middle = points.mean(0)
    normal = np.linalg.svd(points - middle, full_matrices=False)[2][2]
    normal = normal * (1.0 if normal @ up >= 0 else -1.0)
    return normal, float(normal @ middle)
