"""Ray casting of a map: the surface in each pixel of a level pinhole camera, and distances along rays to surfaces.

The map is 2.5-D: lines, seen from above, separate sectors, each with a floor and a ceiling height. The camera is level
(yaw only) with a principal point that may lie anywhere, so every column of pixels is one ray seen from above, which
crosses lines from near to far and passes through the openings between floors and ceilings. Lengths are map units.

A surface has a number: a wall is the index of its line, floors and ceilings follow from `FLOOR` and `CEILING`, the
sky is `SKY`. Knows nothing of the engine, of metres or of pitch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

SKY = -1
FLOOR = 10_000
CEILING = 20_000
_NEAR_UNITS = 1e-3


@dataclass(frozen=True)
class Surfaces:
    """The geometry of a map.

    Attributes:
        lines: (L, 4) float64 x1, y1, x2, y2.
        sides: (L, 2) int32 sectors in front (right of 1 -> 2) and behind, -1 for none.
        floors: (S,) float64 heights.
        ceilings: (S,) float64 heights.
        sky: (S,) bool, whether the ceiling is sky.
    """

    lines: NDArray[np.float64]
    sides: NDArray[np.int32]
    floors: NDArray[np.float64]
    ceilings: NDArray[np.float64]
    sky: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if len(self.lines) >= FLOOR or len(self.floors) >= FLOOR:
            raise ValueError(f"a map must have under {FLOOR} lines and sectors, got {len(self.lines)}")

    def sector_at(self, x: float, y: float) -> int:
        """The sector that contains a point, or -1 outside the map."""
        return int(sector_at_point(self.lines, self.sides, x, y))


class ColumnCaster:
    """Casts the columns of level cameras of one size; keeps its buffers between calls."""

    def __init__(self, surfaces: Surfaces, height: int, width: int) -> None:
        self.surfaces = surfaces
        self.surface_ids = np.empty((height, width), np.int16)
        self._counts = np.empty(width, np.int32)
        self._distances = np.empty((width, max(1, len(surfaces.lines))))
        self._crossed = np.empty((width, max(1, len(surfaces.lines))), np.int32)

    def cast(
        self, eye: tuple[float, float, float], yaw_radians: float, intrinsics: tuple[float, float, float, float]
    ) -> NDArray[np.int16]:
        """Surface numbers of every pixel, (H, W); the array is overwritten by the next call.

        Args:
            eye: x, y, z.
            yaw_radians: Counter-clockwise from +x.
            intrinsics: fx, fy, cx, cy in pixels; fy counts map units upwards.
        """
        s = self.surfaces
        camera = np.array([*eye, np.cos(yaw_radians), np.sin(yaw_radians), *intrinsics])
        _list_crossings(s.lines, s.sides, camera, self._counts, self._distances, self._crossed)
        _walk_columns(
            s.lines, s.sides, s.floors, s.ceilings, s.sky, s.sector_at(eye[0], eye[1]), camera,
            self._counts, self._distances, self._crossed, self.surface_ids,
        )  # fmt: skip
        return self.surface_ids


@numba.njit(cache=True, error_model="numpy")
def sector_at_point(lines: NDArray[np.float64], sides: NDArray[np.int32], x: float, y: float) -> int:
    """The sector a point lies in, or -1 outside the map."""
    # a direction that no right-angled plan runs along
    dx, dy = 0.98006658, 0.19866933
    nearest, sector = np.inf, -1
    for i in range(lines.shape[0]):
        ex, ey = lines[i, 2] - lines[i, 0], lines[i, 3] - lines[i, 1]
        turn = dx * ey - dy * ex
        if turn == 0.0:
            continue
        rx, ry = lines[i, 0] - x, lines[i, 1] - y
        t = (rx * ey - ry * ex) / turn
        along = (rx * dy - ry * dx) / turn
        if 0.0 < t < nearest and 0.0 <= along <= 1.0:
            nearest, sector = t, sides[i, 0 if turn < 0.0 else 1]
    return sector


@numba.njit(cache=True, error_model="numpy")
def _list_crossings(
    lines: NDArray[np.float64], sides: NDArray[np.int32], camera: NDArray[np.float64],
    counts: NDArray[np.int32], distances: NDArray[np.float64], crossed: NDArray[np.int32],
) -> None:  # fmt: skip
    """Fill, for each column, the lines that its ray crosses and their planar distances, from near to far."""
    x, y, cos, sin, fx, cx = camera[0], camera[1], camera[3], camera[4], camera[5], camera[7]
    width = counts.shape[0]
    counts[:] = 0
    for i in range(lines.shape[0]):
        ax, ay, bx, by = lines[i, 0] - x, lines[i, 1] - y, lines[i, 2] - x, lines[i, 3] - y
        if sides[i, 1] < 0 and ax * by - ay * bx >= 0.0:
            continue  # the back of a wall
        f0, r0 = ax * cos + ay * sin, ax * sin - ay * cos
        f1, r1 = bx * cos + by * sin, bx * sin - by * cos
        if f0 < _NEAR_UNITS and f1 < _NEAR_UNITS:
            continue
        df, dr = f1 - f0, r1 - r0
        g0, s0, g1, s1 = f0, r0, f1, r1
        if f0 < _NEAR_UNITS:
            g0, s0 = _NEAR_UNITS, r0 + dr * (_NEAR_UNITS - f0) / df
        if f1 < _NEAR_UNITS:
            g1, s1 = _NEAR_UNITS, r0 + dr * (_NEAR_UNITS - f0) / df
        u0, u1 = cx + fx * s0 / g0, cx + fx * s1 / g1
        first = int(np.ceil(max(min(u0, u1) - 0.5, 0.0)))
        last = int(np.floor(min(max(u0, u1) - 0.5, width - 1.0)))
        for u in range(first, last + 1):
            slope = (u + 0.5 - cx) / fx
            turn = dr - slope * df
            if turn == 0.0:
                continue
            t = f0 + df * (slope * f0 - r0) / turn
            j = counts[u]
            while j > 0 and distances[u, j - 1] > t:
                distances[u, j], crossed[u, j] = distances[u, j - 1], crossed[u, j - 1]
                j -= 1
            distances[u, j], crossed[u, j] = t, i
            counts[u] += 1


@numba.njit(cache=True, error_model="numpy")
def _walk_columns(
    lines: NDArray[np.float64], sides: NDArray[np.int32], floors: NDArray[np.float64], ceilings: NDArray[np.float64],
    sky: NDArray[np.bool_], eye_sector: int, camera: NDArray[np.float64], counts: NDArray[np.int32],
    distances: NDArray[np.float64], crossed: NDArray[np.int32], surface_ids: NDArray[np.int16],
) -> None:  # fmt: skip
    """Fill each column from its ends inwards, as floors, ceilings and steps cover the rows that are still open."""
    x, y, z, fy, cy = camera[0], camera[1], camera[2], camera[6], camera[8]
    height, width = surface_ids.shape
    for u in range(width):
        top, bottom, sector = 0, height, eye_sector
        for q in range(counts[u]):
            t, i = distances[u, q], crossed[u, q]
            in_front = (lines[i, 0] - x) * (lines[i, 3] - y) - (lines[i, 1] - y) * (lines[i, 2] - x) < 0.0
            near, far = (sides[i, 0], sides[i, 1]) if in_front else (sides[i, 1], sides[i, 0])
            if near != sector:
                if near < 0:
                    continue
                sector = near
            ceiling_end = _row(cy - fy * (ceilings[sector] - z) / t, top, bottom)
            floor_start = _row(cy - fy * (floors[sector] - z) / t, ceiling_end, bottom)
            surface_ids[top:ceiling_end, u] = SKY if sky[sector] else CEILING + sector
            surface_ids[floor_start:bottom, u] = FLOOR + sector
            top, bottom = ceiling_end, floor_start
            if far < 0:
                surface_ids[top:bottom, u] = i
                top = bottom
                break
            opening_top = top
            if not (sky[sector] and sky[far]):  # the sky hangs over walls that part two open-air sectors
                opening_top = _row(cy - fy * (ceilings[far] - z) / t, top, bottom)
            opening_bottom = _row(cy - fy * (floors[far] - z) / t, opening_top, bottom)
            surface_ids[top:opening_top, u] = i
            surface_ids[opening_bottom:bottom, u] = i
            top, bottom, sector = opening_top, opening_bottom, far
            if top >= bottom:
                break
        surface_ids[top:bottom, u] = SKY


@numba.njit(cache=True, error_model="numpy")
def _row(v: float, low: int, high: int) -> int:
    """First row whose centre lies below the image height v, kept within low..high."""
    return int(min(max(np.ceil(v - 0.5), low), high))


@numba.njit(cache=True, error_model="numpy")
def surface_distance(
    surface: int, x: float, y: float, z: float, dx: float, dy: float, dz: float,
    lines: NDArray[np.float64], floors: NDArray[np.float64], ceilings: NDArray[np.float64],
) -> float:  # fmt: skip
    """Distance along a ray to the plane of a surface, in lengths of its direction; not positive if it never meets."""
    if surface >= CEILING:
        return (ceilings[surface - CEILING] - z) / dz
    if surface >= FLOOR:
        return (floors[surface - FLOOR] - z) / dz
    ex, ey = lines[surface, 2] - lines[surface, 0], lines[surface, 3] - lines[surface, 1]
    return ((lines[surface, 0] - x) * ey - (lines[surface, 1] - y) * ex) / (dx * ey - dy * ex)
