"""Averages of neighbouring points at several levels of detail, compiled for the CPU.

Cells are cubes of 2^level metres (sky: radians) in absolute positions, so those of one level nest in those of the next.
Every kernel is sequential and writes only to its arguments. Knows nothing of blocks or cameras.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from wm_gym.memory.units import FILLER, FILLER_WEIGHT, TANGENT_UNIT

TOP_LEVEL = 3
"""Coarsest level: cells of 8 m, one pixel at the far plane."""

CODE_BITS = 19
"""Bits of a cell's number along each axis; with the level of the point, a key is of 63 bits."""

NUM_SUMS = 17
"""Sums of a cell: weight, position (3), second moments (6), colour (3), normal (3), and the greatest single weight."""


@njit(nogil=True, cache=True, error_model="numpy")
def cells_of(geometry, joins, codes):
    """Levels and cells at which points are first averaged: cells of 2 to 4 splat sizes.

    Args:
        geometry: (n, 4) float32, as in `blocks.Points`, at least one.
        joins: (n,) int64, filled with these levels; over `TOP_LEVEL` for points too large for any.
        codes: (n,) int64, filled with the Morton codes of the points' cells at the lowest of these levels.

    Returns:
        The lowest level.
    """
    lowest = TOP_LEVEL
    for i in range(geometry.shape[0]):
        joins[i] = min(math.frexp(geometry[i, 3])[1] + 1, TOP_LEVEL + 1)
        lowest = min(lowest, joins[i])
    low, extent = np.empty(3), 0.0
    for axis in range(3):
        low[axis], high = geometry[0, axis], geometry[0, axis]
        for i in range(geometry.shape[0]):
            low[axis], high = min(low[axis], geometry[i, axis]), max(high, geometry[i, axis])
        extent = max(extent, high - low[axis])
    while lowest < TOP_LEVEL and (extent + 2.0 * 2.0**TOP_LEVEL) / 2.0**lowest >= 2.0**CODE_BITS:
        lowest += 1
    base, last = np.floor(low / 2.0**TOP_LEVEL) * 2.0**TOP_LEVEL, (1 << CODE_BITS) - 1
    for i in range(geometry.shape[0]):
        joins[i] = max(joins[i], lowest)
        codes[i] = 0
        for axis in range(3):
            cell = min(np.int64((geometry[i, axis] - base[axis]) / 2.0**lowest), last)
            codes[i] |= _spread(cell) << axis
    return lowest


@njit(nogil=True, cache=True, error_model="numpy")
def _spread(number):
    """The bits of a number of 21 bits, two zeros between each two."""
    number = (number | number << 32) & 0x1F00000000FFFF
    number = (number | number << 16) & 0x1F0000FF0000FF
    number = (number | number << 8) & 0x100F00F00F00F00F
    number = (number | number << 4) & 0x10C30C30C30C30C3
    return (number | number << 2) & 0x1249249249249249


@njit(nogil=True, cache=True, error_model="numpy")
def average(geometry, tangents, record, alive, joins, codes, lowest, nodes, ends):
    """Nodes of all levels: the averages of the points of a cell whose normals point along the same axis.

    A node has the mean position and colour, by area, of its points; its patch is the parallelogram with their second
    moments in the plane of their mean normal; frame and appearance are those of the largest.

    Args:
        geometry: (n, 4) float32.
        tangents: (n, 6) int16.
        record: (n, 4) int32.
        alive: (n,) bool, the points that count.
        joins: (n,) int64 of `cells_of`, in increasing order.
        codes: (n,) int64 of `cells_of`, in increasing order among equal `joins`, else cells have several nodes.
        lowest: Level, of `cells_of`.
        nodes: Geometry, tangents and record of (M,) nodes, filled in place level by level.
        ends: (TOP_LEVEL + 1 - lowest,) int64, filled with the number of nodes up to each level.

    Returns:
        Number of levels filled. Where nodes would be too many there are no coarser levels.
    """
    total, room = geometry.shape[0], nodes[0].shape[0]
    before, after = np.empty((room, NUM_SUMS)), np.empty((room, NUM_SUMS))
    cells, next_cells = np.empty(room, np.int64), np.empty(room, np.int64)
    axes, next_axes = np.empty(room, np.int64), np.empty(room, np.int64)
    largest, next_largest = np.empty(room, np.int64), np.empty(room, np.int64)
    sums, here, who, used = np.empty((6, NUM_SUMS)), np.empty(NUM_SUMS), np.zeros(6, np.int64), np.zeros(6, np.bool_)
    count, first, end, level = 0, 0, 0, lowest
    while level <= TOP_LEVEL:
        last = first
        while last < total and joins[last] == level:
            last += 1
        if end + count + last - first > room:
            break
        i, j, made, shift = 0, first, 0, 3 * (level - lowest)
        while True:
            while j < last and not alive[j]:
                j += 1
            if i >= count and j >= last:
                break
            cell = cells[i] >> 3 if i < count else codes[j] >> shift
            if j < last:
                cell = min(cell, codes[j] >> shift)
            used[:] = False
            while i < count and cells[i] >> 3 == cell:
                _add(sums, who, used, axes[i], before[i], largest[i])
                i += 1
            while j < last and codes[j] >> shift == cell:
                if alive[j]:
                    axis = _moments(geometry, tangents, record, j, here)
                    _add(sums, who, used, axis, here, j)
                j += 1
            for axis in range(6):
                if used[axis]:
                    after[made] = sums[axis]
                    next_cells[made], next_axes[made], next_largest[made] = cell, axis, who[axis]
                    _emit(sums[axis], axis, geometry, record, who[axis], level, nodes, end + made)
                    made += 1
        end, count, first = end + made, made, last
        ends[level - lowest] = end
        before, after, cells, next_cells = after, before, next_cells, cells
        axes, next_axes, largest, next_largest = next_axes, axes, next_largest, largest
        level += 1
        if first == total and made <= 1:
            break
    return level - lowest


