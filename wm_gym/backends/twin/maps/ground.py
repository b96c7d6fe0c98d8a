"""Free ground: the cells where a body can stand and walk, from blocking borders and standing things."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.maps.plan import Edge
from wm_gym.plans.rect import Rect

CELL = 16.0
WALK_CLEARANCE = 13.0
STAND_CLEARANCE = 21.0
_GRID_PITCH = 40.0
_MIN_RADIUS, _MAX_RADIUS = 32.0, 480.0

# an occupied start is moved no farther than this, MU
_START_RADIUS = 64.0


class FreeGround:
    """The ground of a plan in cells of `CELL` MU, as far as a body can walk from its start."""

    def __init__(
        self, extent: Rect, edges: list[Edge], solids: NDArray[np.float64], start: tuple[float, float]
    ) -> None:
        """The ground around a start.

        Args:
            extent: Rectangle of the whole plan.
            edges: Borders of its regions.
            solids: (B, 3) x, y, radius in MU of standing things.
            start: x, y in MU; moved to the nearest free cell.

        Raises:
            ValueError: If no ground near the start is free.
        """
        self._extent = extent
        self._edges = [edge for edge in edges if edge.blocks]
        self._solids = solids
        self._shape = (int(extent.width / CELL) + 1, int(extent.height / CELL) + 1)
        cell = self._free_cell(*start)
        self.start = extent.x0 + cell[0] * CELL, extent.y0 + cell[1] * CELL
        self._reachable = _flood(~self._taken(WALK_CLEARANCE), *cell)

    def positions(self, clearance: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """(W, 2) free positions in MU, 1 to 15 m from the start, in random order.

        Args:
            clearance: Least distance in MU, along both axes, from blocking borders and standing things.
            rng: Draws the order.
        """
        columns, rows = np.nonzero(self._reachable & ~self._taken(clearance))
        points = np.stack([self._extent.x0 + columns * CELL, self._extent.y0 + rows * CELL], 1)
        away = np.hypot(*(points - self.start).T)
        points = points[(away >= _MIN_RADIUS) & (away <= _MAX_RADIUS)]
        points = points[rng.permutation(len(points))]
        _, first = np.unique(np.floor(points / _GRID_PITCH).astype(int), axis=0, return_index=True)
        return points[np.sort(first)].astype(np.float64)

    def _free_cell(self, x: float, y: float) -> tuple[int, int]:
        """The free cell nearest to a point, which itself may be occupied."""
        free = np.argwhere(~self._taken(STAND_CLEARANCE))
        distances = np.hypot(*(free - self._cell(x, y)).T) * CELL
        if not len(free) or distances.min() > _START_RADIUS:
            raise ValueError(f"start must lie on free ground, got {(x, y)}")
        column, row = free[distances.argmin()]
        return int(column), int(row)

    def _cell(self, x: float, y: float) -> tuple[int, int]:
        return round((x - self._extent.x0) / CELL), round((y - self._extent.y0) / CELL)

    def _taken(self, clearance: float) -> NDArray[np.bool_]:
        """Cells no farther than `clearance` from a border that blocks or from a thing, along both axes."""
        taken = np.zeros(self._shape, np.bool_)
        for edge in self._edges:
            low = min(edge.x1, edge.x2), min(edge.y1, edge.y2)
            high = max(edge.x1, edge.x2), max(edge.y1, edge.y2)
            self._take(taken, low, high, clearance)
        for x, y, radius in self._solids.tolist():
            self._take(taken, (x, y), (x, y), clearance + radius)
        return taken

    def _take(
        self, taken: NDArray[np.bool_], low: tuple[float, float], high: tuple[float, float], margin: float
    ) -> None:
        x0, y0 = low[0] - margin - self._extent.x0, low[1] - margin - self._extent.y0
        x1, y1 = high[0] + margin - self._extent.x0, high[1] + margin - self._extent.y0
        columns = slice(max(0, math.ceil(x0 / CELL)), max(0, math.floor(x1 / CELL) + 1))
        taken[columns, max(0, math.ceil(y0 / CELL)) : max(0, math.floor(y1 / CELL) + 1)] = True


def _flood(free: NDArray[np.bool_], column: int, row: int) -> NDArray[np.bool_]:
    """The connected component of `free` that holds a cell, found by joining runs of neighbouring columns."""
    runs = [_column_runs(line) for line in free]
    reached: set[tuple[int, int, int]] = set()
    start = next(run for run in runs[column] if run[0] <= row < run[1])
    waiting = [(column, *start)]
    while waiting:
        run = waiting.pop()
        if run in reached:
            continue
        reached.add(run)
        at, low, high = run
        for beside in (at - 1, at + 1):
            if 0 <= beside < len(runs):
                waiting += [(beside, a, b) for a, b in runs[beside] if a < high and low < b]
    result = np.zeros_like(free)
    for at, low, high in reached:
        result[at, low:high] = True
    return result


def _column_runs(line: NDArray[np.bool_]) -> list[tuple[int, int]]:
    bounds = np.flatnonzero(np.diff(np.concatenate([[False], line, [False]]).astype(np.int8)))
    return [(int(low), int(high)) for low, high in bounds.reshape(-1, 2)]
