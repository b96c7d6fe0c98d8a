"""Projection and z-buffer splatting of points, compiled for the CPU.

A point is a small flat patch of the surface, one source pixel wide each way, and is drawn as the ellipse that its
patch covers on the screen: in the pose of capture a round pixel, on a slant seen from the front long enough to close
the gaps. Two passes after Zwicker et al. 2001 ("Surface Splatting"): first the nearest depth of every pixel, then the
weighted mean of the points on that nearest surface. Every kernel is sequential and writes only to what it is given,
so results depend on nothing but the arguments. Knows nothing of blocks or worlds.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

TANGENT_UNIT = 1.0 / 1024.0
"""Tangents are stored in this part of the footprint."""

REACH = 0.58
"""Square of a splat's radius in source pixels: over 1/2, so that a square grid has no gaps at any
roll, nor where two captures meet."""

LOW_PASS = 0.25
"""Square pixels that widen a splat, so that points closer than pixels still meet pixel centres. With `REACH` the
radius in the pose of capture is 0.85, below 1: no point reaches its neighbour's pixel centre."""

SKY_DEPTH = 1.0e6
"""Depth of the sky in the z-buffer: behind everything."""

FAINT = 1.0e-6
"""Weight of a point at the rim of its splat, so that no covered pixel is left without weight."""

U, V, Z, WIDE, HIGH, AA, AB, BB, GU, GV, SHARP = range(11)
"""Columns of a point on the screen: centre (column, row), depth, half extents, the conic that is below 1 inside
the splat (u u, 2 u v, v v), slope of the depth along the screen, and weight by sharpness."""


@njit(nogil=True, cache=True)
def project(
    geometry, tangents, alive, first, last, at_infinity, camera, lens, height, width, near, most, screen, index, start
):
    """Points on the screen, appended to a list from entry `start`.

    Args:
        geometry: (P, 4) float32 position (or direction) and footprint.
        tangents: (P, 6) int16 tangents.
        alive: (P,) bool.
        first: First point to take.
        last: One past the last point to take.
        at_infinity: Whether the points are directions.
        camera: (3, 4) float64 camera_from_world.
        lens: (4,) float64 fx, fy, cx, cy.
        height: Rows.
        width: Columns.
        near: Metres.
        most: Pixels, largest half extent.
        screen: (M, 11) float32 to fill.
        index: (M,) int32, filled with the point's row in `geometry`.
        start: Entries already filled.

    Returns:
        Entries filled.
    """
    count = start
    fx, fy, cx, cy = lens[0], lens[1], lens[2], lens[3]
    shift = 0.0 if at_infinity else 1.0
    r00, r01, r02, tx = camera[0, 0], camera[0, 1], camera[0, 2], camera[0, 3] * shift
    r10, r11, r12, ty = camera[1, 0], camera[1, 1], camera[1, 2], camera[1, 3] * shift
    r20, r21, r22, tz = camera[2, 0], camera[2, 1], camera[2, 2], camera[2, 3] * shift
    nearest = 1.0e-6 if at_infinity else near
    for i in range(first, last):
        if not alive[i]:
            continue
        x, y, z = geometry[i, 0], geometry[i, 1], geometry[i, 2]
        depth = r20 * x + r21 * y + r22 * z + tz
        if depth < nearest:
            continue
        over = 1.0 / depth
        a = (r00 * x + r01 * y + r02 * z + tx) * over
        b = (r10 * x + r11 * y + r12 * z + ty) * over
        u = fx * a + cx - 0.5
        v = fy * b + cy - 0.5
        if u < -most or v < -most or u > width - 1 + most or v > height - 1 + most:
            continue
        unit = geometry[i, 3] * TANGENT_UNIT
        x, y, z = tangents[i, 0] * unit, tangents[i, 1] * unit, tangents[i, 2] * unit
        slope_1 = r20 * x + r21 * y + r22 * z
        u_1 = fx * over * (r00 * x + r01 * y + r02 * z - a * slope_1)
        v_1 = fy * over * (r10 * x + r11 * y + r12 * z - b * slope_1)
        x, y, z = tangents[i, 3] * unit, tangents[i, 4] * unit, tangents[i, 5] * unit
        slope_2 = r20 * x + r21 * y + r22 * z
        u_2 = fx * over * (r00 * x + r01 * y + r02 * z - a * slope_2)
        v_2 = fy * over * (r10 * x + r11 * y + r12 * z - b * slope_2)
        size = max(u_1 * u_1 + u_2 * u_2, v_1 * v_1 + v_2 * v_2)
        shrink = min(1.0, (most * most / REACH - LOW_PASS) / max(size, 1.0e-12))
        uu = shrink * (u_1 * u_1 + u_2 * u_2) + LOW_PASS
        vv = shrink * (v_1 * v_1 + v_2 * v_2) + LOW_PASS
        uv = shrink * (u_1 * v_1 + u_2 * v_2)
        wide, high = math.sqrt(REACH * uu), math.sqrt(REACH * vv)
        if u + wide < 0 or v + high < 0 or u - wide > width - 1 or v - high > height - 1:
            continue
        inverse = 1.0 / (uu * vv - uv * uv)
        along_u = 0.0 if at_infinity else shrink * (u_1 * slope_1 + u_2 * slope_2)
        along_v = 0.0 if at_infinity else shrink * (v_1 * slope_1 + v_2 * slope_2)
        area = u_1 * v_2 - u_2 * v_1
        screen[count, U] = u
        screen[count, V] = v
        screen[count, Z] = SKY_DEPTH if at_infinity else depth
        screen[count, WIDE] = wide
        screen[count, HIGH] = high
        screen[count, AA] = vv * inverse / REACH
        screen[count, AB] = -2.0 * uv * inverse / REACH
        screen[count, BB] = uu * inverse / REACH
        screen[count, GU] = (vv * along_u - uv * along_v) * inverse
        screen[count, GV] = (uu * along_v - uv * along_u) * inverse
        # Detail is worth less when blown up.
        screen[count, SHARP] = 1.0 / (0.3 + abs(area))
        index[count] = i
        count += 1
    return count