@njit(nogil=True, cache=True, error_model="numpy")
def _add(sums, who, used, axis, values, point):
    if not used[axis]:
        used[axis] = True
        who[axis] = point
        for b in range(NUM_SUMS):
            sums[axis, b] = values[b]
        return
    for b in range(NUM_SUMS - 1):
        sums[axis, b] += values[b]
    if values[NUM_SUMS - 1] > sums[axis, NUM_SUMS - 1]:
        sums[axis, NUM_SUMS - 1] = values[NUM_SUMS - 1]
        who[axis] = point


@njit(nogil=True, cache=True, error_model="numpy")
def _moments(geometry, tangents, record, i, values):
    """Fill the sums of one point, positions relative to the first of all; returns the axis of its normal, of 6."""
    unit = geometry[i, 3] * TANGENT_UNIT
    a, b, c = tangents[i, 0] * unit, tangents[i, 1] * unit, tangents[i, 2] * unit
    d, e, f = tangents[i, 3] * unit, tangents[i, 4] * unit, tangents[i, 5] * unit
    nx, ny, nz = b * f - c * e, c * d - a * f, a * e - b * d
    area = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-12
    x, y, z = geometry[i, 0], geometry[i, 1], geometry[i, 2]
    x, y, z = x - np.float64(geometry[0, 0]), y - np.float64(geometry[0, 1]), z - np.float64(geometry[0, 2])
    colour = record[i, 0]
    w = area * FILLER_WEIGHT if colour & FILLER else area
    values[0], values[1], values[2], values[3] = w, w * x, w * y, w * z
    values[4], values[5] = w * (x * x + (a * a + d * d) / 12), w * (x * y + (a * b + d * e) / 12)
    values[6], values[7] = w * (x * z + (a * c + d * f) / 12), w * (y * y + (b * b + e * e) / 12)
    values[8], values[9] = w * (y * z + (b * c + e * f) / 12), w * (z * z + (c * c + f * f) / 12)
    values[10], values[11], values[12] = w * (colour & 255), w * ((colour >> 8) & 255), w * ((colour >> 16) & 255)
    values[13], values[14], values[15] = w * nx / area, w * ny / area, w * nz / area
    values[16] = w
    if abs(nx) >= abs(ny) and abs(nx) >= abs(nz):
        return 0 if nx > 0 else 1
    if abs(ny) >= abs(nz):
        return 2 if ny > 0 else 3
    return 4 if nz > 0 else 5


