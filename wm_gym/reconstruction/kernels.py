"""`blend_colours` and `blend_depth`, compiled for the CPU.

Every kernel goes frame by frame, is sequential and writes only to its arguments, so that a world's bytes do not depend
on its neighbours.

Shapes: N worlds, T frames, H x W pixels. Knows nothing of networks.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

ZERO, ONE, HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)

NEAREST = np.float32(1e-3)
"""Metres below which a depth is taken for this one, before its logarithm; share below which a mean is none."""


@njit(nogil=True, cache=True, error_model="numpy")
def colours(frames, remembered, comparable, kept, agreement, blended):
    """Blend generated colours with remembered ones.

    Args:
        frames: (N, T, H, W, 3) uint8, generated.
        remembered: (N, T, H, W, 3) uint8.
        comparable: (N, T, H, W) bool, where memory shows what the model does.
        kept: (N, T, H, W) bool, where memory's colours are kept whatever the generated ones are.
        agreement: float32, as `blend_colours.AGREEMENT`.
        blended: (N, T, H, W, 3) uint8, filled.
    """
    rate = ONE / (np.float32(3.0) * agreement * agreement)
    for n, t, y, x in np.ndindex(comparable.shape):
        made, known, out = frames[n, t, y, x], remembered[n, t, y, x], blended[n, t, y, x]
        if not comparable[n, t, y, x]:
            for c in range(3):
                out[c] = made[c]
            continue
        square = 0
        for c in range(3):
            square += (np.int32(known[c]) - made[c]) ** 2
        weight = ONE if kept[n, t, y, x] else math.exp(-np.float32(square) * rate)
        for c in range(3):
            value = np.float32(made[c])
            out[c] = np.uint8(np.rint(value + weight * (np.float32(known[c]) - value)))


@njit(nogil=True, cache=True, error_model="numpy")
def depths(depth, moving, log_hints, remembered, sky_metres, far_metres, radius, blended):
    """Blend generated depth with remembered depth.

    Args:
        depth: (N, T, H, W) float32 metres, generated.
        moving: (N, T, H, W) bool, generated.
        log_hints: (N, T, H, W) float32 log-depth of memory.
        remembered: (N, T, H, W) bool, where memory shows what the model does.
        sky_metres: float32, beyond which a depth is sky.
        far_metres: float32, the largest depth.
        radius: Pixels of half the size around a pixel over which errors are averaged, twice.
        blended: (N, T, H, W) float32 metres, filled.
    """
    generated, error = np.empty(depth.shape[2:], np.float32), np.empty(depth.shape[2:], np.float32)
    log_sky = np.float32(math.log(sky_metres))
    for n in range(depth.shape[0]):
        for t in range(depth.shape[1]):
            made, known, log_known, out = depth[n, t], remembered[n, t], log_hints[n, t], blended[n, t]
            for y, x in np.ndindex(made.shape):
                generated[y, x] = math.log(max(made[y, x], NEAREST))
                error[y, x] = log_known[y, x] - generated[y, x]
            surface = made < sky_metres
            sure = known & surface & (log_known < log_sky)
            mean, share = mean_around(error, sure & ~moving[n, t], radius)
            if moving[n, t].any():
                own_mean, own_share = mean_around(error, sure & moving[n, t], radius)
                body, _ = mean_around(generated, moving[n, t] & surface, radius)
                _put(own_mean, moving[n, t], mean)
                _put(own_share, moving[n, t], share)
                _put(body, moving[n, t] & surface, generated)
            for y, x in np.ndindex(made.shape):
                out[y, x] = made[y, x]
                if known[y, x]:
                    out[y, x] = math.exp(log_known[y, x])
                elif surface[y, x]:
                    shift = mean[y, x] * min(share[y, x] + share[y, x], ONE)
                    out[y, x] = min(math.exp(generated[y, x] + shift), far_metres)


@njit(nogil=True, cache=True, error_model="numpy")
def _put(values, where, out):
    """Write values (H, W) to `out` at the pixels `where`."""
    for y, x in np.ndindex(out.shape):
        if where[y, x]:
            out[y, x] = values[y, x]


@njit(nogil=True, cache=True, error_model="numpy")
def mean_around(values, where, radius):
    """Mean of the pixels `where` around each, 0 where there are none, and their share, (H, W) float32 each."""
    height, width = values.shape
    total, weight = _halved(values, where)
    for _ in range(2):
        total, weight = _box(total, radius), _box(weight, radius)
    mean, share = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    for y, x in np.ndindex(mean.shape):
        here = weight[y // 2, x // 2]
        mean[y, x], share[y, x] = total[y // 2, x // 2] / here if here > NEAREST else ZERO, here
    return mean, share


@njit(nogil=True, cache=True, error_model="numpy")
def _halved(values, where):
    """Means of squares of 2 x 2 pixels, of the values `where` and of `where`; at odd borders of what there is."""
    height, width = values.shape
    total = np.zeros(((height + 1) // 2, (width + 1) // 2), np.float32)
    weight = np.zeros_like(total)
    for y, x in np.ndindex(values.shape):
        if where[y, x]:
            total[y // 2, x // 2] += values[y, x]
            weight[y // 2, x // 2] += ONE
    for y, x in np.ndindex(total.shape):
        count = np.float32(min(2, height - 2 * y) * min(2, width - 2 * x))
        total[y, x] /= count
        weight[y, x] /= count
    return total, weight


@njit(nogil=True, cache=True, error_model="numpy")
def _box(image, radius):
    """Means over squares around each pixel of an image (H, W), at its borders of what there is."""
    height, width = image.shape
    rows, out = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    for y in range(height):
        low, high = max(y - radius, 0), min(y + radius + 1, height)
        for other in range(low, high):
            for x in range(width):
                rows[y, x] += image[other, x]
        for x in range(width):
            rows[y, x] /= np.float32(high - low)
    for x in range(width):
        low, high = max(x - radius, 0), min(x + radius + 1, width)
        for y in range(height):
            total = ZERO
            for other in range(low, high):
                total += rows[y, other]
            out[y, x] = total / np.float32(high - low)
    return out
