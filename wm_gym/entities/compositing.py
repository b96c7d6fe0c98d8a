"""Crops laid into a view by depth: what stands behind a wall is hidden by it, and hides what is behind itself."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

_STANDS_BEFORE_METRES = 0.15
"""Generated depth errs by so much: a thing that is no further behind a surface is seen."""
_SOLID = 0.5


@dataclass(frozen=True)
class Layer:
    """One thing in one frame.

    Attributes:
        rgba: (R, C, 4) float32 in 0..1, premultiplied.
        box: Left, top, right and bottom in pixels.
        depth: Planar metres.
        strength: 0..1, opacity.
    """

    rgba: NDArray[np.float32]
    box: tuple[float, float, float, float]
    depth: float
    strength: float


def composite(
    frame: NDArray[np.uint8], depth: NDArray[np.float32], moving: NDArray[np.bool_], layers: list[Layer]
) -> NDArray[np.bool_]:
    """Lay things into a frame, the farthest first.

    Args:
        frame: (H, W, 3), changed in place.
        depth: (H, W) planar metres, changed in place.
        moving: (H, W) bool, changed in place.
        layers: The things.

    Returns:
        (H, W) bool, where any thing is seen.
    """
    seen = np.zeros(depth.shape, np.bool_)
    for layer in sorted(layers, key=lambda one: -one.depth):
        laid = np.zeros((*depth.shape, 4), np.float32)
        _lay(layer.rgba, *layer.box, laid)
        _blend(frame, depth, moving, seen, laid, layer.depth, layer.strength)
    return seen


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _lay(
    rgba: NDArray[np.float32], left: float, top: float, right: float, bottom: float, laid: NDArray[np.float32]
) -> None:
    """The crop in the pixels of a view: each pixel is the mean of samples of the texels that it covers."""
    rows, columns = rgba.shape[:2]
    down, across = rows / (bottom - top), columns / (right - left)  # texels of a pixel
    samples = max(2, min(8, int(np.ceil(max(down, across)))))
    for v in range(max(0, int(top)), min(laid.shape[0], int(np.ceil(bottom)))):
        for u in range(max(0, int(left)), min(laid.shape[1], int(np.ceil(right)))):
            for i in range(samples):
                for j in range(samples):
                    y = (v + (i + 0.5) / samples - top) * down - 0.5
                    x = (u + (j + 0.5) / samples - left) * across - 0.5
                    _add_texel(rgba, y, x, 1.0 / (samples * samples), laid[v, u])


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _add_texel(rgba: NDArray[np.float32], y: float, x: float, share: float, out: NDArray[np.float32]) -> None:
    """Add the crop at a point between texels, linearly; nothing beyond its rim."""
    row, column = int(np.floor(y)), int(np.floor(x))
    for i in range(2):
        for j in range(2):
            r, c = row + i, column + j
            if 0 <= r < rgba.shape[0] and 0 <= c < rgba.shape[1]:
                weight = share * (1.0 - abs(y - r)) * (1.0 - abs(x - c))
                for k in range(4):
                    out[k] += weight * min(1.0, max(0.0, rgba[r, c, k]))


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _blend(
    frame: NDArray[np.uint8], depth: NDArray[np.float32], moving: NDArray[np.bool_], seen: NDArray[np.bool_],
    laid: NDArray[np.float32], metres: float, strength: float,
) -> None:  # fmt: skip
    for v in range(depth.shape[0]):
        for u in range(depth.shape[1]):
            alpha = laid[v, u, 3] * strength
            is_hidden = 0.0 < depth[v, u] <= metres - _STANDS_BEFORE_METRES
            if alpha <= 0.004 or is_hidden:
                continue
            for c in range(3):
                value = 255.0 * strength * laid[v, u, c] + (1.0 - alpha) * frame[v, u, c]
                frame[v, u, c] = np.uint8(min(255.0, max(0.0, np.rint(value))))
            seen[v, u] = True
            if alpha > _SOLID:
                depth[v, u] = metres
                moving[v, u] = True
