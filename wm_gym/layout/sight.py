"""Which undecided cells a body sees, or will see after a few steps of walking."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from wm_gym.layout.cells import CELL_METRES, UNKNOWN, WALKS, Grid
from wm_gym.layout.windows import BLOCKS_SIGHT

_ALL_ROUND = np.arange(360) * np.pi / 180
_STEP_CELLS = 0.5
_SOON_METRES = 5.0
"""How far ahead of a body its sight is looked for: ten steps, the rounds of a small window."""

_STEPS = ((0.0, 0.0), *((np.cos(turn), np.sin(turn)) for turn in np.arange(8) * np.pi / 4))


def undecided_in_sight(
    cells: Grid, at: tuple[float, float], reach_metres: float, ways: NDArray[np.float64] | None = None
) -> NDArray[np.bool_]:
    """Undecided cells that a body sees from where it stands, or from free ground a few steps away.

    Args:
        cells: (X, Y) classes.
        at: Where it stands, in cells.
        reach_metres: How far it sees.
        ways: (R,) radians, where it looks, from where it stands alone; None for all round.

    Returns:
        (X, Y) bool; all undecided cells where the body stands on one.
    """
    found = np.zeros(cells.shape, np.bool_)
    blocks, undecided, free = BLOCKS_SIGHT[cells], cells == UNKNOWN, WALKS[cells]
    if undecided[int(at[0]), int(at[1])]:
        return undecided
    reach = reach_metres / CELL_METRES
    if ways is not None:
        _look(blocks, undecided, found, at, ways, reach)
        return found
    for step in _STEPS:
        _look(blocks, undecided, found, _walked(free, at, step), _ALL_ROUND, reach)
    return found


@numba.njit(cache=True, nogil=True)
def _walked(free, at, step):
    """Where a body comes to that walks straight on over free ground."""
    x, y, left = at[0], at[1], _SOON_METRES / CELL_METRES
    while left > 0:
        i, j = int(np.floor(x + step[0])), int(np.floor(y + step[1]))
        if i < 0 or j < 0 or i >= free.shape[0] or j >= free.shape[1] or not free[i, j]:
            break
        x, y, left = x + step[0], y + step[1], left - 1.0
    return x, y


@numba.njit(cache=True, nogil=True)
def _look(blocks, undecided, found, at, ways, reach):
    """Mark the first undecided cell on each ray that nothing hides."""
    x, y = at
    for angle in ways:
        dx, dy, t = np.cos(angle), np.sin(angle), 0.0
        while t < reach:
            i, j = int(np.floor(x + t * dx)), int(np.floor(y + t * dy))
            if i < 0 or j < 0 or i >= blocks.shape[0] or j >= blocks.shape[1]:
                break
            if undecided[i, j]:
                found[i, j] = True
                break
            if blocks[i, j]:
                break
            t += _STEP_CELLS
