"""Projection of points to splats: position and ellipse of each point on the screen, compiled for the CPU.

A point is a small flat patch of the surface, one source pixel wide each way, and is drawn as the ellipse that its patch
covers on the screen: a disc of one pixel in the pose of capture, and on a slanted surface seen from the front an
ellipse long enough to leave no holes. Source: Zwicker et al. 2001, "Surface Splatting". numba caches compiled code
beside each file until that file changes, so no kernel calls one of another file; after a change of a constant here
`__pycache__` must be cleared. Knows nothing of colours, blocks or worlds.
"""

from __future__ import annotations

import math
import threading

import numpy as np
from numba import njit

from wm_gym.memory.points import Points
from wm_gym.memory.units import FILLER_WEIGHT, TANGENT_UNIT

RADIUS_SQUARED = 0.58
"""Square of a splat's radius in source pixels: above 1/2, so that a square grid has no holes at any roll, nor where
two captures meet."""

LOW_PASS = 0.25
"""Variance in square pixels that widens a splat, so that points closer than pixels still cover pixel centres. With
`RADIUS_SQUARED` the radius in the pose of capture is 0.85, below 1: no splat covers its neighbour's pixel centre."""

MIN_PATCH = 0.5
"""Least size of a patch in square pixels, so that a pixel averages the points finer than itself."""

SKY_DEPTH = 1.0e6
"""Depth of the sky in the z-buffer: behind everything."""

FAINT = 1.0e-6
"""Weight of a point at the border of its splat, so that no covered pixel is left without weight."""

SMALLEST_PATCH = 0.3
"""Square pixels of the patch that weighs most: larger ones are enlarged, and of smaller ones a pixel takes the mean by
area."""

LEAST_WEIGHT = 1.0e-3
"""Weight added to every patch, so that slivers count where nothing else is."""

BACK_WEIGHT = 1.0e-3
"""Factor on the weight of a patch seen from behind, so that no colour bleeds through a thin wall."""

# literals would turn all arithmetic to float64, at half the speed
ZERO, HALF, ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
UNIT, FAINT_32, SKY_32 = np.float32(TANGENT_UNIT), np.float32(FAINT), np.float32(SKY_DEPTH)
SMALLEST_SQUARED, LEAST_32 = np.float32(SMALLEST_PATCH**2), np.float32(LEAST_WEIGHT)
FILLER_32, BACK_32 = np.float32(FILLER_WEIGHT), np.float32(BACK_WEIGHT)
RADIUS_SQUARED_32, OVER_RADIUS_SQUARED, LOW_PASS_32 = (
    np.float32(RADIUS_SQUARED),
    np.float32(1.0 / RADIUS_SQUARED),
    np.float32(LOW_PASS),
)
MIN_PATCH_32 = np.float32(MIN_PATCH)

U, V, Z, AA, AB, BB, GU, GV, WEIGHT, AREA = range(10)
"""Columns of a splat: centre (column, row; 0 is the first pixel's centre), depth, the conic that is below 1 inside the
splat (u u, 2 u v, v v), gradient of the depth along the screen, weight at the centre, square pixels of the patch,
negative where it is seen from behind."""

CHUNK = 1024
"""Points that are projected together, few enough for the first-level cache."""


@njit(nogil=True, cache=True, error_model="numpy")
def _place(geometry, at_infinity, camera, lens, place):
    """Fill `place` (3, n) with columns, rows and depths; a loop that the compiler can vectorise."""
    r00, r01, r02, tx = camera[0, 0], camera[0, 1], camera[0, 2], camera[0, 3]
    r10, r11, r12, ty = camera[1, 0], camera[1, 1], camera[1, 2], camera[1, 3]
    r20, r21, r22, tz = camera[2, 0], camera[2, 1], camera[2, 2], camera[2, 3]
    if at_infinity:
        tx, ty, tz = ZERO, ZERO, ZERO
    fx, fy, cx, cy = lens[0], lens[1], lens[2] - HALF, lens[3] - HALF
    for j in range(geometry.shape[0]):
        x, y, z = geometry[j, 0], geometry[j, 1], geometry[j, 2]
        depth = r20 * x + r21 * y + r22 * z + tz
        over = ONE / depth
        place[0, j] = fx * over * (r00 * x + r01 * y + r02 * z + tx) + cx
        place[1, j] = fy * over * (r10 * x + r11 * y + r12 * z + ty) + cy
        place[2, j] = depth


