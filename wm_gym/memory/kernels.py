"""Z-buffer splatting of projected points, compiled for the CPU.

Two passes: first the nearest depth of every pixel, then the weighted mean of the points on that nearest surface.
Every kernel is sequential and writes only to its arguments, so results depend on nothing else.
Source: Zwicker et al. 2001, "Surface Splatting". Knows nothing of blocks or worlds.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from wm_gym.memory.projection import (
    AA,
    AB,
    BB,
    FAINT_32,
    FILLER,
    FILLER_32,
    GU,
    GV,
    ONE,
    SHARP,
    SKY_DEPTH,
    SOFT,
    U,
    V,
    Z,
)  # fmt: skip


@njit(nogil=True, cache=True, error_model="numpy")
def nearest_depth(screen, box, near, depth):
    """First pass: the least depth at every pixel centre.

    Args:
        screen: (M, 9) as `project` fills it.
        box: (M, 4) as `project` fills it.
        near: float32 metres, lower bound on the depth of a splat's parts.
        depth: (H, W) float32 metres, lowered in place; infinite where there is no surface.
    """
    for k in range(screen.shape[0]):
        u, v, z, gu, gv = screen[k, U], screen[k, V], screen[k, Z], screen[k, GU], screen[k, GV]
        aa, ab, bb = screen[k, AA], screen[k, AB], screen[k, BB]
        for row in range(box[k, 2], box[k, 3] + 1):
            dv = np.float32(row) - v
            for column in range(box[k, 0], box[k, 1] + 1):
                du = np.float32(column) - u
                here = max(z + gu * du + gv * dv, near)
                if here < depth[row, column] and aa * du * du + ab * du * dv + bb * dv * dv < ONE:
                    depth[row, column] = here


@njit(nogil=True, cache=True, error_model="numpy")
def blend(screen, box, index, record, near, limit, sums, best, front, covers):
    """Second pass: weighted sums over the points on the nearest surface.

    Args:
        screen: (M, 9) as `project` fills it.
        box: (M, 4) as `project` fills it.
        index: (M,) rows of `record`.
        record: (P, 4) int32, colour in the low three bytes of column 0, and `FILLER`.
        near: float32 metres, as in the first pass.
        limit: (H, W) float32 metres, depth beyond which a point lies behind the nearest surface.
        sums: (H, W, 5) float32 zeros, filled with sums of weight * (r, g, b, depth) and of weights.
        best: (H, W) float32 zeros, filled with the greatest weight.
        front: (H, W) int32, filled with the row of the point of that weight.
        covers: (H, W) float32, filled with the square pixels that this point's splat covers.
    """
    for k in range(screen.shape[0]):
        u, v, z, gu, gv = screen[k, U], screen[k, V], screen[k, Z], screen[k, GU], screen[k, GV]
        aa, ab, bb = screen[k, AA], screen[k, AB], screen[k, BB]
        for row in range(box[k, 2], box[k, 3] + 1):
            dv = np.float32(row) - v
            for column in range(box[k, 0], box[k, 1] + 1):
                du = np.float32(column) - u
                square = aa * du * du + ab * du * dv + bb * dv * dv
                here = max(z + gu * du + gv * dv, near)
                if here > limit[row, column] or square >= ONE:
                    continue
                colour = record[index[k], 0]
                weight = screen[k, SHARP] * (ONE - square) * (ONE - square) + FAINT_32
                if colour & FILLER:
                    weight *= FILLER_32
                sums[row, column, 0] += weight * np.float32(colour & 255)
                sums[row, column, 1] += weight * np.float32((colour >> 8) & 255)
                sums[row, column, 2] += weight * np.float32((colour >> 16) & 255)
                sums[row, column, 3] += weight * here
                sums[row, column, 4] += weight
                if weight > best[row, column]:
                    best[row, column] = weight
                    front[row, column] = index[k]
                    covers[row, column] = ONE / screen[k, SHARP] - SOFT


@njit(nogil=True, cache=True, error_model="numpy")
def resolve(
    sums, front, covers, record, over, is_moving, clock, log_far, colour, log_depth, seen, moving, age, same, area
):
    """Composite one layer over the hints of one pose.

    Args:
        sums: (H, W, 5) float32 of `blend`.
        front: (H, W) int32 of `blend`.
        covers: (H, W) float32 of `blend`.
        record: (P, 4) int32 of the layer's points.
        over: Difference of log-depth behind the hints up to which this layer still covers them.
        is_moving: Whether the layer is of moving objects.
        clock: Current frame index and appearance bits.
        log_far: Log-depths of the sky and of the farthest surface.
        colour: (H, W, 3) uint8, written in place.
        log_depth: (H, W) float32, written in place.
        seen: (H, W) bool, written in place.
        moving: (H, W) bool, written in place.
        age: (H, W) int32, written in place.
        same: (H, W) bool, written in place.
        area: (H, W) float32, written in place.
    """
    height, width = front.shape
    for row in range(height):
        for column in range(width):
            weight = sums[row, column, 4]
            if weight == 0.0:
                continue
            mean = sums[row, column, 3] / weight
            depth = log_far[0] if mean >= 0.5 * SKY_DEPTH else min(math.log(mean), log_far[1])
            if seen[row, column] and depth > log_depth[row, column] + over:
                continue
            for channel in range(3):
                colour[row, column, channel] = np.uint8(sums[row, column, channel] / weight + 0.5)
            log_depth[row, column] = depth
            seen[row, column] = True
            moving[row, column] = is_moving
            point = front[row, column]
            age[row, column] = max(clock[0] - record[point, 1], 0)
            same[row, column] = record[point, 2] == clock[1]
            area[row, column] = covers[row, column]


@njit(nogil=True, cache=True, error_model="numpy")
def draw(screen, box, index, record, is_moving, limits, now, out):
    """Draw one layer over the hints of one pose, in one call that holds no interpreter lock.

    Args:
        screen: (M, 9) of `projection.list_on_screen`.
        box: (M, 4) of `projection.list_on_screen`.
        index: (M,) of `projection.list_on_screen`.
        record: (P, 4) int32 of the layer's points.
        is_moving: Whether the layer is of moving objects.
        limits: Near depth, surface tolerance as a fraction and in metres, far depth, largest depth of a surface.
        now: Current frame index and appearance bits.
        out: The hints of this pose, the last seven arguments of `resolve`.
    """
    height, width = out[1].shape
    near, tolerance, metres, far, deepest = limits
    nearest = np.full((height, width), np.float32(np.inf), np.float32)
    nearest_depth(screen, box, np.float32(near), nearest)
    limit = nearest * np.float32(1.0 + tolerance) + np.float32(metres)
    sums, best = np.zeros((height, width, 5), np.float32), np.zeros((height, width), np.float32)
    front, covers = np.zeros((height, width), np.int32), np.zeros((height, width), np.float32)
    blend(screen, box, index, record, np.float32(near), limit, sums, best, front, covers)
    logs = (math.log(far), math.log(deepest))
    resolve(sums, front, covers, record, math.log1p(tolerance), is_moving, now, logs, *out)
