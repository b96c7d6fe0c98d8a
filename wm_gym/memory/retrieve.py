"""What of a memory may lie in view: frustum culling of blocks, then a bound on points.

Knows nothing of pixels or colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wm_gym.memory.blocks import Points, Row
from wm_gym.memory.memory import Memory
from wm_gym.memory.table import Rows


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
class Gathered:
    """The points of some rows, one after another.

    Attributes:
        points: P points.
        alive: (P,) bool.
    """

    points: Points
    alive: np.ndarray


@dataclass(frozen=True)
class Scene:
    """What one world renders in one step.

    Attributes:
        lasting: Static points, then sky directions.
        num_static: Number of static points in it, dead ones too.
        moving: Latest sightings.
    """

    lasting: Gathered
    num_static: int
    moving: Gathered


def retrieve(memory: Memory, view: View) -> Scene:
    """The layers of a memory that may lie in view.

    At most `cull_points` points survive: all moving ones first, then sky up to a quarter, then static ones; of
    blocks in view those nearer to a camera come first, and a block that does not fit whole is left out.
    """
    budget = memory.config.cull_points
    sky = [memory.sky[i] for i in rows_in_view(memory.sky, view, budget // 4, at_infinity=True)]
    budget -= memory.num_moving + sum(row.count for row in sky)
    static = [memory.static[i] for i in rows_in_view(memory.static, view, budget)]
    num_static = sum(len(row.alive) for row in static)
    return Scene(gather([*static, *sky]), num_static, gather([memory.moving]))


def rows_in_view(rows: Rows, view: View, most: int, *, at_infinity: bool = False) -> list[int]:
    """Indices, in the table's order, of rows whose spheres touch a frustum, nearest first up to `most` points."""
    if not rows:
        return []
    spheres = np.stack([row.block.sphere for row in rows])
    camera = view.camera_from_world()
    if at_infinity:
        camera = camera * np.array([1.0, 1.0, 1.0, 0.0])
    centres = spheres[:, :3] @ camera[:, :, :3].transpose(0, 2, 1) + camera[:, None, :, 3]  # (T, R, 3)
    inside = (centres @ view.inward_normals().T > -spheres[:, None, 3]).all(axis=2) & (centres[..., 2] > -spheres[:, 3])
    distances = (np.linalg.norm(centres, axis=2) - spheres[:, 3]).min(axis=0)
    chosen = np.flatnonzero(inside.any(axis=0))
    return _nearest(rows, chosen[np.argsort(distances[chosen], kind="stable")], most)


def _nearest(rows: Rows, order: np.ndarray, most: int) -> list[int]:
    taken: list[int] = []
    for index in order.tolist():
        if rows[index].count <= most:
            taken.append(index)
            most -= rows[index].count
    return sorted(taken)


def gather(rows: Sequence[Row]) -> Gathered:
    """The points of `rows`, dead ones too, so that masks can be handed back row by row."""
    alive = np.concatenate([row.alive for row in rows]) if rows else np.zeros(0, bool)
    return Gathered(Points.cat([row.block.points for row in rows]), alive)