@njit(nogil=True, cache=True)
def nearest_depth(screen, near, depth):
    """First pass: the least depth over every pixel centre.

    Args:
        screen: (M, 11) as `project` fills it.
        near: Metres: no part of a splat comes nearer.
        depth: (H, W) float32 to be lowered in place; infinite where nothing is.
    """
    height, width = depth.shape
    for k in range(screen.shape[0]):
        u, v, z, wide, high = screen[k, U], screen[k, V], screen[k, Z], screen[k, WIDE], screen[k, HIGH]
        aa, ab, bb, gu, gv = screen[k, AA], screen[k, AB], screen[k, BB], screen[k, GU], screen[k, GV]
        left, right = max(math.ceil(u - wide), 0), min(math.floor(u + wide), width - 1)
        for row in range(max(math.ceil(v - high), 0), min(math.floor(v + high), height - 1) + 1):
            dv = np.float32(row) - v
            for column in range(left, right + 1):
                du = np.float32(column) - u
                if aa * du * du + ab * du * dv + bb * dv * dv < np.float32(1.0):
                    here = max(z + gu * du + gv * dv, near)
                    if here < depth[row, column]:
                        depth[row, column] = here


@njit(nogil=True, cache=True)
def blend(screen, index, record, nearest, near, tolerance, metres, sums, best, front):
    """Second pass: weighted sums over the points on the nearest surface.

    Args:
        screen: (M, 11) as `project` fills it.
        index: (M,) rows of `record`.
        record: (P, 4) int32, colour in the low three bytes of column 0.
        nearest: (H, W) float32 of the first pass.
        near: As in the first pass.
        tolerance: Fraction behind the nearest depth that is still the same surface.
        metres: The same, added.
        sums: (H, W, 5) float32 zeros, filled with sums of weight * (r, g, b, depth) and of weights.
        best: (H, W) float32 zeros, filled with the greatest weight.
        front: (H, W) int32, filled with the row of the point that has it.
    """
    height, width = nearest.shape
    one = np.float32(1.0)
    for k in range(screen.shape[0]):
        u, v, z, wide, high = screen[k, U], screen[k, V], screen[k, Z], screen[k, WIDE], screen[k, HIGH]
        aa, ab, bb, gu, gv = screen[k, AA], screen[k, AB], screen[k, BB], screen[k, GU], screen[k, GV]
        colour = record[index[k], 0]
        red, green, blue = np.float32(colour & 255), np.float32((colour >> 8) & 255), np.float32((colour >> 16) & 255)
        left, right = max(math.ceil(u - wide), 0), min(math.floor(u + wide), width - 1)
        for row in range(max(math.ceil(v - high), 0), min(math.floor(v + high), height - 1) + 1):
            dv = np.float32(row) - v
            for column in range(left, right + 1):
                du = np.float32(column) - u
                square = aa * du * du + ab * du * dv + bb * dv * dv
                if square >= one:
                    continue
                here = max(z + gu * du + gv * dv, near)
                if here > nearest[row, column] * (one + tolerance) + metres:
                    continue
                weight = screen[k, SHARP] * (one - square) * (one - square) + np.float32(FAINT)
                sums[row, column, 0] += weight * red
                sums[row, column, 1] += weight * green
                sums[row, column, 2] += weight * blue
                sums[row, column, 3] += weight * here
                sums[row, column, 4] += weight
                if weight > best[row, column]:
                    best[row, column] = weight
                    front[row, column] = index[k]


