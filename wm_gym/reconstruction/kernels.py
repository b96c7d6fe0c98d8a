"""`blend_colours` and `blend_depth`, compiled for the CPU.

Every kernel goes frame by frame, is sequential and writes only to its arguments, so that a world's bytes do not depend
on its neighbours.

Shapes: P pixels in a row, H x W pixels of a frame. Knows nothing of networks.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

ZERO, ONE = np.float32(0.0), np.float32(1.0)

NEAREST = np.float32(1e-3)
"""Metres below which a depth is taken for this one, before its logarithm; share below which a mean is none."""


@njit(nogil=True, cache=True, error_model="numpy")
def colours(frames, remembered, comparable, kept, agreement, blended):
    """Blend generated colours with remembered ones, pixel by pixel.

    Args:
        frames: (P, 3) uint8, generated.
        remembered: (P, 3) uint8.
        comparable: (P,) bool, where memory shows what the model does.
        kept: (P,) bool, where memory's colours are kept whatever the generated ones are.
        agreement: float32, as `blend_colours.AGREEMENT`.
        blended: (P, 3) uint8, filled.
    """
    rate = ONE / (np.float32(3.0) * agreement * agreement)
    for p in range(len(comparable)):
        red, green, blue = np.float32(frames[p, 0]), np.float32(frames[p, 1]), np.float32(frames[p, 2])
        more_red, more_green = np.float32(remembered[p, 0]) - red, np.float32(remembered[p, 1]) - green
        more_blue, weight = np.float32(remembered[p, 2]) - blue, ZERO
        if comparable[p]:
            square = more_red * more_red + more_green * more_green + more_blue * more_blue
            weight = ONE if kept[p] else math.exp(-square * rate)
        blended[p, 0] = np.uint8(np.rint(red + weight * more_red))
        blended[p, 1] = np.uint8(np.rint(green + weight * more_green))
        blended[p, 2] = np.uint8(np.rint(blue + weight * more_blue))


@njit(nogil=True, cache=True, error_model="numpy")
def depths(depth, moving, log_hints, remembered, sky_metres, far_metres, radius, blended):
    """Blend generated depth with remembered depth.

    Args:
        depth: (F, H, W) float32 metres, generated, of F frames.
        moving: (F, H, W) bool, generated.
        log_hints: (F, H, W) float32 log-depth of memory.
        remembered: (F, H, W) bool, where memory shows what the model does.
        sky_metres: float32, beyond which a depth is sky.
        far_metres: float32, the largest depth.
        radius: Pixels of half the size around a pixel over which errors are averaged, twice.
        blended: (F, H, W) float32 metres, filled.
    """
    height, width = depth.shape[1:]
    generated, error = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    still, moves = np.empty((height, width), np.bool_), np.empty((height, width), np.bool_)
    surface, log_sky = np.empty((height, width), np.bool_), np.float32(math.log(sky_metres))
    for f in range(len(depth)):
        any_moves = False
        for y in range(height):
            for x in range(width):
                metres, log_known = depth[f, y, x], log_hints[f, y, x]
                generated[y, x] = math.log(max(metres, NEAREST))
                error[y, x] = log_known - generated[y, x]
                surface[y, x] = metres < sky_metres
                sure = remembered[f, y, x] & surface[y, x] & (log_known < log_sky)
                still[y, x], moves[y, x] = sure & (not moving[f, y, x]), sure & moving[f, y, x]
                any_moves |= moving[f, y, x]
        mean, share = _mean_around(error, still, radius)
        if any_moves:
            _join_moving(moving[f], moves, surface, radius, error, generated, mean, share)
        for y in range(height):
            for x in range(width):
                if remembered[f, y, x]:
                    blended[f, y, x] = math.exp(log_hints[f, y, x])
                elif surface[y, x]:
                    shift = mean[y, x] * min(share[y, x] + share[y, x], ONE)
                    blended[f, y, x] = min(math.exp(generated[y, x] + shift), far_metres)
                else:
                    blended[f, y, x] = depth[f, y, x]


@njit(nogil=True, cache=True, error_model="numpy")
def _join_moving(moving, sure, surface, radius, error, generated, mean, share):
    """Give moving pixels of a frame (H, W) errors of their own kind, and the mean depth around them, in place."""
    body = np.empty(moving.shape, np.bool_)
    for y in range(moving.shape[0]):
        for x in range(moving.shape[1]):
            body[y, x] = moving[y, x] & surface[y, x]
    own_mean, own_share = _mean_around(error, sure, radius)
    depth, _ = _mean_around(generated, body, radius)
    for y in range(moving.shape[0]):
        for x in range(moving.shape[1]):
            if moving[y, x]:
                mean[y, x], share[y, x] = own_mean[y, x], own_share[y, x]
            if body[y, x]:
                generated[y, x] = depth[y, x]


@njit(nogil=True, cache=True, error_model="numpy")
def _mean_around(values, where, radius):
    """Mean of the pixels `where` around each, 0 where there are none, and their share, (H, W) float32 each."""
    height, width = values.shape
    total, weight = _halved(values, where)
    for _ in range(2):
        total, weight = _box(total, radius), _box(weight, radius)
    for y in range(total.shape[0]):
        for x in range(total.shape[1]):
            total[y, x] = total[y, x] / weight[y, x] if weight[y, x] > NEAREST else ZERO
    mean, share = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    for y in range(height):
        for x in range(width):
            mean[y, x], share[y, x] = total[y // 2, x // 2], weight[y // 2, x // 2]
    return mean, share


@njit(nogil=True, cache=True, error_model="numpy")
def _halved(values, where):
    """Means of squares of 2 x 2 pixels, of the values `where` and of `where`; at odd borders of what there is."""
    height, width = values.shape
    total = np.zeros(((height + 1) // 2, (width + 1) // 2), np.float32)
    weight = np.zeros_like(total)
    for y in range(height):
        for x in range(width):
            total[y // 2, x // 2] += values[y, x] if where[y, x] else ZERO
            weight[y // 2, x // 2] += np.float32(where[y, x])
    for y in range(total.shape[0]):
        for x in range(total.shape[1]):
            count = np.float32(min(2, height - 2 * y) * min(2, width - 2 * x))
            total[y, x] /= count
            weight[y, x] /= count
    return total, weight


@njit(nogil=True, cache=True, error_model="numpy")
def _box(image, radius):
    """Means over squares around each pixel of an image (H, W), at its borders of what there is."""
    height, width = image.shape
    row, out = np.empty(width + 2 * radius, np.float32), np.empty((height, width), np.float32)
    for y in range(height):
        low, high = max(y - radius, 0), min(y + radius + 1, height)
        row[:] = ZERO
        for other in range(low, high):
            for x in range(width):
                row[radius + x] += image[other, x]
        for x in range(width):
            total = row[x]
            for step in range(1, 2 * radius + 1):
                total += row[x + step]
            count = (high - low) * (min(x + radius + 1, width) - max(x - radius, 0))
            out[y, x] = total / np.float32(count)
    return out
