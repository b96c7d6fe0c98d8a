"""Doorways where the network has left a part of a place without one, through the thinnest wall to the largest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wm_gym.layout.cells import FAMILIES, INDEX, WALKS, Grid
from wm_gym.layout.regions import connected, largest

_KINDS = {"rooms": "door", "warehouse": "gate"}
_OTHER_KIND = "arch"
_LEAST_CELLS, _THICKEST, _WIDTH, _MOST = 60, 8, 4, 8


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
                cut = _thinnest(labels == part, main, (cells == INDEX["solid"]) & drawn)
            if cut is not None:
                cells[cut] = kind
                break
        if cut is None:
            return cells
    return cells


def _thinnest(part: NDArray[np.bool_], main: NDArray[np.bool_], wall: NDArray[np.bool_]) -> tuple[slice, slice] | None:
    """The cells of a doorway between two parts, through as little wall as possible; None where none fits."""
    for thick in range(1, _THICKEST + 1):
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
