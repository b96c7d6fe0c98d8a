"""The table of rows of one layer: adding points, compacting half-empty blocks, dropping rows beyond a bound.

Blocks stay few: a new block is merged with the last ones while these are small, so that the sizes of partly filled rows
fall by halves, and a block that is mostly carved away is written again. Knows nothing of frames.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wm_gym.memory.blocks import Row
from wm_gym.memory.points import Points

Rows = tuple[Row, ...]


def add(rows: Rows, points: Points, block_points: int) -> Rows:
    """The rows with points added in new blocks of at most `block_points`; small last blocks are merged with them."""
    if not len(points):
        return rows
    kept = list(rows)
    while kept and _merges(kept[-1].count, len(points), block_points):
        points = Points.cat([kept.pop().points(), points])
    return (*kept, *(Row.of(part.in_pages()) for part in _split(points, block_points)))


def _merges(last: int, new: int, block_points: int) -> bool:
    return last <= 2 * new and last + new <= block_points


def _split(points: Points, block_points: int) -> list[Points]:
    """The points halved along the longest side of their box until they fit, so that few blocks lie in a view."""
    if len(points) <= block_points:
        return [points]
    positions = points.positions
    axis = int(np.argmax(positions.max(axis=0) - positions.min(axis=0)))
    order = np.argsort(positions[:, axis], kind="stable")
    half = len(order) // 2
    return [piece for part in (order[:half], order[half:]) for piece in _split(points.take(part), block_points)]


def with_alive(rows: Rows, indices: Sequence[int], masks: Sequence[np.ndarray]) -> Rows:
    """The rows with new alive masks.

    Args:
        rows: The table.
        indices: The rows whose masks are given.
        masks: Their masks, none of which has a point more than before.
    """
    changed = list(rows)
    for index, mask in zip(indices, masks, strict=True):
        if int(np.count_nonzero(mask)) != rows[index].count:
            changed[index] = Row(rows[index].block, mask)
    return tuple(changed)


def spheres_of(rows: Sequence[Row]) -> np.ndarray:
    """(R, 4) float64 bounding spheres of the rows, at least one: centre and radius."""
    return np.concatenate([row.block.sphere for row in rows]).reshape(-1, 4)


def compacted(rows: Rows) -> tuple[Rows, Points]:
    """The rows that are at least half alive, and the points alive in the others, to be added again."""
    full = tuple(row for row in rows if 2 * row.count >= len(row.alive))
    if len(full) == len(rows):
        return rows, Points.cat([])
    return full, Points.cat([row.points() for row in rows if 2 * row.count < len(row.alive)])


def bound(rows: Rows, most: int, camera: np.ndarray | None) -> Rows:
    """The rows with at most `most` points alive.

    Args:
        rows: The table.
        most: Most points.
        camera: (3,) position in metres from which the farthest rows are dropped first; None drops the oldest first.
    """
    excess = sum(row.count for row in rows) - most
    if excess <= 0:
        return rows
    order = np.arange(len(rows)) if camera is None else np.argsort(-_distances(rows, camera), kind="stable")
    gone: set[int] = set()
    for index in order.tolist():
        if excess <= 0:
            break
        gone.add(index)
        excess -= rows[index].count
    return tuple(row for index, row in enumerate(rows) if index not in gone)


def _distances(rows: Rows, camera: np.ndarray) -> np.ndarray:
    spheres = spheres_of(rows)
    return np.sqrt(np.square(spheres[:, :3] - camera).sum(axis=1)) - spheres[:, 3]
