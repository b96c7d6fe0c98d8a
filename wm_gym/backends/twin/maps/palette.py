"""The 256 colours of one place.

The renderer draws with 256 colours in all. Each place brings a palette made of exactly the colours that its own
materials use, so nothing is rounded; what is left over is filled with a spread for the engine's own blends.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.maps.paint import Colour

_LEVELS = 32
# places keep their light at full, so darker levels may be coarse
_STEP = 4


def fit_palette(colours: Collection[Colour]) -> NDArray[np.uint8]:
    """(256, 3) palette that holds `colours`, black first; the closest pairs merge where there are too many."""
    wanted = np.array(sorted(set(colours) - {(0, 0, 0)}), np.float64).reshape(-1, 3)
    while len(wanted) > 254:
        wanted = _merge_closest(wanted, len(wanted) - 254)
    spread = [(round(r * 63.75), round(g * 51), round(b * 63.75)) for r in range(5) for g in range(6) for b in range(5)]
    filler = np.resize(np.array(spread, np.float64), (255 - len(wanted), 3))
    return np.concatenate([np.zeros((1, 3)), wanted, filler]).astype(np.uint8)


def _merge_closest(colours: NDArray[np.float64], surplus: int) -> NDArray[np.float64]:
    """Replaces up to `surplus` disjoint nearest pairs by their means."""
    distance = _squared_distance(colours, colours)
    distance[np.tril_indices(len(colours))] = np.inf
    taken: set[int] = set()
    merged = []
    near = np.argpartition(distance, min(distance.size - 1, 8 * surplus + 64), axis=None)[: 8 * surplus + 64]
    for flat in near[np.lexsort((near, distance.reshape(-1)[near]))]:
        first, second = divmod(int(flat), len(colours))
        if first in taken or second in taken:
            continue
        taken |= {first, second}
        merged.append((colours[first] + colours[second]) / 2)
        if len(merged) == surplus or len(taken) >= len(colours) - 1:
            break
    kept = [colour for index, colour in enumerate(colours) if index not in taken]
    return np.array(kept + merged)


def colormap(palette: NDArray[np.uint8]) -> bytes:
    """The COLORMAP lump: 32 levels of light falling to dark, then the inverse map, then black."""
    levels = (1.0 - np.arange(0, _LEVELS, _STEP) / _LEVELS)[:, None, None]
    dimmed = (palette[None] * levels).reshape(-1, 3)
    nearest = _squared_distance(dimmed, palette.astype(np.float64)).argmin(1).reshape(-1, 256).astype(np.uint8)
    nearest[0] = np.arange(256)
    rows = np.repeat(nearest, _STEP, axis=0)
    return rows.tobytes() + rows[0].tobytes() + bytes(256)


def _squared_distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    return (first**2).sum(1)[:, None] + (second**2).sum(1)[None] - 2 * first @ second.T
