"""Which pixels are new, where they lie, and which old points they refute, compiled for the CPU.

Every kernel is sequential and touches only what it is given. Knows nothing of blocks or worlds.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from wm_gym.memory.blocks import MOST_STRETCH, TANGENT_UNIT
from wm_gym.memory.projection import FILLER

KNOWN, STATIC, SKY, MOVING, STATIC_RIM, SKY_RIM = range(6)
"""What `classify` makes of a pixel: nothing to write, or the layer that takes it.

A rim is one more pixel of the same surface around what is new. A splat reaches a little into the next pixel, which
then counts as known; without the rim a gap would open there when it is seen from nearer."""

LEVEL = -1
"""Octaves by which voxels are finer than footprints: then a pixel beside a known one is not taken for it."""

RIM_LEVEL = -3
"""Octaves by which the voxels of rims are finer: a rim overlaps known points on purpose, but is not written twice."""

MOST_BEND = 0.5
"""A surface is taken for straight where its slope changes by less than this fraction from pixel to pixel."""

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
    # A plain choice becomes one vector instruction; `min` also minds NaN.
    return a if a < b else b


@njit(nogil=True, cache=True, error_model="numpy")
def refute(geometry, alive, camera, intrinsics, limit):
    """Clear the alive flags of points in view that are nearer than the limit of their pixel.

    Args:
        geometry: (P, 4) float32.
        alive: (P,) bool, changed in place. Flags only fall, so frames may be done in any order.
        camera: (3, 4) float64 camera_from_world.
        intrinsics: (4,) float64.
        limit: (H, W) float32 metres.
    """
    height, width = limit.shape
    for i in range(geometry.shape[0]):
        if not alive[i]:
            continue
        x, y, z = geometry[i, 0], geometry[i, 1], geometry[i, 2]
        distance = camera[2, 0] * x + camera[2, 1] * y + camera[2, 2] * z + camera[2, 3]
        if distance <= 1.0e-3:
            continue
        across = camera[0, 0] * x + camera[0, 1] * y + camera[0, 2] * z + camera[0, 3]
        down = camera[1, 0] * x + camera[1, 1] * y + camera[1, 2] * z + camera[1, 3]
        column = math.floor(intrinsics[0] * across / distance + intrinsics[2])
        row = math.floor(intrinsics[1] * down / distance + intrinsics[3])
        if 0 <= row < height and 0 <= column < width and distance < limit[row, column]:
            alive[i] = False


@njit(nogil=True, cache=True, error_model="numpy")
def classify(depth, moving, known, front_tolerance, floor, far):
    """What to write of one frame.

    A pixel is new where nothing is known, where it lies in front of all that is known around it, and where it sees
    through what is known.

    Args:
        depth: (H, W) float32 metres, 0 unknown, `far` and more is sky.
        moving: (H, W) bool.
        known: (H, W) float32 depth that memory shows, infinite where it shows nothing that stays.
        front_tolerance: Fraction by which a new surface must be nearer.
        floor: (H, W) float32: what is known and nearer than this is seen through.
        far: Metres.

    Returns:
        (H, W) uint8 of `KNOWN` and the other kinds.
    """
    height, width = depth.shape
    front = lowest_around(known, np.float32(1.0 - front_tolerance))
    kind = np.zeros((height, width), np.uint8)
    for row in range(height):
        for column in range(width):
            z = depth[row, column]
            if z <= 0.0:
                continue
            if moving[row, column]:
                kind[row, column] = MOVING
                continue
            seen = known[row, column]
            if seen == np.inf or z < front[row, column] or seen < floor[row, column]:
                kind[row, column] = SKY if z >= far else STATIC
    _mark_rims(kind, depth, moving, front_tolerance)
    return kind


@njit(nogil=True, cache=True, error_model="numpy")
def _mark_rims(kind, depth, moving, tolerance):
    """Turn known pixels that continue a new surface beside them into its rim."""
    height, width = kind.shape
    for row in range(height):
        for column in range(width):
            if kind[row, column] != STATIC and kind[row, column] != SKY:
                continue
            rim = STATIC_RIM if kind[row, column] == STATIC else SKY_RIM
            z = depth[row, column]
            for step in range(4):
                y, x = row + (step == 0) - (step == 1), column + (step == 2) - (step == 3)
                inside = 0 <= y < height and 0 <= x < width
                if inside and kind[y, x] == KNOWN and not moving[y, x] and abs(depth[y, x] - z) < tolerance * z:
                    kind[y, x] = rim


@njit(nogil=True, cache=True, error_model="numpy")
def lift(kind, wanted, frame, depth, pose, intrinsics, surface_limit, written, appearance):
    """The points of all pixels of one kind, in row order.

    Args:
        kind: (H, W) uint8 of `classify`.
        wanted: Any other than `KNOWN`.
        frame: (H, W, 3) uint8.
        depth: (H, W) float32 metres.
        pose: (4, 4) float64 world_from_camera.
        intrinsics: (4,) float64.
        surface_limit: Metres: surfaces are put no farther away than this.
        written: Frame index of now.
        appearance: Bits of now.

    Returns:
        Geometry (n, 4), tangents (n, 6) and record (n, 4), as in `blocks.Points`.
    """
    is_sky, is_rim = wanted in (SKY, SKY_RIM), wanted in (STATIC_RIM, SKY_RIM)
    height, width = kind.shape
    fx, fy = intrinsics[0], intrinsics[1]
    count = np.count_nonzero(kind == wanted)
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
            footprint = 1.0 / (fx * square) if is_sky else z / fx
            across = 0.0 if is_sky else _slope(depth, row, column, 0, 1, z, footprint)
            down = 0.0 if is_sky else _slope(depth, row, column, 1, 0, z, footprint)
            for axis in range(3):
                ray = pose[axis, 0] * a + pose[axis, 1] * b + pose[axis, 2]
                geometry[i, axis] = z * ray + (0.0 if is_sky else pose[axis, 3])
                # The derivative of z * ray by the column and by the row.
                side = z / fx / footprint * pose[axis, 0] + across * ray
                rise = z / fy / footprint * pose[axis, 1] + down * ray
                tangents[i, axis] = round(side / TANGENT_UNIT)
                tangents[i, 3 + axis] = round(rise / TANGENT_UNIT)
            geometry[i, 3] = footprint
            red, green, blue = int(frame[row, column, 0]), int(frame[row, column, 1]), int(frame[row, column, 2])
            record[i, 0] = red | (green << 8) | (blue << 16) | (FILLER if is_rim else 0)
            record[i, 1] = written
            record[i, 2] = appearance
            record[i, 3] = voxel(geometry, i, RIM_LEVEL if is_rim else LEVEL)
            i += 1
    return geometry, tangents, record


@njit(nogil=True, cache=True, error_model="numpy")
def _slope(depth, row, column, step_row, step_column, z, footprint):
    """Slope of the depth along one axis of the image, in footprints per pixel.

    Inverse depth is linear on a plane, so the difference is taken to the side on which it is straighter; where it is
    straight on neither, as on an edge of both, the patch faces the camera. Source: essentially non-oscillatory
    differences, Harten et al. 1987.
    """
    before, bend_before = _difference(depth, row, column, -step_row, -step_column)
    after, bend_after = _difference(depth, row, column, step_row, step_column)
    change, other, bend = (-before, after, bend_before) if bend_before < bend_after else (after, -before, bend_after)
    if bend > MOST_BEND * abs(change):
        return 0.0
    slope = min(max(-z * z * change / footprint, -MOST_STRETCH), MOST_STRETCH)
    # At an edge half the patch still meets the next pixel's, and does not stick out beyond the edge.
    is_edge = bend_before < np.inf and bend_after < np.inf and abs(other - change) > MOST_BEND * abs(change)
    return 0.5 * slope if is_edge else slope


@njit(nogil=True, cache=True, error_model="numpy")
def _difference(depth, row, column, step_row, step_column):
    """Difference of inverse depth to the next pixel on one side, and how much it changes to the one after that."""
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
    """Hash of the voxel of point i: its level is that of the footprint, in octaves, plus `coarser`.

    32 bits: among 65,536 points a new one meets a stranger's hash once in 65,536 times, and is then not written.
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
    """Which new points lie in no voxel of theirs, one octave finer or coarser, that holds a point already.

    Points of one frame do not thin each other, so that near surfaces keep the resolution of pixels.

    Args:
        geometry: (n, 4) float32 new points, in order of the frame written.
        record: (n, 4) int32.
        existing: (E, 4) int32 records.
        alive: (E,) bool.

    Returns:
        (n,) bool.
    """
    total = record.shape[0]
    # Much room, so that nearly all of the many lookups end at once in an empty slot.
    size = 4096
    while size < 16 * total:
        size *= 2
    slots, taken = np.full(size, -1, np.int64), np.zeros(size, np.bool_)
    places = np.empty((total, 3), np.int64)
    for i in range(total):
        for octave in range(3):
            key = record[i, 3] if record[i, 0] & FILLER else voxel(geometry, i, LEVEL + octave - 1)
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
