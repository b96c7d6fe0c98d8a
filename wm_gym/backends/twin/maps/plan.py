"""Rectangles to sectors and lines.

A plan is painted like a picture, later rectangles over earlier ones; lines appear where two regions meet. So sectors
are closed, lines are right-angled and never overlap, whatever a builder paints. Lengths are map units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from wm_gym.plans.rect import Rect

STEP_LIMIT = 12.0
HEAD_ROOM = 56.0


@dataclass(frozen=True, eq=False)
class Region:
    """One material and height; becomes one sector, or solid matter.

    Attributes:
        floor: Texture of the floor.
        ceiling: Texture of the ceiling; None is sky.
        floor_height: MU.
        ceiling_height: MU.
        wall: Texture that this region sees on solid matter around it and over its doors.
        skirt: Texture of its sides where it stands higher than its neighbour.
        solid: Matter that fills the height; `wall`, if any, is then its own face to every viewer.
        anchor: The rectangle from whose left corners textures start; None takes the first one painted.
        pan: Shift of the floor texture along x and y.
        barred: Nobody walks in or out though the step is low.
    """

    floor: str = ""
    ceiling: str | None = None
    floor_height: float = 0.0
    ceiling_height: float = 128.0
    wall: str | None = None
    skirt: str = ""
    solid: bool = False
    anchor: Rect | None = None
    pan: tuple[float, float] = (0.0, 0.0)
    barred: bool = False


@dataclass(frozen=True)
class Edge:
    """A straight border: `front` lies on the right of (x1, y1) -> (x2, y2) and is never solid."""

    x1: float
    y1: float
    x2: float
    y2: float
    front: Region
    back: Region

    @property
    def blocks(self) -> bool:
        """Whether a walking body cannot cross."""
        front, back = self.front, self.back
        if back.solid or front.barred or back.barred:
            return True
        opening = min(front.ceiling_height, back.ceiling_height) - max(front.floor_height, back.floor_height)
        return abs(front.floor_height - back.floor_height) > STEP_LIMIT or opening < HEAD_ROOM


@dataclass
class Plan:
    """A rectangle of matter, painted with regions.

    Attributes:
        extent: All that lies outside is solid.
        numbers: The regions in the order of first use; number 0 is the matter that was there at first.
        strokes: What was painted, in order.
    """

    extent: Rect
    numbers: dict[Region, int] = field(default_factory=lambda: {Region(solid=True): 0})
    strokes: list[tuple[Rect, Region]] = field(default_factory=list)

    def paint(self, rect: Rect, region: Region) -> None:
        """Lays `region` over `rect`."""
        self.numbers.setdefault(region, len(self.numbers))
        self.strokes.append((rect, region))

    def anchor(self, region: Region) -> Rect:
        """Where the textures of `region` start."""
        if region.anchor is not None:
            return region.anchor
        return next((rect for rect, painted in self.strokes if painted is region), self.extent)

    def edges(self) -> list[Edge]:
        """All borders between different regions, each as long as its two regions stay the same."""
        xs, ys, cells = self._cells()
        regions = list(self.numbers)
        found = [self._edge(regions, run) for run in (*_upright(xs, ys, cells), *_level(xs, ys, cells))]
        return [edge for edge in found if edge is not None]

    def _cells(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int_]]:
        """Cuts along x and y, and the region (columns + 2, rows + 2) between them with solid matter all round."""
        xs = np.unique([value for rect, _ in self.strokes for value in (rect.x0, rect.x1)])
        ys = np.unique([value for rect, _ in self.strokes for value in (rect.y0, rect.y1)])
        cells = np.zeros((len(xs) + 1, len(ys) + 1), np.int_)
        for rect, region in self.strokes:
            columns = slice(int(np.searchsorted(xs, rect.x0)) + 1, int(np.searchsorted(xs, rect.x1)) + 1)
            rows = slice(int(np.searchsorted(ys, rect.y0)) + 1, int(np.searchsorted(ys, rect.y1)) + 1)
            cells[columns, rows] = self.numbers[region]
        return xs, ys, cells

    @staticmethod
    def _edge(regions: list[Region], run: _Run) -> Edge | None:
        front, back = regions[run.right], regions[run.left]
        if front.solid and back.solid:
            return None
        if front.solid:
            return Edge(run.x2, run.y2, run.x1, run.y1, back, front)
        return Edge(run.x1, run.y1, run.x2, run.y2, front, back)


@dataclass(frozen=True)
class _Run:
    """A straight stretch with one region on its right and another on its left."""

    x1: float
    y1: float
    x2: float
    y2: float
    right: int
    left: int


def _upright(xs: NDArray[np.float64], ys: NDArray[np.float64], cells: NDArray[np.int_]) -> Iterator[_Run]:
    for column, x in enumerate(xs.tolist()):
        for low, high, left, right in _runs(cells[column, 1:-1], cells[column + 1, 1:-1]):
            # going up, the right-hand side is the side of larger x
            yield _Run(x, float(ys[low]), x, float(ys[high]), right, left)


def _level(xs: NDArray[np.float64], ys: NDArray[np.float64], cells: NDArray[np.int_]) -> Iterator[_Run]:
    for row, y in enumerate(ys.tolist()):
        for low, high, below, above in _runs(cells[1:-1, row], cells[1:-1, row + 1]):
            yield _Run(float(xs[low]), y, float(xs[high]), y, below, above)


def _runs(first: NDArray[np.int_], second: NDArray[np.int_]) -> Iterator[tuple[int, int, int, int]]:
    """Stretches low..high over which `first` and `second` stay the same and differ from each other."""
    changes = np.flatnonzero((np.diff(first) != 0) | (np.diff(second) != 0)) + 1
    bounds = [0, *changes.tolist(), len(first)]
    for low, high in pairwise(bounds):
        if first[low] != second[low]:
            yield low, high, int(first[low]), int(second[low])
