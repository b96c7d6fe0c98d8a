"""Z-buffer splatting of projected points, compiled for the CPU.

Pixels are drawn as subpixels and then reduced. Two passes: first the nearest depth of every subpixel, then the weighted
mean of the points on that nearest surface.
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
    AREA,
    BB,
    FAINT_32,
    FILLER_32,
    GU,
    GV,
    HALF,
    ONE,
    SKY_32,
    WEIGHT,
    ZERO,
    U,
    V,
    Z,
)  # fmt: skip
from wm_gym.memory.units import FILLER


@njit(nogil=True, cache=True, error_model="numpy")
def nearest_depth(screen, box, near, depth):
    """First pass: the least depth at every pixel centre.

    Args:
        screen: (M, 10) as `project` fills it.
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
        screen: (M, 10) as `project` fills it.
        box: (M, 4) as `project` fills it.
        index: (M,) rows of `record`.
        record: (P, 4) int32, colour in the low three bytes of column 0, and `FILLER`.
        near: float32 metres, as in the first pass.
        limit: (H, W) float32 metres, depth beyond which a point lies behind the nearest surface.
        sums: (H, W, 5) float32 zeros, filled with sums of weight * (r, g, b, depth) and of weights.
        best: (H, W) float32 zeros, filled with the greatest weight.
        front: (H, W) int32, filled with the row of the point of that weight.
        covers: (H, W) float32, filled with the square pixels that this point's splat covers, negative where it is seen
            from behind.
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
                weight = screen[k, WEIGHT] * (ONE - square) * (ONE - square) + FAINT_32
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
                    covers[row, column] = screen[k, AREA]


@njit(nogil=True, cache=True, error_model="numpy")
def draw(screen, box, index, record, is_moving, limits, fine):
    """Draw one layer over the subpixels of one pose, in one call that holds no interpreter lock.

    Args:
        screen: (M, 10) of `projection.list_on_screen`.
        box: (M, 4) of `projection.list_on_screen`.
        index: (M,) of `projection.list_on_screen`.
        record: (P, 4) int32 of the layer's points.
        is_moving: Whether the layer is of moving objects.
        limits: Near depth, surface tolerance as a fraction and in metres.
        fine: Of the subpixels: colour (h, w, 3) float32, depth (h, w) float32 metres, infinite where nothing is seen,
            point (h, w) int32, of moving points `~point`, and area (h, w) float32 square subpixels, negative from
            behind; written in place.
    """
    colour, depth, point, area = fine
    height, width = depth.shape
    near, tolerance, metres = limits
    nearest = np.full((height, width), np.float32(np.inf), np.float32)
    nearest_depth(screen, box, np.float32(near), nearest)
    limit = nearest * np.float32(1.0 + tolerance) + np.float32(metres)
    sums, best = np.zeros((height, width, 5), np.float32), np.zeros((height, width), np.float32)
    front, covers = np.zeros((height, width), np.int32), np.zeros((height, width), np.float32)
    blend(screen, box, index, record, np.float32(near), limit, sums, best, front, covers)
    over = np.float32(1.0 + tolerance)
    for row in range(height):
        for column in range(width):
            weight = sums[row, column, 4]
            if weight == ZERO:
                continue
            mean = sums[row, column, 3] / weight
            if mean > depth[row, column] * over:
                continue
            depth[row, column], area[row, column] = mean, covers[row, column]
            for channel in range(3):
                colour[row, column, channel] = sums[row, column, channel] / weight
            point[row, column] = ~front[row, column] if is_moving else front[row, column]


