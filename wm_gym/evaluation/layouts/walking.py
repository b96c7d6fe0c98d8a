"""Walks outward through a plan that grows: over free ground to the edge of what is decided, and on."""

from __future__ import annotations

from collections.abc import Iterator

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion

from wm_gym.geometry.motion import wrapped
from wm_gym.layout.cells import CEILINGS, CELL_METRES, OBJECTS, PATCH, UNKNOWN, WALKS
from wm_gym.layout.growing import Watcher
from wm_gym.layout.imagination import Imagination
from wm_gym.layout.plan import Corner, Plan, object_places

_HALF_SIDE = 160
"""Cells round the body among which a way is looked for, 80 m."""

_HEAD_METRES, _GAIN = 2.0, 1.6
_METRES_PER_FRAME, _TURN_PER_FRAME, _AHEAD_METRES = 0.11, np.radians(4.0), 1.5
_STEPS_AHEAD = 24
"""Cells of a way that are walked before the next one is looked for."""


def way_outward(plan: Plan, x: float, y: float) -> NDArray[np.float64]:
    """(K, 2) metres: cells of a way from a point to undecided ground far from the world's origin; K = 0 for none."""
    i, j = plan.cell_at(x, y)
    corner = (i - _HALF_SIDE) // PATCH * PATCH, (j - _HALF_SIDE) // PATCH * PATCH
    free, cells = _free(plan, corner)
    start = i - corner[0], j - corner[1]
    free[start] = True
    steps, before = _reach(free, *start)
    edge = free & (steps >= 0) & np.asarray(binary_dilation(cells == UNKNOWN, iterations=3), np.bool_)
    spots = np.argwhere(edge)
    if not len(spots):
        return np.zeros((0, 2))
    places = (spots + np.array(corner) + 0.5) * CELL_METRES + np.array(plan.offset)
    scores = steps[tuple(spots.T)] * CELL_METRES - _GAIN * np.hypot(*places.T)
    return _way(before, spots[int(scores.argmin())], start, corner, plan)


def _free(plan: Plan, corner: Corner) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Whether a body can stand on cells, and their classes."""
    cells, objects = plan.region(corner, 2 * _HALF_SIDE, 2 * _HALF_SIDE)
    walks = WALKS[cells] & (CEILINGS[cells] > _HEAD_METRES)
    for kind, x, y in object_places(plan, corner, objects):
        i, j = plan.cell_at(float(x), float(y))
        walks[i - corner[0], j - corner[1]] &= OBJECTS[int(kind)] == "jet"
    roomy = np.asarray(binary_erosion(walks | (cells == UNKNOWN)), np.bool_)
    return roomy & walks, cells


def _way(
    before: NDArray[np.int64], spot: NDArray[np.int64], start: Corner, corner: Corner, plan: Plan
) -> NDArray[np.float64]:
    """The cells from a start to a spot, in metres."""
    found, at = [], (int(spot[0]), int(spot[1]))
    while at != start:
        found.append(at)
        at = divmod(int(before[at]), before.shape[1])
    cells = np.array(found[::-1], np.float64).reshape(-1, 2)
    return ((cells + np.array(corner) + 0.5) * CELL_METRES + np.array(plan.offset)).astype(np.float64)


@numba.njit(cache=True, nogil=True)
def _reach(free, i, j):
    """Steps by sides from a cell, -1 where there is no way, and for each cell the one before it."""
    rows, columns = free.shape
    steps, before = np.full((rows, columns), -1, np.int64), np.full((rows, columns), -1, np.int64)
    queue = np.empty((rows * columns, 2), np.int64)
    queue[0, 0], queue[0, 1], steps[i, j] = i, j, 0
    first, last = 0, 1
    while first < last:
        a, b = queue[first]
        first += 1
        for way in range(4):
            c, d = a + (way == 0) - (way == 1), b + (way == 2) - (way == 3)
            if 0 <= c < rows and 0 <= d < columns and free[c, d] and steps[c, d] < 0:
                steps[c, d], before[c, d] = steps[a, b] + 1, a * columns + b
                queue[last, 0], queue[last, 1] = c, d
                last += 1
    return steps, before


def walk_outward(imagination: Imagination, plan: Plan, most_steps: int) -> Iterator[tuple[Plan, float, float]]:
    """A walk of half a metre a step from the world's origin, with what a step is due of drawing, until no way goes on.

    Yields the plan, x and y after each step; a step in which the way ahead is not decided yet is a step on the spot.
    """
    x = y = heading = 0.0
    way = np.zeros((0, 2))
    for step in range(most_steps):
        if step % _STEPS_AHEAD == 0 or not len(way):
            way = way_outward(plan, x, y)
            if not len(way) and plan.drawing is None:
                return
        if len(way):
            heading = float(np.arctan2(way[0, 1] - y, way[0, 0] - x))
            (x, y), way = (float(value) for value in way[0]), way[1:]
        plan = imagination.continued(plan, Watcher(x, y, heading))
        yield plan, x, y


class Walker:
    """Walks outward over free ground, looking where it goes."""

    def __init__(self) -> None:
        """Begins anywhere."""
        self._way, self._steps = np.zeros((0, 2)), 0

    def poses(self, plan: Plan, body: NDArray[np.float64], count: int) -> NDArray[np.float64]:
        """(count, 5) body poses from a body pose on."""
        if self._steps % _STEPS_AHEAD == 0 or len(self._way) < 2:
            self._way = way_outward(plan, float(body[0]), float(body[1]))
        self._steps += 1
        found = []
        for _ in range(count):
            body = self._next(body.copy())
            found.append(body)
        return np.stack(found)

    def _next(self, body: NDArray[np.float64]) -> NDArray[np.float64]:
        """The pose of the next frame."""
        while len(self._way) > 1 and np.hypot(*(self._way[0] - body[:2])) < _AHEAD_METRES:
            self._way = self._way[1:]
        if not len(self._way):
            return body
        to = self._way[0] - body[:2]
        away = wrapped(np.arctan2(to[1], to[0]) - body[3])
        body[3] += np.clip(away, -_TURN_PER_FRAME, _TURN_PER_FRAME)
        pace = _METRES_PER_FRAME * max(0.0, np.cos(away)) ** 2
        body[:2] += pace * np.array([np.cos(body[3]), np.sin(body[3])])
        return body
