"""Classification of pixels as new, their points, and free-space carving of old points, compiled for the CPU.

Every kernel is sequential and touches only its arguments. Knows nothing of blocks or worlds.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from wm_gym.memory.units import FILLER, MAX_STRETCH, TANGENT_UNIT

UNCHANGED, STATIC, SKY, MOVING, STATIC_BORDER, SKY_BORDER = range(6)
"""Kinds of pixels: nothing to write, or the layer that the pixel is written to.

A border is one more pixel of the same surface around a new region. A splat extends a little into the next pixel, which
then counts as shown; without the border a hole would open there when it is seen from nearer."""

VOXEL_LEVEL = -1
"""Level of voxels relative to splat sizes, in octaves: half the size, so that neighbouring pixels differ."""

BORDER_LEVEL = -3
"""The same for borders: a border overlaps existing points on purpose, but is not written twice."""

MAX_BEND = 0.5
"""Largest relative change of slope from pixel to pixel at which a surface counts as planar."""

WORD = 0xFFFFFFFF


@njit(nogil=True, cache=True, error_model="numpy")
def lowest_around(depth, scale):
    """(H, W) float32: the least value of each 3 x 3 neighbourhood, times `scale`."""
    height, width = depth.shape
    across, lowest = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    for row in range(height):
        across[row, 0] = _less(depth[row, 0], depth[row, min(1, width - 1)])
        across[row, width - 1] = _less(depth[row, width - 1], depth[row, max(width - 2, 0)])
        for column in range(1, width - 1):
            across[row, column] = _less(_less(depth[row, column - 1], depth[row, column]), depth[row, column + 1])
    for row in range(height):
        above, below = max(row - 1, 0), min(row + 1, height - 1)
        for column in range(width):
            least = _less(_less(across[above, column], across[row, column]), across[below, column])
            lowest[row, column] = least * scale
    return lowest


@njit(nogil=True, cache=True, error_model="numpy")
def _less(a, b):
    # a plain choice becomes one vector instruction; `min` also handles NaN
    return a if a < b else b


@njit(nogil=True, cache=True, error_model="numpy")
def hidden(geometry, alive, cameras, intrinsics, limits):
    """The points alive that no frame has in view nearer than the limit of their pixel.

    Args:
        geometry: (P, 4) float32.
        alive: (P,) bool.
        cameras: (T, 3, 4) float64 camera_from_world.
        intrinsics: (4,) float64 fx, fy, cx, cy in pixels.
        limits: (T, H, W) float32 metres, depth below which points are seen through.

    Returns:
        (P,) bool.
    """
    left = alive.copy()
    for i in range(geometry.shape[0]):
        if not alive[i]:
            continue
        x, y, z = geometry[i, 0], geometry[i, 1], geometry[i, 2]
        for t in range(limits.shape[0]):
            if _is_seen_through(x, y, z, cameras[t], intrinsics, limits[t]):
                left[i] = False
                break
    return left


@njit(nogil=True, cache=True, error_model="numpy")
def _is_seen_through(x, y, z, camera, intrinsics, limit):
    height, width = limit.shape
    distance = camera[2, 0] * x + camera[2, 1] * y + camera[2, 2] * z + camera[2, 3]
    if distance <= 1.0e-3:
        return False
    across = camera[0, 0] * x + camera[0, 1] * y + camera[0, 2] * z + camera[0, 3]
    down = camera[1, 0] * x + camera[1, 1] * y + camera[1, 2] * z + camera[1, 3]
    column = math.floor(intrinsics[0] * across / distance + intrinsics[2])
    row = math.floor(intrinsics[1] * down / distance + intrinsics[3])
    return 0 <= row < height and 0 <= column < width and distance < limit[row, column]


@njit(nogil=True, cache=True, error_model="numpy")
def classify(depth, moving, shown_depth, front_tolerance, carve_limit, far):
    """The kind of each pixel of one frame.

    A pixel is new where memory shows nothing static, where it lies in front of all that memory shows around it, and
    where it sees through the shown surface.

    Args:
        depth: (H, W) float32 metres; 0 is unknown, `far` and more is sky.
        moving: (H, W) bool.
        shown_depth: (H, W) float32 metres of the static points that memory shows, infinite elsewhere.
        front_tolerance: Relative depth by which a surface must be nearer than memory to be new.
        carve_limit: (H, W) float32 metres; shown surfaces nearer than this are seen through.
        far: Depth that stands for the sky, metres.

    Returns:
        (H, W) uint8, `UNCHANGED` or another kind; and (6,) int64, the number of pixels of each kind.
    """
    height, width = depth.shape
    front = lowest_around(shown_depth, np.float32(1.0 - front_tolerance))
    kind = np.zeros((height, width), np.uint8)
    for row in range(height):
        for column in range(width):
            z = depth[row, column]
            if z <= 0.0:
                continue
            if moving[row, column]:
                kind[row, column] = MOVING
                continue
            seen = shown_depth[row, column]
            if seen == np.inf or z < front[row, column] or seen < carve_limit[row, column]:
                kind[row, column] = SKY if z >= far else STATIC
    _mark_borders(kind, depth, moving, front_tolerance)
    counts = np.zeros(6, np.int64)
    for row in range(height):
        for column in range(width):
            counts[kind[row, column]] += 1
    return kind, counts


@njit(nogil=True, cache=True, error_model="numpy")
def _mark_borders(kind, depth, moving, tolerance):
    """Mark unchanged pixels that continue a new surface beside them as its border."""
    height, width = kind.shape
    for row in range(height):
        for column in range(width):
            if kind[row, column] != STATIC and kind[row, column] != SKY:
                continue
            border = STATIC_BORDER if kind[row, column] == STATIC else SKY_BORDER
            z = depth[row, column]
            for step in range(4):
                y, x = row + (step == 0) - (step == 1), column + (step == 2) - (step == 3)
                inside = 0 <= y < height and 0 <= x < width
                if inside and kind[y, x] == UNCHANGED and not moving[y, x] and abs(depth[y, x] - z) < tolerance * z:
                    kind[y, x] = border


@njit(nogil=True, cache=True, error_model="numpy")
def lift(kind, wanted, count, frame, depth, pose, intrinsics, surface_limit, written, appearance):
    """The points of all pixels of one kind, in row order.

    Args:
        kind: (H, W) uint8 of `classify`.
        wanted: The kind to lift, not `UNCHANGED`.
        count: Number n of pixels of that kind.
        frame: (H, W, 3) uint8.
        depth: (H, W) float32 metres.
        pose: (4, 4) float64 world_from_camera.
        intrinsics: (4,) float64 fx, fy, cx, cy in pixels.
        surface_limit: Largest depth of a surface, metres; farther ones are clamped to it.
        written: Index of the frame.
        appearance: Active global events as bits.

    Returns:
        Geometry (n, 4), tangents (n, 6) and record (n, 4), as in `blocks.Points`.
    """
    is_sky, is_border = wanted in (SKY, SKY_BORDER), wanted in (STATIC_BORDER, SKY_BORDER)
    height, width = kind.shape
    fx, fy = intrinsics[0], intrinsics[1]
    geometry, record = np.empty((count, 4), np.float32), np.empty((count, 4), np.int32)
    tangents = np.empty((count, 6), np.int16)
    i = 0
    for row in range(height):
        b = (row + 0.5 - intrinsics[3]) / fy
        for column in range(width):
            if kind[row, column] != wanted:
                continue
            a = (column + 0.5 - intrinsics[2]) / fx
            square = 1.0 + a * a + b * b
            z = 1.0 / math.sqrt(square) if is_sky else min(depth[row, column], surface_limit)
            splat_size = 1.0 / (fx * square) if is_sky else z / fx
            across = 0.0 if is_sky else _slope(depth, row, column, 0, 1, z, splat_size)
            down = 0.0 if is_sky else _slope(depth, row, column, 1, 0, z, splat_size)
            for axis in range(3):
                ray = pose[axis, 0] * a + pose[axis, 1] * b + pose[axis, 2]
                geometry[i, axis] = z * ray + (0.0 if is_sky else pose[axis, 3])
                # derivatives of z * ray along the column and along the row
                side = z / fx / splat_size * pose[axis, 0] + across * ray
                rise = z / fy / splat_size * pose[axis, 1] + down * ray
                tangents[i, axis] = round(side / TANGENT_UNIT)
                tangents[i, 3 + axis] = round(rise / TANGENT_UNIT)
            geometry[i, 3] = splat_size
            red, green, blue = int(frame[row, column, 0]), int(frame[row, column, 1]), int(frame[row, column, 2])
            record[i, 0] = red | (green << 8) | (blue << 16) | (FILLER if is_border else 0)
            record[i, 1] = written
            record[i, 2] = appearance
            record[i, 3] = voxel(geometry, i, BORDER_LEVEL if is_border else VOXEL_LEVEL)
            i += 1
    return geometry, tangents, record


@njit(nogil=True, cache=True, error_model="numpy")
def _slope(depth, row, column, step_row, step_column, z, splat_size):
    """Slope of the depth along one axis of the image, in splat sizes per pixel.

    Inverse depth is linear on a plane, so the difference is taken on the side where it changes less; where neither side
    is planar the slope is 0, and the patch faces the camera. Source: essentially non-oscillatory differences, Harten et
    al. 1987.
    """
    before, bend_before = _difference(depth, row, column, -step_row, -step_column)
    after, bend_after = _difference(depth, row, column, step_row, step_column)
    change, other, bend = (-before, after, bend_before) if bend_before < bend_after else (after, -before, bend_after)
    if bend > MAX_BEND * abs(change):
        return 0.0
    slope = min(max(-z * z * change / splat_size, -MAX_STRETCH), MAX_STRETCH)
    # at an edge, half the patch still meets the next pixel's and does not extend beyond the edge
    is_edge = bend_before < np.inf and bend_after < np.inf and abs(other - change) > MAX_BEND * abs(change)
    return 0.5 * slope if is_edge else slope


@njit(nogil=True, cache=True, error_model="numpy")
def _difference(depth, row, column, step_row, step_column):
    """Difference of inverse depth to the next pixel on one side, and its change to the pixel after that."""
    y, x = row + step_row, column + step_column
    if y < 0 or x < 0 or y >= depth.shape[0] or x >= depth.shape[1] or depth[y, x] <= 0.0:
        return 0.0, np.inf
    change = 1.0 / depth[y, x] - 1.0 / depth[row, column]
    y, x = y + step_row, x + step_column
    if y < 0 or x < 0 or y >= depth.shape[0] or x >= depth.shape[1] or depth[y, x] <= 0.0:
        return change, abs(change)
    return change, abs(1.0 / depth[y, x] - 1.0 / depth[y - step_row, x - step_column] - change)


@njit(nogil=True, cache=True, error_model="numpy")
def voxel(geometry, i, coarser):
    """Hash of the voxel of point i, whose level is that of the splat size, in octaves, plus `coarser`.

    32 bits: among 65,536 points a new one collides with another's hash once in 65,536 times, and is then not written.
    """
    level = round(math.log2(geometry[i, 3])) + coarser
    side = 2.0**level
    word = _mix(level & WORD)
    for axis in range(3):
        word = _mix((word ^ (math.floor(geometry[i, axis] / side) & WORD)) & WORD)
    return np.int32(word - (1 << 32) if word >= (1 << 31) else word)


@njit(nogil=True, cache=True, error_model="numpy")
def _mix(word):
    """The finaliser of MurmurHash3 (Appleby, public domain)."""
    word ^= word >> 16
    word = (word * 0x85EBCA6B) & WORD
    word ^= word >> 13
    word = (word * 0xC2B2AE35) & WORD
    return word ^ (word >> 16)


@njit(nogil=True, cache=True, error_model="numpy")
def free_voxels(geometry, record, existing, alive):
    """Which new points lie in voxels, of their own level and one octave finer and coarser, that hold no point yet.

    Points of one frame do not thin each other, so that near surfaces keep the resolution of pixels.

    Args:
        geometry: (n, 4) float32 new points, in order of the frame written.
        record: (n, 4) int32 records of the new points.
        existing: (E, 4) int32 records of existing points.
        alive: (E,) bool, whether each existing point is alive.

    Returns:
        (n,) bool.
    """
    total = record.shape[0]
    # a sparse table, so that nearly all of the many lookups end at once in an empty slot
    size = 4096
    while size < 16 * total:
        size *= 2
    slots, taken = np.full(size, -1, np.int64), np.zeros(size, np.bool_)
    places = np.empty((total, 3), np.int64)
    for i in range(total):
        for octave in range(3):
            key = record[i, 3] if record[i, 0] & FILLER else voxel(geometry, i, VOXEL_LEVEL + octave - 1)
            places[i, octave] = _slot(slots, key & WORD, True)
    for e in range(existing.shape[0]):
        if alive[e]:
            place = _slot(slots, existing[e, 3] & WORD, False)
            if place >= 0:
                taken[place] = True
    free = np.zeros(total, np.bool_)
    start = 0
    for i in range(total):
        free[i] = not (taken[places[i, 0]] or taken[places[i, 1]] or taken[places[i, 2]])
        if i + 1 == total or record[i + 1, 1] != record[i, 1]:
            for j in range(start, i + 1):
                taken[places[j, 1]] |= free[j]
            start = i + 1
    return free


@njit(nogil=True, cache=True, error_model="numpy")
def _slot(slots, key, insert):
    """Slot of a key in an open-addressing table, or -1."""
    last = slots.shape[0] - 1
    place = key & last
    while slots[place] != key:
        if slots[place] == -1:
            if not insert:
                return -1
            slots[place] = key
            return place
        place = (place + 1) & last
    return place
