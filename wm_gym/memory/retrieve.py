"""The points of a memory that may lie in view: frustum culling of blocks and pages, and the level of detail.

Knows nothing of pixels or colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wm_gym.memory import cut_kernels
from wm_gym.memory.blocks import Row
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.levels import Levels
from wm_gym.memory.memory import Memory
from wm_gym.memory.points import Points
from wm_gym.memory.table import Rows, spheres_of
from wm_gym.memory.threads import run_all

NODE_PIXELS = 1.0
"""Largest side of a node on the screen, in pixels."""

_ALL = np.zeros(0, bool)
_ALL.setflags(write=False)


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
    """The points of a memory that may lie in view, each of about a pixel or larger, at most `cull_points`.

    All moving points are kept, then sky points up to a quarter of the bound, then static ones. Blocks and pages are
    culled by their spheres; neighbours that together cover no more than a pixel come as one node (`levels`). Where
    these are too many, whole blocks are left out, the farthest first.
    """
    budget = memory.config.cull_points - memory.num_moving
    sky = _pick(memory.sky, view, memory.config, budget // 4, at_infinity=True)
    static = _pick(memory.static, view, memory.config, budget - len(sky))
    return VisiblePoints(Points.cat([static, sky]), len(static), memory.moving.points())


def rows_in_view(rows: Rows, view: View, *, at_infinity: bool = False) -> list[int]:
    """Indices of the rows whose spheres touch the frustum of any pose, in the table's order."""
    if not rows:
        return []
    centres, radii = _before_cameras(rows, view, at_infinity=at_infinity), _radii(rows)
    inside = (centres @ view.inward_normals().T > -radii[:, None]).all(axis=2) & (centres[..., 2] > -radii)
    return np.flatnonzero(inside.any(axis=0)).tolist()


def _pick(rows: Rows, view: View, config: MemoryConfig, most: int, *, at_infinity: bool = False) -> Points:
    """At most `most` points and nodes of the rows in view, row by row."""
    rows = tuple(rows[i] for i in rows_in_view(rows, view, at_infinity=at_infinity))
    points, ends = _cut(rows, view, config, at_infinity)
    if len(points) <= most:
        return points
    kept = _fitting(rows, np.diff(ends, prepend=0), view, most, at_infinity)
    return _cut([rows[k] for k in kept], view, config, at_infinity)[0]


def _cut(rows: Sequence[Row], view: View, config: MemoryConfig, at_infinity: bool) -> tuple[Points, list[int]]:
    """The points and nodes that are drawn of each row, and the number of them up to each row."""
    every = run_all(_levels, [(row,) for row in rows])
    room = sum(row.count + len(levels.nodes) for row, levels in zip(rows, every, strict=True))
    out = np.empty((room, 4), np.float32), np.empty((room, 6), np.int16), np.empty((room, 4), np.int32)
    camera, normals = view.camera_from_world().astype(np.float32), view.inward_normals().astype(np.float32)
    frustum = camera, normals, np.float32(NODE_PIXELS / view.intrinsics[0]), np.float32(config.near_metres)
    ends, count = [], 0
    for row, levels in zip(rows, every, strict=True):
        for points, alive, pages in (
            (row.block.points, row.alive, levels.pages),
            (levels.nodes, _ALL, levels.node_pages),
        ):
            if len(points):
                arrays = (
                    points.geometry,
                    points.tangents,
                    points.record,
                    alive,
                    pages.bounds,
                    pages.sides,
                    pages.spheres,
                )
                count = cut_kernels.cut(*arrays, at_infinity, frustum, out, count)
        ends.append(count)
    return Points(*(array[:count] for array in out)), ends


def _levels(row: Row) -> Levels:
    return row.levels


def _fitting(rows: Rows, counts: np.ndarray, view: View, most: int, at_infinity: bool) -> list[int]:
    """Indices of the rows that fit into `most` points, nearest first, in the table's order."""
    distances = np.linalg.norm(_before_cameras(rows, view, at_infinity=at_infinity), axis=2).min(axis=0) - _radii(rows)
    kept: list[int] = []
    for index in np.argsort(distances, kind="stable").tolist():
        most -= int(counts[index])
        if most < 0:
            break
        kept.append(index)
    return sorted(kept)


def _before_cameras(rows: Rows, view: View, *, at_infinity: bool) -> np.ndarray:
    """(T, R, 3) centres of the rows' spheres in the cameras' frames."""
    spheres, camera = spheres_of(rows), view.camera_from_world()
    shift = 0.0 if at_infinity else camera[:, None, :, 3]
    return spheres[:, :3] @ camera[:, :, :3].transpose(0, 2, 1) + shift


def _radii(rows: Rows) -> np.ndarray:
    return np.array([row.block.sphere[3] for row in rows])
