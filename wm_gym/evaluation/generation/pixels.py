"""Figures of pixels: nearness to the truth, sharpness, and how two seeds differ. All are pooled over the frames."""

from __future__ import annotations

from itertools import combinations

import numpy as np

MOST_DB = 100.0
"""Of equal pixels."""

_NEIGHBOURS = slice(1, None), slice(None, -1)


def pooled_psnr_db(frames: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float:
    """Peak signal-to-noise ratio over all chosen pixels of all frames together.

    Args:
        frames: (..., H, W, 3) uint8; further axes before those of `truth` are pooled too.
        truth: (..., H, W, 3) uint8.
        where: (..., H, W) bool.

    Returns:
        Decibels, at most `MOST_DB`; NaN where no pixel is chosen.
    """
    squared = np.square(frames.astype(np.float32) - truth.astype(np.float32)).mean(-1)
    chosen = squared[np.broadcast_to(where, squared.shape)]
    if not chosen.size:
        return float("nan")
    error = chosen.mean(dtype=np.float64)
    return float(min(MOST_DB, 10 * np.log10(255**2 / max(error, 1e-9))))


def sharpness(frames: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float:
    """Gradient energy as a share of the truth's: 1 is as sharp, and more is noise.

    Args:
        frames: (..., H, W, 3) uint8; further axes before those of `truth` are pooled too.
        truth: (..., H, W, 3) uint8.
        where: (..., H, W) bool.

    Returns:
        NaN where the truth has no gradient there.
    """
    theirs = gradient_energy(truth, where)
    return gradient_energy(frames, where) / theirs if theirs > 0 else float("nan")


def gradient_energy(frames: np.ndarray, where: np.ndarray | None = None) -> float:
    """Mean squared difference of neighbours in rows and in columns, both of which are chosen.

    Args:
        frames: (..., H, W, 3) uint8.
        where: (..., H, W) bool that broadcasts with the frames; None for all pixels.
    """
    values, total = frames.astype(np.float32), 0.0
    for axis in (-1, -2):
        squared = np.square(np.diff(values, axis=axis - 1)).mean(-1)
        if where is not None:
            ahead, behind = (np.swapaxes(np.swapaxes(where, axis, 0)[part], axis, 0) for part in _NEIGHBOURS)
            squared = squared[np.broadcast_to(ahead & behind, squared.shape)]
        total += float(squared.mean(dtype=np.float64)) if squared.size else 0.0
    return total


def seeds_psnr_db(frames: np.ndarray, where: np.ndarray) -> float:
    """How alike seeds are: PSNR between every two of them, over all chosen pixels together.

    Args:
        frames: (S, ..., H, W, 3) uint8.
        where: (..., H, W) bool.

    Returns:
        Decibels, `MOST_DB` for equal seeds; NaN for one seed, or where no pixel is chosen.
    """
    pairs = list(combinations(range(len(frames)), 2))
    if not pairs:
        return float("nan")
    one, other = (frames[[pair[k] for pair in pairs]] for k in (0, 1))
    return pooled_psnr_db(one, other, np.broadcast_to(where, one.shape[:-1]))
