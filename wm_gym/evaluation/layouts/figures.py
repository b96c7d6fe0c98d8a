"""Figures of sets of windows: what they hold, what lies beside what, how far one gets, how wide walls and roads are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wm_gym.layout.cells import CELL_METRES, INDEX, NAMES, SOLID, UNKNOWN, UNSURE, WALKS, Grid
from wm_gym.layout.regions import connected

_ROADS = np.isin(np.arange(UNKNOWN + 1), [INDEX[name] for name in ("asphalt", "zebra_x", "zebra_y", "cobbles")])
_LONGEST_RUN = 40
_LEAST_ROOM = 8


@dataclass(frozen=True)
class Windows:
    """A set of windows of one family.

    Attributes:
        cells: (N, S, S) classes; `UNKNOWN` does not count.
        objects: (N, G, G) objects of patches.
    """

    cells: Grid
    objects: NDArray[np.uint8]


def shares(windows: Windows) -> NDArray[np.float64]:
    """(C,) share of the cells that are of each class."""
    counts = np.bincount(windows.cells.ravel(), minlength=UNKNOWN + 1)[:UNKNOWN].astype(float)
    return counts / counts.sum()


def pair_shares(windows: Windows) -> NDArray[np.float64]:
    """(C * C,) share of the neighbours that are of each pair of classes."""
    cells, total = windows.cells.astype(int), np.zeros(UNKNOWN * UNKNOWN)
    for first, second in ((cells[:, 1:], cells[:, :-1]), (cells[:, :, 1:], cells[:, :, :-1])):
        known = (first != UNKNOWN) & (second != UNKNOWN)
        total += np.bincount(first[known] * UNKNOWN + second[known], minlength=UNKNOWN * UNKNOWN)
    return total / total.sum()


def divergence(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Jensen-Shannon divergence of two distributions, in bits."""
    middle = (first + second) / 2

    def to_middle(one: NDArray[np.float64]) -> float:
        there = one > 0
        return float((one[there] * np.log2(one[there] / middle[there])).sum())

    return (to_middle(first) + to_middle(second)) / 2


def largest_walkable(windows: Windows) -> float:
    """Mean share of a window's walkable cells that hang together in its largest part."""
    found = []
    for cells in windows.cells:
        labels, count = connected(WALKS[cells])
        if count:
            sizes = np.bincount(labels.ravel())[1:]
            found.append(sizes.max() / sizes.sum())
    return float(np.mean(found))


def mean_run(windows: Windows, which: NDArray[np.bool_], longest: int = _LONGEST_RUN) -> float:
    """Median metres of runs of classes across a window along either axis, those that touch its border aside."""
    lengths = []
    for cells in windows.cells:
        for mask in (which[cells], which[cells].T):
            steps = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(int), axis=1)
            starts, ends = np.argwhere(steps == 1), np.argwhere(steps == -1)
            inner = (starts[:, 1] > 0) & (ends[:, 1] < mask.shape[1])
            lengths += (ends - starts)[inner, 1].tolist()
    runs = [length for length in lengths if length <= longest]
    return float(np.mean(runs)) * CELL_METRES if runs else 0.0


def wall_width(windows: Windows) -> float:
    """Mean metres of solid matter between two open cells, as far as it is no block."""
    return mean_run(windows, SOLID, 8)


def road_width(windows: Windows) -> float:
    """Mean metres of roads across."""
    return mean_run(windows, _ROADS, 24)


def room_area(windows: Windows) -> float:
    """Median square metres of rooms."""
    rooms = [number for number, name in enumerate(NAMES) if name.startswith("room_")]
    areas: list[int] = []
    for cells in windows.cells:
        for number in rooms:
            labels, count = connected(cells == number)
            areas += [size for size in np.bincount(labels.ravel())[1:].tolist() if size > _LEAST_ROOM] if count else []
    return float(np.median(areas)) * CELL_METRES**2 if areas else 0.0


def objects_per_hectare(windows: Windows) -> float:
    """Objects on ten thousand square metres."""
    count = ((windows.objects > 0) & (windows.objects < UNSURE)).sum()
    return float(count / ((windows.cells != UNKNOWN).sum() * CELL_METRES**2) * 1e4)


SCALARS = {
    "largest_walkable": largest_walkable,
    "wall_metres": wall_width,
    "road_metres": road_width,
    "room_square_metres": room_area,
    "objects_per_hectare": objects_per_hectare,
}
