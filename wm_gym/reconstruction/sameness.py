"""How much two posed RGB-D frames show the same: depth and brightness of one, reprojected into the other.

Knows nothing of how the poses were found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

_LEAST_INSIDE = 0.3
_SAME_DEPTH, _SAME_GREY = 0.15, 25.0
_PAIRS = (1, 3, 6)


class Rgbd(Protocol):
    """A frame with depth: colours (H, W, 3) uint8, and (H, W) metres, 0 unknown."""

    @property
    def colour(self) -> np.ndarray:
        """(H, W, 3) uint8."""
        ...

    @property
    def depth(self) -> np.ndarray:
        """(H, W) metres, 0 unknown."""
        ...


def share_alike(before: Rgbd, after: Rgbd, before_from_after: np.ndarray, intrinsics: np.ndarray) -> float:
    """Share of the later frame that lies in the earlier one at its depth and is of its brightness there.

    0 where less than three tenths of it lie in the earlier one at all.

    Args:
        before: The earlier frame.
        after: The later one.
        before_from_after: (4, 4).
        intrinsics: (4,) fx, fy, cx, cy in pixels of both.
    """
    rows, columns = np.nonzero(after.depth > 0)
    if not len(rows):
        return 0.0
    fx, fy, cx, cy = intrinsics
    z = after.depth[rows, columns]
    points = np.stack([(columns + 0.5 - cx) / fx * z, (rows + 0.5 - cy) / fy * z, z], 1)
    x, y, z = (points @ before_from_after[:3, :3].T + before_from_after[:3, 3]).T
    safe = np.maximum(z, 1e-3)
    u, v = (np.floor(one).clip(-1, 1 << 20).astype(int) for one in (fx * x / safe + cx, fy * y / safe + cy))
    height, width = before.depth.shape
    inside = (z > 0.05) & (u >= 0) & (u < width) & (v >= 0) & (v < height)
    if inside.mean() < _LEAST_INSIDE:
        return 0.0
    own = before.depth[v[inside], u[inside]]
    same_depth = np.abs(own - z[inside]) < _SAME_DEPTH * z[inside]
    greys = before.colour.mean(-1)[v[inside], u[inside]], after.colour.mean(-1)[rows[inside], columns[inside]]
    return float((same_depth & (np.abs(greys[0] - greys[1]) < _SAME_GREY)).mean())


def path_sameness(frames: Sequence[Rgbd], world_from_camera: Sequence[np.ndarray], intrinsics: np.ndarray) -> float:
    """Mean share alike of frames one, three and six apart: how well a path explains its frames, 0..1."""
    shares = [
        share_alike(frames[k - gap], frames[k], np.linalg.inv(world_from_camera[k - gap]) @ pose, intrinsics)
        for k, pose in enumerate(world_from_camera)
        for gap in _PAIRS
        if k >= gap
    ]
    return float(np.mean(shares)) if shares else 0.0
