"""The cut through the levels of detail at the poses of one step, compiled for the CPU.

A cell is refined where its side is more than what one pixel covers at the nearest corner of the cell, over all poses.
Refined cells lie in refined ones, so of a point and the nodes above it exactly one is drawn: the one whose own cell is
not refined and whose next coarser one is. Knows nothing of pixels' colours.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from wm_gym.memory.projection import HALF, ONE, ZERO

# a cell's nearest corner is nearer than any of its points by at most its diagonal; more, since sums round
DIAGONAL = np.float32(1.8)

NOWHERE = np.float32(1.0e30)


@njit(nogil=True, cache=True, error_model="numpy")
def cut(geometry, tangents, record, alive, bounds, sides, spheres, at_infinity, view, out, start):
    """Append the points of one level or several that are drawn to a list.

    Args:
        geometry: (n, 4) float32.
        tangents: (n, 6) int16.
        record: (n, 4) int32.
        alive: (n,) bool, or (0,) if all are.
        bounds: (R, 2) int64 of `levels.Pages`.
        sides: (R, 2) float32 of `levels.Pages`.
        spheres: (R, 4) float32 of `levels.Pages`.
        at_infinity: Whether the points are directions.
        view: (T, 3, 4) float32 camera_from_world, (4, 3) float32 inward normals of the frustum, and float32 metres that
            a pixel covers at a metre, and near depth.
        out: Geometry, tangents and record of the list, filled in place.
        start: Number of entries filled before.

    Returns:
        Number of entries filled.
    """
    cameras, normals, pixel, near = view
    count, most = start, 0
    for q in range(bounds.shape[0]):
        most = max(most, bounds[q, 1] - bounds[q, 0])
    depths, coarser = np.empty(most, np.float32), np.empty(most, np.float32)
    tilts = np.empty(cameras.shape[0], np.float32)
    for t in range(cameras.shape[0]):
        tilts[t] = HALF * (abs(cameras[t, 2, 0]) + abs(cameras[t, 2, 1]) + abs(cameras[t, 2, 2]))
    for q in range(bounds.shape[0]):
        own, parent = sides[q, 0], sides[q, 1]
        radius = spheres[q, 3]
        seen, depth = _look(spheres[q], at_infinity, cameras, normals)
        if not seen:
            continue
        mixed, mixed_coarser = False, False
        if at_infinity:
            if own > pixel or parent <= pixel:
                continue
        else:
            farthest = max(depth + radius, near)
            if own > pixel * farthest or parent <= pixel * max(depth - radius - DIAGONAL * parent, near):
                continue
            mixed = own > pixel * max(depth - radius - DIAGONAL * own, near)
            mixed_coarser = parent <= pixel * farthest
        first, last = bounds[q, 0], bounds[q, 1]
        if mixed:
            _nearest(geometry[first:last], own, cameras, tilts, near, depths)
        if mixed_coarser:
            _nearest(geometry[first:last], parent, cameras, tilts, near, coarser)
        for i in range(first, last):
            if alive.shape[0] > 0 and not alive[i]:
                continue
            if mixed and own > pixel * depths[i - first]:
                continue
            if mixed_coarser and parent <= pixel * coarser[i - first]:
                continue
            for b in range(4):
                out[0][count, b], out[2][count, b] = geometry[i, b], record[i, b]
            for b in range(6):
                out[1][count, b] = tangents[i, b]
            count += 1
    return count


@njit(nogil=True, cache=True, error_model="numpy")
def _look(sphere, at_infinity, cameras, normals):
    """Whether a sphere touches the frustum of any pose, and the least depth of its centre over all poses."""
    seen, least = False, NOWHERE
    x, y, z, radius = sphere[0], sphere[1], sphere[2], sphere[3]
    shift = ZERO if at_infinity else ONE
    for t in range(cameras.shape[0]):
        c = cameras[t]
        depth = c[2, 0] * x + c[2, 1] * y + c[2, 2] * z + shift * c[2, 3]
        least = min(least, depth)
        if seen or depth <= -radius:
            continue
        across = c[0, 0] * x + c[0, 1] * y + c[0, 2] * z + shift * c[0, 3]
        down = c[1, 0] * x + c[1, 1] * y + c[1, 2] * z + shift * c[1, 3]
        inside = True
        for k in range(4):
            inside &= normals[k, 0] * across + normals[k, 1] * down + normals[k, 2] * depth > -radius
        seen = inside
    return seen, least


@njit(nogil=True, cache=True, error_model="numpy")
def _nearest(geometry, side, cameras, tilts, near, depths):
    """Fill `depths` with the least depth of the cell of each point over all poses, at least `near`."""
    over = ONE / side
    for i in range(geometry.shape[0]):
        depths[i] = NOWHERE
    for t in range(cameras.shape[0]):
        a, b, c, d = cameras[t, 2, 0], cameras[t, 2, 1], cameras[t, 2, 2], cameras[t, 2, 3]
        lower = tilts[t] * side
        for i in range(geometry.shape[0]):
            x, y, z = geometry[i, 0] * over, geometry[i, 1] * over, geometry[i, 2] * over
            # centres of cells, by truncation, which is one instruction, as `floor` is not
            p, q, r = np.float32(np.int32(x)), np.float32(np.int32(y)), np.float32(np.int32(z))
            x = (p + (HALF if p <= x else -HALF)) * side
            y = (q + (HALF if q <= y else -HALF)) * side
            z = (r + (HALF if r <= z else -HALF)) * side
            depth = a * x + b * y + c * z + d - lower
            depths[i] = depth if depth < depths[i] else depths[i]
    for i in range(geometry.shape[0]):
        depths[i] = depths[i] if depths[i] > near else near
