"""The points of a memory that may lie in view: frustum culling of blocks, then a bound on points.

Knows nothing of pixels or colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wm_gym.memory.blocks import Points
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.memory import Memory
from wm_gym.memory.projection import largest_area
from wm_gym.memory.table import Rows, spheres_of


@dataclass(frozen=True)
class View:
    """One world's cameras of one step.

    Attributes:
        world_from_camera: (T, 4, 4) float64.
        intrinsics: (4,) float64 fx, fy, cx, cy in pixels.
        height: Rows.
        width: Columns.
    """

    world_from_camera: np.ndarray
    intrinsics: np.ndarray
    height: int
    width: int

    def camera_from_world(self) -> np.ndarray:
        """(T, 3, 4) float64."""
        rotation = self.world_from_camera[:, :3, :3].transpose(0, 2, 1)
        return np.concatenate([rotation, -rotation @ self.world_from_camera[:, :3, 3:]], axis=2)

    def inward_normals(self) -> np.ndarray:
        """(4, 3) unit normals of the sides of the frustum, camera frame, pointing inwards."""
        fx, fy, cx, cy = self.intrinsics
        sides = [(fx, 0, cx), (-fx, 0, self.width - cx), (0, fy, cy), (0, -fy, self.height - cy)]
        normals = np.array(sides, dtype=np.float64)
        return normals / np.linalg.norm(normals, axis=1, keepdims=True)


@dataclass(frozen=True)
class VisiblePoints:
    """The points that one world renders in one step.

    Attributes:
        static_and_sky: Static points, then sky directions.
        num_static: Number of static points among them.
        moving: Points of moving objects, where they were last detected.
    """

    static_and_sky: Points
    num_static: int
    moving: Points


def retrieve(memory: Memory, view: View) -> VisiblePoints:
    """The points of a memory that may lie in view, at most `cull_points`.

    All moving points are kept, then sky points up to a quarter of the bound, then static ones. Blocks are culled by
    their spheres, and give points at the level of detail of their distance. If these are too many, points are culled
    one by one; if still too many, whole blocks are left out, the farthest first.
    """
    budget = memory.config.cull_points - memory.num_moving
    sky = _pick(memory.sky, view, memory.config, budget // 4, at_infinity=True)
    static = _pick(memory.static, view, memory.config, budget - _total(sky))
    return VisiblePoints(Points.cat([*static, *sky]), _total(static), memory.moving.points())


def rows_in_view(rows: Rows, view: View, *, at_infinity: bool = False) -> list[int]:
    """Indices of the rows whose spheres touch the frustum of any pose, in the table's order."""
    if not rows:
        return []
    centres, radii = _before_cameras(rows, view, at_infinity=at_infinity), _radii(rows)
    inside = (centres @ view.inward_normals().T > -radii[:, None]).all(axis=2) & (centres[..., 2] > -radii)
    return np.flatnonzero(inside.any(axis=0)).tolist()


def _pick(rows: Rows, view: View, config: MemoryConfig, most: int, *, at_infinity: bool = False) -> list[Points]:
    """At most `most` points of the rows in view, row by row."""
    rows = tuple(rows[i] for i in rows_in_view(rows, view, at_infinity=at_infinity))
    nearest = _nearest(rows, view, config, at_infinity)
    parts = [row.points().at_resolution(view.intrinsics[0] / z) for row, z in zip(rows, nearest, strict=True)]
    if _total(parts) <= most:
        return parts
    lens = view.camera_from_world().astype(np.float32), view.intrinsics.astype(np.float32), view.height, view.width
    limits = np.float32(config.near_metres), np.float32(config.max_splat_pixels)
    seen = [largest_area(part.geometry, at_infinity, *lens, *limits) > 0 for part in parts]
    parts = [part.take(choice) for part, choice in zip(parts, seen, strict=True)]
    if _total(parts) <= most:
        return parts
    kept = _fitting(rows, parts, view, most, at_infinity)
    return [part for index, part in enumerate(parts) if index in kept]


def _nearest(rows: Rows, view: View, config: MemoryConfig, at_infinity: bool) -> np.ndarray:
    """(R,) least depth of each row over all poses, metres, at least the near depth; 1 for rows of directions."""
    if at_infinity or not rows:
        return np.ones(len(rows))
    depth = _before_cameras(rows, view, at_infinity=False)[..., 2].min(axis=0) - _radii(rows)
    return np.maximum(depth, config.near_metres)


def _fitting(rows: Rows, parts: Sequence[Points], view: View, most: int, at_infinity: bool) -> set[int]:
    """Indices of the rows that fit into `most` points, nearest first."""
    distances = np.linalg.norm(_before_cameras(rows, view, at_infinity=at_infinity), axis=2).min(axis=0) - _radii(rows)
    kept: set[int] = set()
    for index in np.argsort(distances, kind="stable").tolist():
        most -= len(parts[index])
        if most < 0:
            break
        kept.add(index)
    return kept


def _before_cameras(rows: Rows, view: View, *, at_infinity: bool) -> np.ndarray:
    """(T, R, 3) centres of the rows' spheres in the cameras' frames."""
    spheres, camera = spheres_of(rows), view.camera_from_world()
    shift = 0.0 if at_infinity else camera[:, None, :, 3]
    return spheres[:, :3] @ camera[:, :, :3].transpose(0, 2, 1) + shift


def _radii(rows: Rows) -> np.ndarray:
    return np.array([row.block.sphere[3] for row in rows])


def _total(parts: Sequence[Points]) -> int:
    return sum(len(part) for part in parts)
