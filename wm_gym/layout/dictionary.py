"""A dictionary of real patches of 4 x 4 cells: what the network chooses among, so that every 2 m are whole."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from wm_gym.layout.cells import UNKNOWN, Grid
from wm_gym.layout.windows import patches_of


def commonest_patches(windows: Iterable[Grid], size: int) -> Grid:
    """(size, 16) the commonest patches of windows, commonest first.

    Raises:
        ValueError: If there are fewer.
    """
    every = np.concatenate([_whole(patches_of(window)) for window in windows])
    found, counts = np.unique(every, axis=0, return_counts=True)
    if len(found) < size:
        raise ValueError(f"size must be at most the number of different patches, {len(found)}, got {size}")
    return found[np.argsort(-counts, kind="stable")[:size]]


def _whole(patches: Grid) -> Grid:
    flat = patches.reshape(-1, patches.shape[-1])
    return flat[(flat != UNKNOWN).all(-1)]


class Encoder:
    """Patches to numbers of their nearest entries; remembers what it has looked up."""

    def __init__(self, dictionary: Grid) -> None:
        """Look patches up in a dictionary (K, 16)."""
        self.dictionary = dictionary
        self._known = {row.tobytes(): number for number, row in enumerate(dictionary)}

    def __call__(self, patches: Grid) -> NDArray[np.int64]:
        """Numbers (...) of patches (..., 16)."""
        flat = np.ascontiguousarray(patches.reshape(-1, patches.shape[-1]))
        return np.array([self._number(row) for row in flat], np.int64).reshape(patches.shape[:-1])

    def _number(self, row: Grid) -> int:
        key = row.tobytes()
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = int((self.dictionary == row).sum(1).argmax())
        return number
