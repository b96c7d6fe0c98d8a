"""Doorways where the network has left a part of a place without one, through the thinnest wall to the largest.

Where the largest part itself does not reach the border of its window, a passage leads it there, so that places go on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wm_gym.layout.cells import INDEX, WALKS, Grid
from wm_gym.layout.regions import connected, largest
from wm_gym.plans import FAMILIES

_KINDS = {"rooms": "door", "warehouse": "gate"}
_OTHER_KIND = "arch"
_THICKEST = {"courtyard": 28, "joined": 28}
_LEAST_CELLS, _THICK, _WIDTH, _MOST = 60, 8, 4, 8


def with_doorways(cells: Grid, drawn: NDArray[np.bool_], family: int) -> Grid:
    """A window whose large walkable parts hang together, as far as walls of it that were drawn part them.

    Args:
        cells: (S, S) classes.
        drawn: (S, S) bool, the cells that may be changed.
        family: Number of its family, which decides what kind of doorway it is.
    """
    cells = cells.copy()
    kind = INDEX[_KINDS.get(FAMILIES[family], _OTHER_KIND)]
    for _ in range(_MOST):
        main, cut = largest(WALKS[cells]), None
        labels, count = connected(WALKS[cells] & ~main)
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        for part in np.flatnonzero(sizes >= _LEAST_CELLS).tolist():
            if part:
                thickest = _THICKEST.get(FAMILIES[family], _THICK)
                cut = _thinnest(labels == part, main, (cells == INDEX["solid"]) & drawn, thickest)
            if cut is not None:
                cells[cut] = kind
                break
        if cut is None:
            break
    return _with_way_out(cells, drawn, kind)


def _with_way_out(cells: Grid, drawn: NDArray[np.bool_], kind: int) -> Grid:
    """A window whose largest walkable part reaches its border, if a straight passage through solid matter can do it."""
    main = largest(WALKS[cells])
    if not main.any() or main[0].any() or main[-1].any() or main[:, 0].any() or main[:, -1].any():
        return cells
    wall, found = (cells == INDEX["solid"]) & drawn, []
    for turns in range(4):
        solid, free = np.rot90(wall, turns), np.rot90(main, turns)
        depth = np.where(solid.all(0), len(solid), (~solid).argmax(0))
        ends = free[np.minimum(depth, len(free) - 1), np.arange(len(depth))] & (depth < len(free))
        for j in range(len(depth) - _WIDTH + 1):
            if ends[j : j + _WIDTH].all():
                found.append((int(depth[j : j + _WIDTH].max()), turns, j))
    if found:
        deep, turns, j = min(found)
        passage = np.zeros_like(main)
        np.rot90(passage, turns)[:deep, j : j + _WIDTH] = True
        cells[passage & wall] = kind
    return cells


def _thinnest(
    part: NDArray[np.bool_], main: NDArray[np.bool_], wall: NDArray[np.bool_], thickest: int
) -> tuple[slice, slice] | None:
    """The cells of a doorway between two parts, through as little wall as possible; None where none fits."""
    for thick in range(1, thickest + 1):
        for turned in (False, True):
            a, b, w = (one.T if turned else one for one in (part, main, wall))
            ahead = len(a) - thick - 1
            through = np.all([w[k : k + ahead] for k in range(1, thick + 1)], axis=0)
            sides = (a[:ahead] & b[thick + 1 :]) | (b[:ahead] & a[thick + 1 :])
            fits = np.lib.stride_tricks.sliding_window_view(through & sides, _WIDTH, axis=1).all(-1)
            spots = np.argwhere(fits)
            if len(spots):
                i, j = spots[len(spots) // 2].tolist()
                rows, columns = slice(i + 1, i + 1 + thick), slice(j, j + _WIDTH)
                return (columns, rows) if turned else (rows, columns)
    return None
