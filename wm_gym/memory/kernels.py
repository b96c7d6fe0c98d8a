"""Z-buffer splatting of projected points, compiled for the CPU.

Two passes: first the nearest depth of every pixel, then the weighted mean of the points on that nearest surface.
Every kernel is sequential and writes only to what it is given, so results depend on nothing but the arguments.
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
    """First pass: the least depth over every pixel centre.

    Args:
        screen: (M, 9) as `project` fills it.
        box: (M, 4) as `project` fills it.
        near: float32 metres: no part of a splat comes nearer.
        depth: (H, W) float32 to be lowered in place; infinite where nothing is.
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
        near: As in the first pass.
        limit: (H, W) float32: what is deeper lies behind the surface.
        sums: (H, W, 5) float32 zeros, filled with sums of weight * (r, g, b, depth) and of weights.
        best: (H, W) float32 zeros, filled with the greatest weight.
        front: (H, W) int32, filled with the row of the point that has it.
        covers: (H, W) float32, filled with the square pixels that this point covers.
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
    """Turn one layer's sums into hints of one pose, over the layers already there.

    Args:
        sums: (H, W, 5) of `blend`.
        front: (H, W) of `blend`.
        covers: (H, W) of `blend`.
        record: (P, 4) of the layer.
        over: Fraction behind what is already there at which this layer still covers it.
        is_moving: Whether the layer is of moving things.
        clock: (frame, appearance) of now.
        log_far: Logarithms of the depth that stands for sky and of the largest depth of a surface.
        colour: (H, W, 3) uint8, filled in place, as the rest.
        log_depth: (H, W) float32.
        seen: (H, W) bool.
        moving: (H, W) bool.
        age: (H, W) int32.
        same: (H, W) bool.
        area: (H, W) float32.
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
    """Draw one layer of one pose over the hints that are there, in one call without the interpreter.

    Args:
        screen: (M, 9) of `projection.list_on_screen`.
        box: (M, 4) of it.
        index: (M,) of it.
        record: (P, 4) int32.
        is_moving: Whether the layer is of moving things.
        limits: Near metres, surface tolerance as a fraction and in metres, far metres, largest depth of a surface.
        now: Frame and appearance.
        out: The hints of this pose, as the last seven arguments of `resolve`.
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
