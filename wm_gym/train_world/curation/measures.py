"""What is measured of pictures and of what follows what. Arrays alone: knows nothing of films."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.fft import dctn
from scipy.ndimage import laplace, maximum_filter, sobel

SMALL = (36, 64)
"""Rows and columns of the thumbnails that motion and cuts are told from."""
DARK, BRIGHT = 16, 239
"""Grey levels of black and white in a film (limited range)."""
_SHARPNESS_ROWS = 240
_OVERLAY_SIZE = (90, 160)
_LEAST_STEP, _NEAR, _AGREEING = 6.0, 5, 0.8
_HASH_SIDE, _HASH_PICTURE = 8, 32
_WINDOW = np.hanning(SMALL[0])[:, None] * np.hanning(SMALL[1])
_LEAST_PEAK = 0.04


def thumbnail(colour: np.ndarray, size: tuple[int, int] = SMALL) -> np.ndarray:
    """(h, w, 3) float32 of a picture (H, W, 3) uint8, each pixel a mean."""
    small = Image.fromarray(colour).resize((size[1], size[0]), Image.Resampling.BOX)
    return np.asarray(small, np.float32)


def grey(colour: np.ndarray) -> np.ndarray:
    """(..., H, W) luma of (..., H, W, 3). Source: ITU-R BT.601."""
    return colour @ np.array([0.299, 0.587, 0.114], np.float32)


def change(before: np.ndarray, after: np.ndarray) -> float:
    """Mean difference of two thumbnails, grey levels: what a cut makes large."""
    return float(np.abs(after - before).mean())


def sharpness(colour: np.ndarray) -> float:
    """Variance of the Laplacian of a picture's grey at about 240 rows. Source: Pech-Pacheco et al. 2000.

    Args:
        colour: (H, W, 3) uint8.
    """
    plain = Image.fromarray(colour).convert("L")
    factor = max(1, plain.height // _SHARPNESS_ROWS)
    return float(laplace(np.asarray(plain.reduce(factor), np.float32)).var())


def exposure(small: np.ndarray) -> tuple[float, float]:
    """Shares of black and of white in a thumbnail."""
    levels = grey(small)
    return float((levels < DARK).mean()), float((levels > BRIGHT).mean())


def shift(before: np.ndarray, after: np.ndarray) -> float:
    """How far a picture moved as a whole, as a share of its width; 0 where nothing says so.

    Source: phase correlation, Kuglin and Hines 1975.

    Args:
        before: (h, w, 3) thumbnail.
        after: The one that follows.
    """
    first, second = (np.fft.rfft2((grey(one) - grey(one).mean()) * _WINDOW) for one in (before, after))
    cross = first * second.conj()
    peaks = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-6), SMALL)
    row, column = np.unravel_index(int(peaks.argmax()), SMALL)
    if peaks.max() < _LEAST_PEAK:
        return 0.0
    down, across = (((at + size // 2) % size) - size // 2 for at, size in zip((row, column), SMALL, strict=True))
    return float(np.hypot(down, across) / SMALL[1])


def edges(colour: np.ndarray) -> np.ndarray:
    """(2, h, w) gradients of a picture at the size at which overlays are looked for."""
    levels = grey(thumbnail(colour, _OVERLAY_SIZE))
    return np.stack([sobel(levels, axis) / 8 for axis in (0, 1)]).astype(np.float32)


def overlay_share(gradients: np.ndarray) -> float:
    """Share of a moving picture whose edges stay where they are: text, logos and frames that lie on it.

    The gradient over pictures of a moving camera agrees only where the same thing lies on all of them. Source: Dekel et
    al. 2017, "On the effectiveness of visible watermarks", section 3.1, with four of five pictures for the median. A
    straight edge along which the camera moves stays as well, so that edges of both directions must stay near each
    other, as those of letters do.

    Args:
        gradients: (N, 2, h, w) of N pictures, each of them moved since the one before.
    """
    low, high = np.quantile(gradients, [1 - _AGREEING, _AGREEING], axis=0)
    near = [maximum_filter(one, _NEAR) for one in np.maximum(low, -high)]
    return float((np.minimum(*near) > _LEAST_STEP).mean())


def picture_hash(small: np.ndarray) -> int:
    """64 bits that pictures that look alike nearly share. Source: Zauner 2010, perceptual hash of DCT coefficients.

    Args:
        small: (h, w, 3) thumbnail.
    """
    levels = Image.fromarray(grey(small).astype(np.uint8)).resize((_HASH_PICTURE, _HASH_PICTURE), Image.Resampling.BOX)
    coefficients = np.asarray(dctn(np.asarray(levels, np.float32), norm="ortho"))
    low = coefficients[:_HASH_SIDE, :_HASH_SIDE].ravel()
    return int("".join("1" if one else "0" for one in low > np.median(low[1:])), 2)


def hash_distance(first: int, second: int) -> int:
    """In how many of 64 bits two hashes differ."""
    return (first ^ second).bit_count()
