"""Windows of plans as arrays: patches of cells and back, turning and mirroring, sight, kinds renumbered."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from wm_gym.geometry.motion import OPENING_EYE_METRES
from wm_gym.layout.cells import CEILINGS, HEIGHTS, INDEX, KINDS, PATCH, SOLID, UNKNOWN, UNSURE, WALKS, Grid

WINDOW = 80
"""Cells along a side of what the network sees at once, 40 m."""

BLOCKS_SIGHT = SOLID | (HEIGHTS > OPENING_EYE_METRES) | (CEILINGS < OPENING_EYE_METRES)
"""(classes,) bool: what a level camera cannot look over."""

_RAYS = 241
_ZEBRAS = INDEX["zebra_x"], INDEX["zebra_y"]


def patches_of(windows: Grid) -> Grid:
    """(..., S, S) cells as (..., S / PATCH, S / PATCH, PATCH * PATCH) patches."""
    *rest, side, _ = windows.shape
    grid = side // PATCH
    cut = windows.reshape(*rest, grid, PATCH, grid, PATCH)
    return np.ascontiguousarray(np.moveaxis(cut, -3, -2)).reshape(*rest, grid, grid, PATCH * PATCH)


def windows_of(patches: Grid) -> Grid:
    """The inverse of `patches_of`."""
    *rest, grid, _, _ = patches.shape
    cut = np.moveaxis(patches.reshape(*rest, grid, grid, PATCH, PATCH), -3, -2)
    return np.ascontiguousarray(cut).reshape(*rest, grid * PATCH, grid * PATCH)


def turned(window: Grid, objects: NDArray[np.uint8], way: int) -> tuple[Grid, NDArray[np.uint8]]:
    """A square window laid in one of eight ways, with its objects."""
    if way % 2:
        zebras = {_ZEBRAS[0]: _ZEBRAS[1], _ZEBRAS[1]: _ZEBRAS[0]}
        table = np.array([zebras.get(number, number) for number in range(UNKNOWN + 1)], np.uint8)
        window = table[window]
    return _laid(window, way), _laid(_moved_objects(objects, way), way)


def _laid(array: Grid, way: int) -> Grid:
    array = np.rot90(array, way % 4)
    return np.ascontiguousarray(array[::-1] if way >= 4 else array)


def _moved_objects(objects: NDArray[np.uint8], way: int) -> NDArray[np.uint8]:
    """Objects with the cells on which they stand in their patches."""
    table = np.arange(UNSURE + 1, dtype=np.uint8)
    cells = _laid(np.arange(PATCH * PATCH, dtype=np.uint8).reshape(PATCH, PATCH), way).ravel()
    for kind in range((UNSURE - 1) // (PATCH * PATCH)):
        first = 1 + kind * PATCH * PATCH
        table[first + cells] = first + np.arange(PATCH * PATCH)
    return table[objects]


def renumbered(window: Grid, rng: np.random.Generator) -> Grid:
    """A window whose kinds of house, room, court and hall have other numbers."""
    table = np.arange(UNKNOWN + 1, dtype=np.uint8)
    for group in KINDS:
        for kind, other in zip(group, rng.permutation(len(group)).tolist(), strict=True):
            table[list(kind)] = group[other]
    return table[window]


def known_part(window: Grid, rng: np.random.Generator, kind: str = "") -> NDArray[np.bool_]:
    """(S, S) bool, which cells of a window are known.

    Args:
        window: (S, S) classes.
        rng: Draws what the kind leaves open.
        kind: "none", "half" for a half-plane, "view" for what a body sees that looks about, "disc", or "" for any.
    """
    kind = kind or ("none", "half", "half", "half", "view", "disc")[int(rng.integers(6))]
    side = len(window)
    x, y = np.mgrid[:side, :side]
    if kind == "half":
        angle = rng.integers(4) * np.pi / 2 if rng.random() < 0.8 else rng.uniform(0, 2 * np.pi)
        return (x - side / 2) * np.cos(angle) + (y - side / 2) * np.sin(angle) < rng.uniform(-0.4, 0.3) * side
    known, spots = np.zeros((side, side), np.bool_), np.argwhere(WALKS[window])
    if kind == "none" or not len(spots):
        return known
    i, j = spots[rng.integers(len(spots))]
    if kind == "disc":
        return (x - i) ** 2 + (y - j) ** 2 < rng.uniform(3, 25) ** 2
    heading = rng.integers(4) * np.pi / 2 + (0 if rng.random() < 0.5 else rng.uniform(-0.7, 0.7))
    for _ in range(int(rng.integers(1, 4))):
        see(window, known, (i + 0.5, j + 0.5), heading, np.radians(rng.uniform(55, 75)), rng.uniform(20, 70))
        heading += rng.uniform(-1.2, 1.2)
    return known


def see(
    window: Grid, known: NDArray[np.bool_], at: tuple[float, float], heading: float, fov: float, reach: float
) -> None:
    """Mark in `known` the cells that a level camera sees, up to the first that stands higher than its eye.

    Args:
        window: (S, S) classes.
        known: (S, S) bool, changed in place.
        at: Where the camera stands, in cells.
        heading: Radians, counter-clockwise from +x.
        fov: Radians across.
        reach: Cells.
    """
    _see(BLOCKS_SIGHT[window], known, float(at[0]), float(at[1]), float(heading), float(fov), float(reach))


@numba.njit(cache=True, nogil=True)
def _see(blocks, known, x, y, heading, fov, reach):
    for ray in range(_RAYS):
        angle = heading + fov * (ray / (_RAYS - 1.0) - 0.5)
        dx, dy, t = np.cos(angle), np.sin(angle), 2.0
        while t < reach:
            i, j = int(np.floor(x + t * dx)), int(np.floor(y + t * dy))
            if i < 0 or j < 0 or i >= known.shape[0] or j >= known.shape[1]:
                break
            known[i, j] = True
            if blocks[i, j]:
                break
            t += 0.35


def known_objects(objects: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Objects of patches that are known as a whole; `UNSURE` elsewhere."""
    whole = patches_of(known.astype(np.uint8)).all(-1)
    return np.where(whole, objects, UNSURE).astype(np.uint8)