@njit(nogil=True, cache=True, error_model="numpy")
def _emit(sums, axis, geometry, record, point, level, nodes, k):
    """Write node k from the sums of its points."""
    out, sides, records = nodes
    over, side = 1.0 / sums[0], 2.0**level
    x, y, z = sums[1] * over, sums[2] * over, sums[3] * over
    xx, xy, xz = sums[4] * over - x * x, sums[5] * over - x * y, sums[6] * over - x * z
    yy, yz, zz = sums[7] * over - y * y, sums[8] * over - y * z, sums[9] * over - z * z
    nx, ny, nz = sums[13], sums[14], sums[15]
    length = math.sqrt(nx * nx + ny * ny + nz * nz)
    if length < 1e-3 * sums[0]:
        sign = 1.0 if axis % 2 == 0 else -1.0
        nx, ny, nz, length = sign * (axis < 2), sign * (2 <= axis < 4), sign * (axis >= 4), 1.0
    nx, ny, nz = nx / length, ny / length, nz / length
    # two unit vectors whose cross product is the normal
    ex, ey, ez = (-ny, nx, 0.0) if abs(nz) < 0.9 else (0.0, -nz, ny)
    length = math.sqrt(ex * ex + ey * ey + ez * ez)
    ex, ey, ez = ex / length, ey / length, ez / length
    gx, gy, gz = ny * ez - nz * ey, nz * ex - nx * ez, nx * ey - ny * ex
    hx, hy, hz = xx * ex + xy * ey + xz * ez, xy * ex + yy * ey + yz * ez, xz * ex + yz * ey + zz * ez
    # the Cholesky factor of 12 times the covariance in that plane
    a = math.sqrt(12.0 * max(ex * hx + ey * hy + ez * hz, 0.0)) + 1e-9
    b = 12.0 * (gx * hx + gy * hy + gz * hz) / a
    hx, hy, hz = xx * gx + xy * gy + xz * gz, xy * gx + yy * gy + yz * gz, xz * gx + yz * gy + zz * gz
    c = math.sqrt(max(12.0 * (gx * hx + gy * hy + gz * hz) - b * b, 0.0))
    unit = 1.0 / (side * TANGENT_UNIT)
    sides[k, 0], sides[k, 1] = round((a * ex + b * gx) * unit), round((a * ey + b * gy) * unit)
    sides[k, 2], sides[k, 3] = round((a * ez + b * gz) * unit), round(c * gx * unit)
    sides[k, 4], sides[k, 5] = round(c * gy * unit), round(c * gz * unit)
    out[k, 0], out[k, 1], out[k, 2], out[k, 3] = x + geometry[0, 0], y + geometry[0, 1], z + geometry[0, 2], side
    for q in range(3):
        cell = math.floor(geometry[point, q] / side)
        if math.floor(out[k, q] / side) != cell:  # rounded out of its cell
            out[k, q] = (cell + 0.5) * side
    red, green, blue = int(sums[10] * over + 0.5), int(sums[11] * over + 0.5), int(sums[12] * over + 0.5)
    records[k, 0] = red | (green << 8) | (blue << 16) | (record[point, 0] & FILLER)
    records[k, 1], records[k, 2], records[k, 3] = record[point, 1], record[point, 2], 0


@njit(nogil=True, cache=True, error_model="numpy")
def page_bounds(groups, most):
    """Runs of equal `groups` (n,) in pieces of at most `most`: (R, 2) int64 first and one past the last."""
    total, count = groups.shape[0], 0
    bounds = np.empty((total, 2), np.int64)
    for i in range(total):
        if i == 0 or groups[i] != groups[i - 1] or i - bounds[count - 1, 0] == most:
            bounds[count, 0] = i
            count += 1
        bounds[count - 1, 1] = i + 1
    return bounds[:count].copy()


@njit(nogil=True, cache=True, error_model="numpy")
def page_spheres(geometry, tangents, pages, spheres):
    """Fill `spheres` (R, 4) float32 with centre and radius around the splats of each page, rows of `pages` (R, 2)."""
    for q in range(pages.shape[0]):
        first, last = pages[q, 0], pages[q, 1]
        for axis in range(3):
            low, high = geometry[first, axis], geometry[first, axis]
            for i in range(first + 1, last):
                low, high = min(low, geometry[i, axis]), max(high, geometry[i, axis])
            spheres[q, axis] = (low + high) * np.float32(0.5)
        radius = 0.0
        for i in range(first, last):
            square, sides = 0.0, 0.0
            for axis in range(3):
                square += (np.float64(geometry[i, axis]) - np.float64(spheres[q, axis])) ** 2
                sides += np.float64(tangents[i, axis]) ** 2 + np.float64(tangents[i, 3 + axis]) ** 2
            radius = max(radius, math.sqrt(square) + math.sqrt(sides) * TANGENT_UNIT * abs(geometry[i, 3]))
        spheres[q, 3] = np.float32(radius * 1.00001)