@njit(nogil=True, cache=True, error_model="numpy")
def _choose(place, size, height, width, near, most, at_infinity, chosen):
    """Fill `chosen` with the indices of the points that may touch the screen, of the first `size`; returns how many."""
    nearest = np.float32(1.0e-6) if at_infinity else near
    count = 0
    right, bottom = np.float32(width - 1) + most, np.float32(height - 1) + most
    for j in range(size):
        u, v = place[0, j], place[1, j]
        inside = (u > -most) & (v > -most) & (u < right) & (v < bottom)
        chosen[count] = j
        count += inside & (place[2, j] >= nearest)
    return count


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _pixels(low, high, size):
    """First and last whole number from `low` to `high` within an axis; the last is less than the first if none is."""
    # truncation is one instruction; `ceil` and `floor` are calls
    low = low if low > ZERO else ZERO
    high = high if high < size - ONE else size - ONE
    first = np.int32(low)
    return first + (first < low), np.int32(high + ONE) - 1


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _shape(geometry, tangents, i, at_infinity, rotation, lens, u, v, depth, height, width, most, screen, box, k):
    """Fill entry k with the splat of point i, if it covers a pixel. Inlined, as a call is dear here.

    `rotation` and `lens` are tuples, which the compiler keeps in registers.
    """
    r00, r01, r02, r10, r11, r12, r20, r21, r22 = rotation
    over = ONE / depth
    fx, fy, a, b = lens[0] * over, lens[1] * over, (u - lens[2]) * lens[4], (v - lens[3]) * lens[5]
    unit = geometry[i, 3] * UNIT
    x, y, z = np.float32(tangents[i, 0]) * unit, np.float32(tangents[i, 1]) * unit, np.float32(tangents[i, 2]) * unit
    slope_1 = r20 * x + r21 * y + r22 * z
    u_1 = fx * (r00 * x + r01 * y + r02 * z - a * slope_1)
    v_1 = fy * (r10 * x + r11 * y + r12 * z - b * slope_1)
    x, y, z = np.float32(tangents[i, 3]) * unit, np.float32(tangents[i, 4]) * unit, np.float32(tangents[i, 5]) * unit
    slope_2 = r20 * x + r21 * y + r22 * z
    u_2 = fx * (r00 * x + r01 * y + r02 * z - a * slope_2)
    v_2 = fy * (r10 * x + r11 * y + r12 * z - b * slope_2)
    uu, vv, uv = u_1 * u_1 + u_2 * u_2, v_1 * v_1 + v_2 * v_2, u_1 * v_1 + u_2 * v_2
    largest = most * most * OVER_RADIUS_SQUARED - LOW_PASS_32
    size = uu if uu > vv else vv
    shrink = largest / size if size > largest else ONE
    wider = LOW_PASS_32 + (MIN_PATCH_32 - size if size < MIN_PATCH_32 else ZERO)
    uu, vv, uv = shrink * uu + wider, shrink * vv + wider, shrink * uv
    # half extents of the ellipse
    wide, high = math.sqrt(RADIUS_SQUARED_32 * uu), math.sqrt(RADIUS_SQUARED_32 * vv)
    left, right = _pixels(u - wide, u + wide, width)
    top, bottom = _pixels(v - high, v + high, height)
    if right < left or bottom < top:
        return False
    box[k, 0], box[k, 1], box[k, 2], box[k, 3] = left, right, top, bottom
    inverse = ONE / (uu * vv - uv * uv)
    conic = inverse * OVER_RADIUS_SQUARED
    along_u, along_v = shrink * (u_1 * slope_1 + u_2 * slope_2), shrink * (v_1 * slope_1 + v_2 * slope_2)
    if at_infinity:
        depth, along_u, along_v = SKY_32, ZERO, ZERO
    screen[k, U], screen[k, V], screen[k, Z] = u, v, depth
    screen[k, AA], screen[k, AB], screen[k, BB] = vv * conic, -(uv + uv) * conic, uu * conic
    screen[k, GU], screen[k, GV] = (vv * along_u - uv * along_v) * inverse, (uu * along_v - uv * along_u) * inverse
    facing = u_1 * v_2 - u_2 * v_1
    area = abs(facing)
    weight = area / (SMALLEST_SQUARED + area * area) + LEAST_32
    if facing < ZERO and not at_infinity:
        weight, area = weight * BACK_32, -area
    screen[k, WEIGHT], screen[k, AREA] = weight, area
    return True