@njit(nogil=True, cache=True)
def resolve(sums, front, record, over, is_moving, clock, log_far, colour, log_depth, seen, moving, age, same):
    """Turn one layer's sums into hints of one pose, over the layers already there.

    Args:
        sums: (H, W, 5) of `blend`.
        front: (H, W) of `blend`.
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


@njit(nogil=True, cache=True)
def draw(geometry, tangents, record, alive, num_finite, is_moving, camera, lens, limits, now, out):
    """Draw one layer of one pose over the hints that are there, in one call without the interpreter.

    Args:
        geometry: (P, 4) float32.
        tangents: (P, 6) int16.
        record: (P, 4) int32.
        alive: (P,) bool.
        num_finite: Points from this one on are directions.
        is_moving: Whether the layer is of moving things.
        camera: (3, 4) float64 camera_from_world.
        lens: (4,) float64 fx, fy, cx, cy.
        limits: Near metres, largest half extent in pixels, surface tolerance as a fraction and in metres, far
            metres, largest depth of a surface.
        now: Frame and appearance.
        out: The hints of this pose, as the last six arguments of `resolve`.
    """
    height, width = out[1].shape
    near, most, tolerance, metres, far, limit = limits
    total = geometry.shape[0]
    screen, index = np.empty((total, 11), np.float32), np.empty(total, np.int32)
    points = (geometry, tangents, alive)
    view = (camera, lens, height, width, near, most, screen, index)
    count = project(*points, 0, num_finite, False, *view, 0)
    count = project(*points, num_finite, total, True, *view, count)
    if count == 0:
        return
    screen, index = screen[:count], index[:count]
    nearest = np.full((height, width), np.float32(np.inf), np.float32)
    nearest_depth(screen, np.float32(near), nearest)
    sums, best = np.zeros((height, width, 5), np.float32), np.zeros((height, width), np.float32)
    front = np.zeros((height, width), np.int32)
    blend(
        screen, index, record, nearest, np.float32(near), np.float32(tolerance), np.float32(metres), sums, best, front
    )
    logs = (math.log(far), math.log(limit))
    resolve(sums, front, record, math.log1p(tolerance), is_moving, now, logs, *out)
