"""Projection and z-buffer splatting of points, compiled for the CPU.

Two passes after Zwicker et al. 2001 ("Surface Splatting"), with round, screen-facing splats: first the nearest depth
of every pixel, then the weighted mean of the points on that nearest surface. Every kernel is sequential and writes
only to what it is given, so results depend on nothing but the arguments. Knows nothing of blocks or worlds.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

SPREAD = 0.71
"""Radius of a splat over the spacing of the points: just over sqrt(1/2), so that a square grid has no gaps at any
roll or offset, and below 1, so that from the pose of capture no point reaches its neighbour's pixel centre."""

SMALLEST = 0.5
"""Pixels: smallest radius of a splat. Points closer together than pixels need no more."""

SKY_DEPTH = 1.0e6
"""Depth of the sky in the z-buffer: behind everything."""

FAINT = 1.0e-6
"""Weight of a point at the rim of its splat, so that no covered pixel is left without weight."""


@njit(nogil=True, cache=True)
def project(
    geometry, alive, first, last, at_infinity, camera, intrinsics, height, width, near, max_radius, screen, index, start
):
    """Points on the screen, appended to a list from entry `start`.

    Args:
        geometry: (P, 4) float32 position (or direction) and footprint.
        alive: (P,) bool.
        first: First point to take.
        last: One past the last point to take.
        at_infinity: Whether the points are directions.
        camera: (3, 4) float64 camera_from_world.
        intrinsics: (4,) float64.
        height: Rows.
        width: Columns.
        near: Metres.
        max_radius: Pixels.
        screen: (M, 4) float32, filled with column, row, depth, radius in pixels.
        index: (M,) int32, filled with the point's row in `geometry`.
        start: Entries already filled.

    Returns:
        Entries filled.
    """
    count = start
    fx, fy, cx, cy = intrinsics[0], intrinsics[1], intrinsics[2], intrinsics[3]
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
        a = (r00 * x + r01 * y + r02 * z + tx) / depth
        b = (r10 * x + r11 * y + r12 * z + ty) / depth
        # A direction's angle covers more pixels towards the rim of a flat image.
        magnification = geometry[i, 3] * fx * (1.0 + a * a + b * b if at_infinity else 1.0 / depth)
        radius = min(max(SPREAD * magnification, SMALLEST), max_radius)
        u = fx * a + cx
        v = fy * b + cy
        if u + radius < 0.5 or v + radius < 0.5 or u - radius > width - 0.5 or v - radius > height - 0.5:
            continue
        screen[count, 0] = u
        screen[count, 1] = v
        screen[count, 2] = SKY_DEPTH if at_infinity else depth
        screen[count, 3] = radius
        index[count] = i
        count += 1
    return count


@njit(nogil=True, cache=True)
def nearest_depth(screen, depth):
    """First pass: the least depth over every pixel centre.

    Args:
        screen: (M, 4) as `project` fills it.
        depth: (H, W) float32 to be lowered in place; infinite where nothing is.
    """
    height, width = depth.shape
    for k in range(screen.shape[0]):
        u, v, z, radius = screen[k, 0] - 0.5, screen[k, 1] - 0.5, screen[k, 2], screen[k, 3]
        reach = radius * radius
        for row in range(max(math.ceil(v - radius), 0), min(math.floor(v + radius), height - 1) + 1):
            dv = row - v
            for column in range(max(math.ceil(u - radius), 0), min(math.floor(u + radius), width - 1) + 1):
                du = column - u
                if du * du + dv * dv < reach and z < depth[row, column]:
                    depth[row, column] = z


@njit(nogil=True, cache=True)
def blend(screen, index, record, nearest, tolerance, metres, sums, best, front):
    """Second pass: weighted sums over the points on the nearest surface.

    Args:
        screen: (M, 4) as `project` fills it.
        index: (M,) rows of `record`.
        record: (P, 4) int32, colour in the low three bytes of column 0.
        nearest: (H, W) float32 of the first pass.
        tolerance: Fraction behind the nearest depth that is still the same surface.
        metres: The same, added.
        sums: (H, W, 5) float32 zeros, filled with sums of weight * (r, g, b, depth) and of weights.
        best: (H, W) float32 zeros, filled with the greatest weight.
        front: (H, W) int32, filled with the row of the point that has it.
    """
    height, width = nearest.shape
    for k in range(screen.shape[0]):
        u, v, z, radius = screen[k, 0] - 0.5, screen[k, 1] - 0.5, screen[k, 2], screen[k, 3]
        reach = radius * radius
        magnification = radius / np.float32(SPREAD)
        # Detail is worth less when blown up.
        scale = np.float32(1.0) / (np.float32(0.3) + magnification * magnification)
        colour = record[index[k], 0]
        red, green, blue = np.float32(colour & 255), np.float32((colour >> 8) & 255), np.float32((colour >> 16) & 255)
        for row in range(max(math.ceil(v - radius), 0), min(math.floor(v + radius), height - 1) + 1):
            dv = row - v
            for column in range(max(math.ceil(u - radius), 0), min(math.floor(u + radius), width - 1) + 1):
                du = column - u
                square = du * du + dv * dv
                if square >= reach or z > nearest[row, column] * (1.0 + tolerance) + metres:
                    continue
                fall = 1.0 - square / reach
                weight = np.float32(scale * fall * fall + FAINT)
                sums[row, column, 0] += weight * red
                sums[row, column, 1] += weight * green
                sums[row, column, 2] += weight * blue
                sums[row, column, 3] += weight * z
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
        colour: (H, W, 3) uint8 hints of this pose, and so on, filled in place.
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
