"""Corrupted negatives of the realism classifier: frames with the colours of a place that no longer show one.

Each kind takes a frame (H, W, 3) uint8 whose sides are multiples of 16, a few frames of other places and a generator,
and returns a frame. Knows nothing of the classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

PATCHES = (4, 8, 16)
CELL = 8
BLUR_SIGMAS = (1.5, 6.0)
LEAST_PART = 1 / 3
"""Least share of a frame that is corrupted where only a part of it is."""
OTHERS = 3
"""Frames of other places that a kind may use."""
Corruption = Callable[[np.ndarray, Sequence[np.ndarray], np.random.Generator], np.ndarray]


def shuffled(frame: np.ndarray, others: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Square patches of 4, 8 or 16 pixels of the whole or a part in another order."""
    size = int(rng.choice(PATCHES))
    shift = tuple(rng.integers(0, size, 2))  # so that the edges of patches lie anywhere
    inside = np.roll(_whole_or_part(frame, rng), shift, (0, 1))
    patches, covered = _patches(np.roll(frame, shift, (0, 1)), size), _patches(inside[..., None], size)
    chosen = np.flatnonzero(covered.mean((1, 2, 3)) > 0.5)
    patches[chosen] = patches[rng.permutation(chosen)]
    return np.roll(_joined(patches, *frame.shape[:2]), (-shift[0], -shift[1]), (0, 1))


def blurred(frame: np.ndarray, others: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """The whole or a part through a Gaussian."""
    low, high = np.log(BLUR_SIGMAS)
    soft = _blur(frame, float(np.exp(rng.uniform(low, high))))
    return _mixed(frame, soft, _whole_or_part(frame, rng), rng)


def blended(frame: np.ndarray, others: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Two places, one through the other."""
    share = rng.uniform(0.3, 0.7)
    return (share * frame + (1 - share) * others[0]).astype(np.uint8)


def pieced(frame: np.ndarray, others: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Halves, quarters or a blob of other places beside what is left of this one."""
    height, width = frame.shape[:2]
    right, below = np.arange(width) >= width // 2, np.arange(height)[:, None] >= height // 2
    right, below = np.broadcast_to(right, (height, width)), np.broadcast_to(below, (height, width))
    way = rng.integers(4)
    if way < 2:
        return _mixed(frame, others[0], (right, below)[way], rng)
    if way == 2:
        return _mixed(frame, others[0], _part(frame, rng, 2 / 3), rng)
    upper, lower = _mixed(frame, others[0], right, rng), _mixed(others[1], others[2], right, rng)
    return _mixed(upper, lower, below, rng)


def tiled(frame: np.ndarray, others: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Each cell of 8 x 8 pixels in its mean colour, with a tint and noise."""
    shift = tuple(rng.integers(0, CELL, 2))
    patches = _patches(np.roll(frame, shift, (0, 1)), CELL).astype(np.float64)
    means = patches.mean((1, 2), keepdims=True)
    tints = rng.normal(0, rng.uniform(0, 24), means.shape)
    grain = rng.normal(0, rng.uniform(0, 8), patches.shape)
    cells = _joined((means + tints + grain).clip(0, 255).astype(np.uint8), *frame.shape[:2])
    return np.roll(cells, (-shift[0], -shift[1]), (0, 1))


def emptied(frame: np.ndarray, others: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """One colour, one column or the mean of each row across the whole, or a part filled from its nearest neighbours."""
    way = rng.integers(6)
    if way == 0:
        return np.broadcast_to(frame[rng.integers(len(frame)), rng.integers(frame.shape[1])], frame.shape).copy()
    if way == 1:
        return np.broadcast_to(frame[:, [rng.integers(frame.shape[1])]], frame.shape).copy()
    if way == 2:
        return np.broadcast_to(frame.mean(1, keepdims=True), frame.shape).astype(np.uint8)
    nearest = np.zeros((2, *frame.shape[:2]), np.int32)
    distance_transform_edt(_part(frame, rng, 0.9), return_distances=False, return_indices=True, indices=nearest)
    return frame[nearest[0], nearest[1]]


KINDS: dict[str, Corruption] = {
    "shuffled": shuffled,
    "blurred": blurred,
    "blended": blended,
    "pieced": pieced,
    "tiled": tiled,
    "emptied": emptied,
}


def _whole_or_part(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(H, W) bool, with equal chances the whole or a connected part."""
    return np.ones(frame.shape[:2], bool) if rng.random() < 0.5 else _part(frame, rng, 1.0)


def _part(frame: np.ndarray, rng: np.random.Generator, most: float) -> np.ndarray:
    """(H, W) bool: the pixels nearest to a spot by a distorted distance, from a third to `most` of the frame."""
    size = frame.shape[:2]
    spot = rng.uniform(0, 1, 2) * size
    rows, columns = np.indices(size)
    distance = np.hypot(rows - spot[0], columns - spot[1])
    bends = gaussian_filter(rng.normal(size=size), size[0] / 6)
    distance += bends / bends.std() * rng.uniform(0, size[0] / 12)
    return distance <= np.quantile(distance, rng.uniform(LEAST_PART, most))


def _mixed(frame: np.ndarray, other: np.ndarray, where: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`other` in the masked pixels, with a hard or, equally often, a soft border."""
    sigma = rng.uniform(0.5, 3.0) if rng.random() < 0.5 else 0.0
    share = gaussian_filter(where.astype(np.float64), sigma)[..., None]
    return (frame + share * (other.astype(np.float64) - frame)).astype(np.uint8)


def _blur(frame: np.ndarray, sigma: float) -> np.ndarray:
    return gaussian_filter(frame.astype(np.float32), (sigma, sigma, 0)).astype(np.uint8)


def _patches(frame: np.ndarray, size: int) -> np.ndarray:
    """(H, W, C) to (P, size, size, C), row by row; a copy."""
    rows, columns = frame.shape[0] // size, frame.shape[1] // size
    return frame.reshape(rows, size, columns, size, -1).swapaxes(1, 2).reshape(rows * columns, size, size, -1).copy()


def _joined(patches: np.ndarray, height: int, width: int) -> np.ndarray:
    """What `_patches` took apart, (H, W, C)."""
    size = patches.shape[1]
    rows, columns = height // size, width // size
    return patches.reshape(rows, columns, size, size, -1).swapaxes(1, 2).reshape(height, width, -1)