@njit(nogil=True, cache=True, error_model="numpy")
def reduce(fine, samples, record, moving_record, limits, logs, now, out):
    """The hints of one pose from its subpixels, of those that show anything: mean colour, median depth.

    A pixel moves if most of its subpixels do, else objects would grow by what lies beside them whenever they are shown
    and written again. Its depth is the median of the subpixels that move, or of those that do not: of an even number
    the mean of the two in the middle, if they lie on one surface, else the nearer one. All else is that of the first
    subpixel on that surface, row by row, since depths on one surface are nearly equal.

    Args:
        fine: Of `draw`, with `samples` times the rows and columns.
        samples: Subpixels along each side of a pixel.
        record: (P, 4) int32 of static and sky points.
        moving_record: (Q, 4) int32 of moving points.
        limits: As of `draw`.
        logs: Log-depths of the sky and of the farthest surface.
        now: Current frame index and appearance bits.
        out: The hints of this pose, each zero, filled in place: colour (H, W, 3) uint8, log-depth (H, W) float32, seen
            and moving (H, W) bool, age (H, W) int32, same appearance (H, W) bool, area (H, W) float32, and from behind
            (H, W) bool.
    """
    colours, depths, points, areas = fine
    colour, log_depth, seen, moving, age, same, area, from_behind = out
    height, width = seen.shape
    order, places = np.empty(samples * samples, np.float32), np.empty((samples * samples, 2), np.int64)
    for row in range(height):
        for column in range(width):
            count, movers, red, green, blue = 0, 0, ZERO, ZERO, ZERO
            for y in range(samples * row, samples * (row + 1)):
                for x in range(samples * column, samples * (column + 1)):
                    if depths[y, x] == np.inf:
                        continue
                    red, green, blue = red + colours[y, x, 0], green + colours[y, x, 1], blue + colours[y, x, 2]
                    count, movers = count + 1, movers + (points[y, x] < 0)
            if count == 0:
                continue
            over, moves = ONE / np.float32(count), 2 * movers > count
            count = _by_depth(fine, samples, row, column, moves, order, places)
            low, high = (count - 1) // 2, count // 2
            depth, point = order[low], points[places[low, 0], places[low, 1]]
            slack = depth * np.float32(limits[1]) + np.float32(limits[2])
            y, x = _first(fine, samples, row, column, depth, slack, moves)
            if order[high] <= depth + slack or point == points[places[high, 0], places[high, 1]]:
                depth = HALF * (depth + order[high])
            point = points[y, x]
            colour[row, column, 0] = np.uint8(red * over + HALF)
            colour[row, column, 1] = np.uint8(green * over + HALF)
            colour[row, column, 2] = np.uint8(blue * over + HALF)
            log_depth[row, column] = logs[0] if depth >= HALF * SKY_32 else min(math.log(depth), logs[1])
            seen[row, column], moving[row, column] = True, moves
            written = moving_record[~point, 1] if point < 0 else record[point, 1]
            bits = moving_record[~point, 2] if point < 0 else record[point, 2]
            age[row, column], same[row, column] = max(now[0] - written, 0), bits == now[1]
            area[row, column] = abs(areas[y, x]) / np.float32(samples * samples)
            from_behind[row, column] = areas[y, x] < ZERO


@njit(nogil=True, cache=True, error_model="numpy")
def _by_depth(fine, samples, row, column, is_moving, order, places):
    """The subpixels of a pixel that move, or those that do not, by depth.

    Fills `order` with their depths and `places` (K, 2) with their rows and columns; returns how many they are.
    """
    _, depths, points, _ = fine
    count = 0
    for y in range(samples * row, samples * (row + 1)):
        for x in range(samples * column, samples * (column + 1)):
            depth = depths[y, x]
            if depth == np.inf or (points[y, x] < 0) != is_moving:
                continue
            k = count
            while k > 0 and order[k - 1] > depth:
                order[k], places[k, 0], places[k, 1] = order[k - 1], places[k - 1, 0], places[k - 1, 1]
                k -= 1
            order[k], places[k, 0], places[k, 1] = depth, y, x
            count += 1
    return count


@njit(nogil=True, cache=True, error_model="numpy")
def _first(fine, samples, row, column, depth, slack, is_moving):
    """The first subpixel of a pixel on a surface, which there must be."""
    _, depths, points, _ = fine
    for y in range(samples * row, samples * (row + 1)):
        for x in range(samples * column, samples * (column + 1)):
            if abs(depths[y, x] - depth) <= slack and (points[y, x] < 0) == is_moving:
                return y, x
    return samples * row, samples * column
