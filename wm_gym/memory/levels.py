"""The levels of detail of a block: its points, and nodes, which are averages of neighbouring ones, in pages.

A point or node stands for a cell, and is drawn where its cell is fine enough and the next coarser one is not; cells
nest, so whatever the view, each point is drawn once, by itself or in one node. Levels follow from the points alone and
are never stored. Source: Gobbetti and Marton 2004, "Layered point clouds"; Zwicker et al. 2001 for patches of nodes.
Knows nothing of cameras.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.memory import level_kernels
from wm_gym.memory.points import Points

FEWEST_POINTS = 1024
"""Fewest points of a block that has nodes: smaller ones are merged soon (`table.add`), and are drawn as they are."""

PAGE_POINTS = 64
"""Most points of a page."""

NO_CELL = np.float32(np.inf)
"""Side of the next coarser cell of points that belong to no node."""


@dataclass(frozen=True, eq=False)
class Pages:
    """R runs of neighbouring points of one level.

    Attributes:
        bounds: (R, 2) int64 first point and one past the last.
        sides: (R, 2) float32 side of the cells that its points stand for, 0 for points themselves, and of those of the
            next coarser level, `NO_CELL` if there is none; metres (sky: radians).
        spheres: (R, 4) float32 centre and radius of a bounding sphere of the splats.
    """

    bounds: np.ndarray
    sides: np.ndarray
    spheres: np.ndarray


@dataclass(frozen=True, eq=False)
class Levels:
    """All that may be drawn of a block.

    Attributes:
        pages: Of the block's points.
        nodes: Averages of the points alive, level by level.
        node_pages: Of the nodes.
    """

    pages: Pages
    nodes: Points
    node_pages: Pages


@dataclass(frozen=True, eq=False)
class Layout:
    """The points of a block in pages.

    Attributes:
        joins: (n,) int64 level at which each point is first averaged.
        codes: (n,) int64 Morton code of its cell at the lowest level.
        lowest: The lowest of these levels.
        bounds: (R, 2) int64, as in `Pages`.
        spheres: (R, 4) float32, as in `Pages`.
    """

    joins: np.ndarray
    codes: np.ndarray
    lowest: int
    bounds: np.ndarray
    spheres: np.ndarray

    @classmethod
    def of(cls, points: Points) -> Layout:
        """The layout of points, which should be `Points.in_pages`: else pages are small and wide."""
        joins, codes = np.zeros(len(points), np.int64), np.zeros(len(points), np.int64)
        lowest = level_kernels.cells_of(points.geometry, joins, codes) if len(points) else 0
        bounds = level_kernels.page_bounds(joins, PAGE_POINTS)
        return cls(joins, codes, lowest, bounds, _spheres(points, bounds))

    def levels(self, points: Points, alive: np.ndarray) -> Levels:
        """The levels of the points, n, of which those in `alive` (n,) bool are left."""
        alive = alive.view()
        alive.setflags(write=False)
        if np.count_nonzero(alive) < FEWEST_POINTS:
            nodes, node_levels, num_levels = Points.cat([]), np.zeros(0, np.int64), 0
        else:
            nodes, node_levels, num_levels = self._averaged(points, alive)
        top = self.lowest + num_levels - 1
        sides = np.zeros((len(self.bounds), 2), np.float32)
        sides[:, 1] = _sides(self.joins[self.bounds[:, 0]], top)
        bounds = level_kernels.page_bounds(node_levels, PAGE_POINTS)
        levels = node_levels[bounds[:, 0]]
        node_sides = np.stack([_sides(levels, top), _sides(levels + 1, top)], axis=1)
        return Levels(
            Pages(self.bounds, sides, self.spheres), nodes, Pages(bounds, node_sides, _spheres(nodes, bounds))
        )

    def _averaged(self, points: Points, alive: np.ndarray) -> tuple[Points, np.ndarray, int]:
        """The nodes, the level (M,) of each, and the number of levels."""
        room = 2 * len(points)
        arrays = np.empty((room, 4), np.float32), np.empty((room, 6), np.int16), np.empty((room, 4), np.int32)
        ends = np.zeros(level_kernels.TOP_LEVEL + 1 - self.lowest, np.int64)
        count = level_kernels.average(
            points.geometry, points.tangents, points.record, alive, self.joins, self.codes, self.lowest, arrays, ends
        )
        ends = ends[:count]
        total = int(ends[-1]) if count else 0
        levels = np.repeat(np.arange(self.lowest, self.lowest + count), np.diff(ends, prepend=0))
        return Points(*(array[:total].copy() for array in arrays)), levels, count


def _sides(levels: np.ndarray, top: int) -> np.ndarray:
    """Sides of the cells of levels (R,), float32; `NO_CELL` beyond the top one."""
    return np.where(levels <= top, np.exp2(levels.astype(np.float32)), NO_CELL)


def _spheres(points: Points, bounds: np.ndarray) -> np.ndarray:
    spheres = np.empty((len(bounds), 4), np.float32)
    level_kernels.page_spheres(points.geometry, points.tangents, bounds, spheres)
    return spheres
