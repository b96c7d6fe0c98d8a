"""Depth by parallax where it is sure, and estimated depth brought to it elsewhere. Knows nothing of who estimated it.

Shapes: (T, H, W) of T pictures.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.ndimage import gaussian_filter, maximum_filter, minimum_filter, uniform_filter

from wm_gym.reconstruction.multiview import PosedPictures, looked_up, near_views

_SPREADS = (24.0, 8.0, 3.0)
_CARRIED = 0.05
_SEEN_THROUGH = 0.12
_AGAINST = 2
_BLANK_PIXELS, _BLANK_GREYS, _NEAR_PIXELS, _EDGE = 5, 4.0, 2, 0.25
_COLOUR, _PIXELS = 12.0, 0.7
_SAME_SURFACE = 0.05


def joined(told: np.ndarray, depth: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Depth of one picture (H, W): `depth` where it is `sure`, else what is told times how far off that is nearby.

    Args:
        told: (H, W) metres, 0 where nothing is told.
        depth: (H, W) metres by parallax.
        sure: (H, W) where that is to be believed.
    """
    both = sure & (told > 0)
    if not both.any():
        return np.where(sure, depth, told)
    off = np.where(both, np.log(np.maximum(depth, 1e-3)) - np.log(np.maximum(told, 1e-3)), 0.0)
    ratio = np.full(told.shape, float(np.median(off[both])))
    for spread in _SPREADS:  # what is nearer says it better
        total, weight = gaussian_filter(off, spread), gaussian_filter(both.astype(np.float64), spread)
        ratio = (total + _CARRIED * ratio) / (weight + _CARRIED)
    return np.where(sure, depth, told * np.exp(ratio)).astype(np.float32)


def without_contradicted(pictures: PosedPictures, depth: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """The depth with unknown (0) where a pixel that is not sure would hide what other pictures surely see behind it.

    Args:
        pictures: As they are posed.
        depth: (T, H, W) metres.
        sure: (T, H, W) where it is by parallax.
    """
    certain, kept = np.where(sure, depth, np.float32(0)), depth.copy()
    for picture in range(len(depth)):
        against = np.zeros(depth.shape[1:], int)
        for other in near_views(pictures, picture):
            found, off = looked_up(pictures, certain[other], depth[picture], picture, other)
            against += (found > 0) & (off > _SEEN_THROUGH)
        kept[picture][(against >= _AGAINST) & ~sure[picture]] = 0.0
    return kept


def believable(greys: np.ndarray, depth: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """(T, H, W) whether depth may stay where it is not sure: near what is, or on blank surfaces, but at no edge.

    What has a texture and was not confirmed is hidden from others, thin or bright in one picture alone.

    Args:
        greys: (T, H, W) 0..255.
        depth: (T, H, W) metres.
        sure: (T, H, W) where it is by parallax.
    """
    mean = uniform_filter(greys, _BLANK_PIXELS, axes=(1, 2))
    variance = np.asarray(uniform_filter(greys**2, _BLANK_PIXELS, axes=(1, 2)) - mean**2)
    near = np.asarray(maximum_filter(sure, (1, 2 * _NEAR_PIXELS + 1, 2 * _NEAR_PIXELS + 1)), bool)
    log = np.log(np.maximum(depth, 0.1))
    edge = np.asarray(maximum_filter(log, (1, 3, 3)) - minimum_filter(log, (1, 3, 3))) > _EDGE
    return sure | ((near | (variance < _BLANK_GREYS**2)) & ~edge)


def enlarged(depth: np.ndarray, small: np.ndarray, large: np.ndarray) -> np.ndarray:
    """Depth of a small picture at the size of the large one, along its colours; surfaces are never mixed.

    A pixel takes the mean of those of the nine small ones around it that lie at the depth of the most alike.
    Source: Kopf et al. 2007, "Joint bilateral upsampling".

    Args:
        depth: (h, w) metres, 0 unknown.
        small: (h, w, 3) colours, 0..255.
        large: (H, W, 3) colours.
    """
    (h, w), (rows, columns) = depth.shape, large.shape[:2]
    y, x = (np.arange(rows) + 0.5) * (h / rows), (np.arange(columns) + 0.5) * (w / columns)
    metres, weights = np.empty((9, rows, columns), np.float32), np.empty((9, rows, columns), np.float32)
    for k, (down, right) in enumerate(product((-1, 0, 1), repeat=2)):
        at = np.ix_((y.astype(int) + down).clip(0, h - 1), (x.astype(int) + right).clip(0, w - 1))
        apart = (y.astype(int) + down + 0.5 - y)[:, None] ** 2 + (x.astype(int) + right + 0.5 - x)[None] ** 2
        unlike = ((small[at] - large) ** 2).mean(-1)
        metres[k] = depth[at]
        weights[k] = np.exp(-apart / (2 * _PIXELS**2) - unlike / (2 * _COLOUR**2)) + 1e-9 * np.exp(-apart)
    best = np.take_along_axis(metres, weights.argmax(0)[None], 0)
    weights *= np.abs(metres - best) <= _SAME_SURFACE * best
    return (weights * metres).sum(0) / weights.sum(0)