@njit(nogil=True, cache=True, error_model="numpy")
def project(
    geometry,
    tangents,
    first,
    last,
    at_infinity,
    camera,
    lens,
    height,
    width,
    near,
    most,
    screen,
    box,
    index,
    start,
):
    """Append the splats of points that may touch the screen to a list.

    Args:
        geometry: (P, 4) float32 position (or direction) and splat size.
        tangents: (P, 6) int16 tangents.
        first: First point to project.
        last: One past the last point to project.
        at_infinity: Whether the points are directions.
        camera: (3, 4) float32 camera_from_world.
        lens: (4,) float32 fx, fy, cx, cy in pixels.
        height: Rows.
        width: Columns.
        near: float32 metres, depth below which points are left out.
        most: float32 pixels, largest half extent of a splat.
        screen: (M + 1, 10) float32, filled in place with the columns above.
        box: (M + 1, 4) int16, filled in place with first and last column, first and last row.
        index: (M + 1,) int32, filled in place with the point's row in `geometry`.
        start: Number of entries filled before.

    Returns:
        Number of entries filled.
    """
    count = start
    r = camera
    rotation = (r[0, 0], r[0, 1], r[0, 2], r[1, 0], r[1, 1], r[1, 2], r[2, 0], r[2, 1], r[2, 2])
    fx, fy, cx, cy = lens[0], lens[1], lens[2] - HALF, lens[3] - HALF
    columns, rows = np.float32(width), np.float32(height)
    optics = (fx, fy, cx, cy, ONE / fx, ONE / fy)
    place = np.empty((3, CHUNK), np.float32)
    chosen = np.empty(CHUNK + 1, np.int64)
    for base in range(first, last, CHUNK):
        size = min(CHUNK, last - base)
        _place(geometry[base : base + size], at_infinity, camera, lens, place)
        visible = _choose(place, size, height, width, near, most, at_infinity, chosen)
        for k in range(visible):
            j = chosen[k]
            index[count] = base + j
            if _shape(
                geometry, tangents, base + j, at_infinity, rotation, optics, place[0, j], place[1, j], place[2, j],
                rows, columns, most, screen, box, count,
            ):  # fmt: skip
                count += 1
    return count


class _Scratch(threading.local):
    """Reused buffers for one thread's list. Memory fresh from the system costs as much as the arithmetic."""

    def __init__(self) -> None:
        self.buffers = self._make(0)

    def _make(self, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return np.empty((size, 10), np.float32), np.empty((size, 4), np.int16), np.empty(size, np.int32)

    def take(self, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Uninitialised screen, box and index of at least `size` entries."""
        if len(self.buffers[-1]) < size:
            self.buffers = self._make(size)
        return self.buffers


_scratch = _Scratch()


def list_on_screen(
    points: Points,
    num_finite: int,
    camera: np.ndarray,
    lens: np.ndarray,
    height: int,
    width: int,
    near_metres: float,
    max_splat_pixels: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The splats of surface points, then sky points: screen (M, 10), box (M, 4) and index (M,) as `project` fills them.

    The arrays are valid until the same thread calls this again.

    Args:
        points: P points.
        num_finite: Number of surface points; the points after them are directions.
        camera: (3, 4) camera_from_world.
        lens: (4,) fx, fy, cx, cy in pixels.
        height: Rows.
        width: Columns.
        near_metres: Depth below which points are left out.
        max_splat_pixels: Largest half extent of a splat.
    """
    total = len(points)
    screen, box, index = _scratch.take(total + 1)
    arrays = points.geometry, points.tangents
    view = camera.astype(np.float32), lens.astype(np.float32), height, width
    rest = *view, np.float32(near_metres), np.float32(max_splat_pixels), screen, box, index
    count = project(*arrays, 0, num_finite, False, *rest, 0)
    count = project(*arrays, num_finite, total, True, *rest, count)
    return screen[:count], box[:count], index[:count]
