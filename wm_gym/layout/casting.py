"""Pictures and depth of a plan: a ray for each pixel, walked from cell to cell until it meets a surface.

Exact for any camera; only pixels that are asked for are cast. What lies beyond the first cell that nobody has decided
is a guess, and marked as such.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from wm_gym.layout.cells import CEILINGS, CELL_METRES, HEIGHTS, INDEX, SOLID, UNKNOWN, Grid
from wm_gym.layout.surfaces import STARTS, Surfaces
from wm_gym.layout.tiles import SKY_DEGREES_ROUND, SKY_DEGREES_UP, TILE

UNASKED, UNDECIDED, SURFACE, SKY = range(4)
"""What a ray met: it was not cast; a cell that nobody has decided, beyond which ground, ceiling and sky are shown to go
on; a surface; the sky."""

_HIGHEST_METRES = 20.0
_NEAREST_METRES = 0.3
_CRISPEST = 4.0
_FINER = 1.5
"""Sizes by which a tile is taken finer than its pixels are; the twin's pictures take none but the finest."""
_ROUND, _UP = np.radians(SKY_DEGREES_ROUND), np.radians(SKY_DEGREES_UP)


@dataclass(frozen=True)
class Board:
    """A part of a plan round a body, ready to be cast.

    Attributes:
        grid: (X, Y) uint8 classes.
        origin: x and y in metres of the corner of cell (0, 0), world frame.
        ground_z: Metres of the ground in the world frame.
        objects: (B, 3) float64 kind in `cells.OBJECTS`, x and y in metres, world frame.
        ground: Class of the ground that is taken to go on where nothing is decided.
    """

    grid: Grid
    origin: tuple[float, float]
    ground_z: float
    objects: NDArray[np.float64]
    ground: int = INDEX["lawn"]


@dataclass(frozen=True)
class Cast:
    """What a camera sees of a plan.

    Attributes:
        colour: (H, W, 3) uint8.
        depth: (H, W) float32 planar metres; `far` at the sky, 0 where nothing is cast.
        met: (H, W) uint8, what rays met.
    """

    colour: NDArray[np.uint8]
    depth: NDArray[np.float32]
    met: NDArray[np.uint8]


def cast(
    board: Board,
    surfaces: Surfaces,
    world_from_camera: NDArray[np.float64],
    intrinsics: NDArray[np.float64],
    asked: NDArray[np.bool_],
    far_metres: float,
) -> Cast:
    """What a camera sees.

    Args:
        board: The plan.
        surfaces: Its looks.
        world_from_camera: (4, 4).
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        asked: (H, W) bool, the pixels to cast.
        far_metres: Depth of the sky.
    """
    colour = np.zeros((*asked.shape, 3), np.uint8)
    depth, met = np.zeros(asked.shape, np.float32), np.zeros(asked.shape, np.uint8)
    pose = np.asarray(world_from_camera, np.float64)
    eye = np.array([pose[0, 3] - board.origin[0], pose[1, 3] - board.origin[1], pose[2, 3] - board.ground_z])
    turn, lens = np.ascontiguousarray(pose[:3, :3]), np.asarray(intrinsics, np.float64)
    _walk_rays(
        board.grid, board.ground, HEIGHTS, CEILINGS, SOLID, surfaces.pixels, surfaces.tiles, surfaces.sizes,
        surfaces.floor,
        surfaces.side, surfaces.ceiling, surfaces.wall, surfaces.panel, surfaces.tops, surfaces.sky, surfaces.light,
        eye, turn, lens, np.ascontiguousarray(asked), float(far_metres), colour, depth, met,
    )  # fmt: skip
    objects = board.objects - np.array([0.0, *board.origin])
    away = np.hypot(objects[:, 1] - eye[0], objects[:, 2] - eye[1])
    for kind, x, y in objects[np.argsort(-away, kind="stable")]:
        tile, width, height = surfaces.sprites[int(kind)]
        base = max(0.0, HEIGHTS[board.grid[int(x / CELL_METRES), int(y / CELL_METRES)]])
        _stamp(
            surfaces.pixels[int(tile)], np.array([x, y, base]), width, height, eye, turn, lens,
            np.ascontiguousarray(asked), float(far_metres), colour, depth, met,
        )  # fmt: skip
    return Cast(colour, depth, met)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _walk_rays(
    grid, ground, heights, ceilings, solid, pixels, tiles, sizes, floor, side, ceiling, wall, panel, tops, sky, light,
    eye, turn, lens, asked, far, colour, depth, met,
):  # fmt: skip
    for row in range(asked.shape[0]):
        for column in range(asked.shape[1]):
            if not asked[row, column]:
                continue
            right, down = (column + 0.5 - lens[2]) / lens[0], (row + 0.5 - lens[3]) / lens[1]
            dx = turn[0, 0] * right + turn[0, 1] * down + turn[0, 2]
            dy = turn[1, 0] * right + turn[1, 1] * down + turn[1, 2]
            dz = turn[2, 0] * right + turn[2, 1] * down + turn[2, 2]
            _walk_ray(
                grid, ground, heights, ceilings, solid, pixels, tiles, sizes, floor, side, ceiling, wall, panel, tops,
                sky, light, eye, dx, dy, dz, lens[0], far, row, column, colour, depth, met,
            )  # fmt: skip


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _walk_ray(
    grid, ground, heights, ceilings, solid, pixels, tiles, sizes, floor, side, ceiling, wall, panel, tops, sky, light,
    eye, dx, dy, dz, focal, far, row, column, colour, depth, met,
):  # fmt: skip
    """One ray: `t` is planar depth, and z the height over the ground."""
    cell, length = CELL_METRES, np.sqrt(dx * dx + dy * dy + dz * dz)
    i, j = int(np.floor(eye[0] / cell)), int(np.floor(eye[1] / cell))
    step_i, step_j = (1 if dx > 0 else -1), (1 if dy > 0 else -1)
    grow_i, grow_j = abs(cell / dx) if dx != 0 else 1e18, abs(cell / dy) if dy != 0 else 1e18
    next_i = ((i + (dx > 0)) * cell - eye[0]) / dx if dx != 0 else 1e18
    next_j = ((j + (dy > 0)) * cell - eye[1]) / dy if dy != 0 else 1e18
    if i < 0 or j < 0 or i >= grid.shape[0] or j >= grid.shape[1] or grid[i, j] == UNKNOWN:
        _guess(
            pixels, tiles, sizes, floor[ground], ceiling[ground], wall[ground], heights[ground], ceilings[ground], sky,
            eye, dx, dy, dz, far, row, column, colour, depth,
        )  # fmt: skip
        met[row, column] = UNDECIDED
        return
    while True:
        here = grid[i, j]
        along_i = next_i < next_j
        t = next_i if along_i else next_j
        z = eye[2] + t * dz
        if z < heights[here] and dz < 0.0 and eye[2] > heights[here]:
            t = (heights[here] - eye[2]) / dz
            x, y = eye[0] + t * dx, eye[1] + t * dy
            spread = t / focal / np.sqrt(max(-dz / length, 0.05))
            _paint(pixels, tiles, sizes, floor[here], x, y, 1e9, spread, 1.0, row, column, colour)
            depth[row, column], met[row, column] = t, SURFACE
            return
        if z > ceilings[here] and eye[2] < ceilings[here]:
            t = (ceilings[here] - eye[2]) / dz
            x, y = eye[0] + t * dx, eye[1] + t * dy
            spread = t / focal / np.sqrt(max(dz / length, 0.05))
            _paint(pixels, tiles, sizes, ceiling[here], x, y, 1e9, spread, 1.0, row, column, colour)
            depth[row, column], met[row, column] = t, SURFACE
            return
        if t > far or z > _HIGHEST_METRES:
            _paint_sky(pixels[sky], dx, dy, dz, row, column, colour)
            depth[row, column], met[row, column] = far, SKY
            return
        if along_i:
            i, next_i = i + step_i, next_i + grow_i
            facing = 2 if step_i > 0 else 0
            across, upright = (eye[1] + t * dy) * -step_i, abs(dx)
        else:
            j, next_j = j + step_j, next_j + grow_j
            facing = 3 if step_j > 0 else 1
            across, upright = (eye[0] + t * dx) * step_j, abs(dy)
        is_inside = 0 <= i < grid.shape[0] and 0 <= j < grid.shape[1]
        if not is_inside or grid[i, j] == UNKNOWN:
            _guess(
                pixels, tiles, sizes, floor[here], ceiling[here], wall[here], heights[here], ceilings[here], sky,
                eye, dx, dy, dz, far, row, column, colour, depth,
            )  # fmt: skip
            met[row, column] = UNDECIDED
            return
        there = grid[i, j]
        if there == here:
            continue
        spread = t / focal / np.sqrt(max(upright / length, 0.05))
        top = min(ceilings[here], tops[here])
        shows = -1
        if solid[there] or z > ceilings[there]:
            if z > top:
                # over a wall in the open there is only sky
                _paint_sky(pixels[sky], dx, dy, dz, row, column, colour)
                depth[row, column], met[row, column] = far, SKY
                return
            shows = panel[there, here] if solid[there] and panel[there, here] >= 0 else wall[here]
        elif z < heights[there]:
            shows, top = side[there], heights[there]
        if shows >= 0:
            _paint(pixels, tiles, sizes, shows, across, top - z, z, spread, light[facing], row, column, colour)
            depth[row, column], met[row, column] = t, SURFACE
            return


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _guess(
    pixels, tiles, sizes, floor, ceiling, wall, height, roof, sky, eye, dx, dy, dz, far, row, column, colour, depth
):
    """Beyond what is decided the last cell's ground and ceiling go on, up to the sky or to a wall far away."""
    t, surface = far, sky
    if dz < 0.0:
        t, surface = (height - eye[2]) / dz, floor
    elif roof < 1e9:
        t, surface = (roof - eye[2]) / max(dz, 1e-9), ceiling
    if t >= far and roof > 1e8:
        _paint_sky(pixels[sky], dx, dy, max(dz, 0.0), row, column, colour)
        depth[row, column] = far
        return
    if t >= far:
        t, surface = far - 1.0, wall
    x, y = eye[0] + t * dx, eye[1] + t * dy
    _paint(pixels, tiles, sizes, surface, x, y, 1e9, 10.0 if surface == wall else t * 0.05, 1.0, row, column, colour)
    depth[row, column] = t


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _paint(pixels, tiles, sizes, surface, across, down, up, spread, light, row, column, colour):
    """The colour of a surface: `across` metres along it, `down` from its top, `up` from its foot."""
    band, at = 1, down
    if down < sizes[surface, 0]:
        band = 0
    elif up < sizes[surface, 2]:
        band, at = 2, sizes[surface, 2] - up
    else:
        at = down - sizes[surface, 0]
    u, v = across / sizes[surface, 3], at / sizes[surface, band]
    if sizes[surface, 4] > 0.0:
        u, v = v, u
    texels = spread * TILE / min(sizes[surface, 3], sizes[surface, band])
    out = colour[row, column]
    _sample(pixels[tiles[surface, band]], u, v, texels, light, out)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _sample(tile, u, v, texels, light, out):
    """A repeating tile at (u, v), between its four nearest pixels of the size that fits."""
    level = min(max(int(np.floor(np.log2(max(texels, 1.0)) - _FINER)), 0), 5)
    side, start = TILE >> level, STARTS[level]
    x, y = u * side - 0.5, v * side - 0.5
    left, above = np.floor(x), np.floor(y)
    # pixels of a near tile keep their edges
    crisp = min(max(1.0 / max(texels, 1e-6), 1.0), _CRISPEST)
    fx = min(max((x - left - 0.5) * crisp + 0.5, 0.0), 1.0)
    fy = min(max((y - above - 0.5) * crisp + 0.5, 0.0), 1.0)
    i, j = int(left) % side, int(above) % side
    k, m = (i + 1) % side, (j + 1) % side
    for channel in range(3):
        first = tile[start + j * side + i, channel] * (1 - fx) + tile[start + j * side + k, channel] * fx
        second = tile[start + m * side + i, channel] * (1 - fx) + tile[start + m * side + k, channel] * fx
        out[channel] = np.uint8(min(255.0, light * (first * (1 - fy) + second * fy) + 0.5))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _paint_sky(tile, dx, dy, dz, row, column, colour):
    """The sky, whose tile is laid four times all round, every other time mirrored."""
    turn = np.arctan2(dy, dx) / _ROUND
    rise = np.arctan2(dz, np.sqrt(dx * dx + dy * dy)) / _UP
    quarter = int(np.floor(turn))
    u = turn - quarter if quarter % 2 == 0 else 1.0 - (turn - quarter)
    side = TILE
    x, y = min(max(u * side - 0.5, 0.0), side - 1.0), min(max((1.0 - rise) * side - 0.5, 0.0), side - 1.0)
    i, j = int(x), int(y)
    k, m = min(i + 1, side - 1), min(j + 1, side - 1)
    fx, fy = x - i, y - j
    for channel in range(3):
        first = tile[j * side + i, channel] * (1 - fx) + tile[j * side + k, channel] * fx
        second = tile[m * side + i, channel] * (1 - fx) + tile[m * side + k, channel] * fx
        colour[row, column, channel] = np.uint8(first * (1 - fy) + second * fy + 0.5)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _stamp(tile, foot, width, height, eye, turn, lens, asked, far, colour, depth, met):
    """A cut-out that stands on a point and turns about the upright to face the camera."""
    ox, oy = foot[0] - eye[0], foot[1] - eye[1]
    away = np.sqrt(ox * ox + oy * oy)
    if away < _NEAREST_METRES or away > far:
        return
    # the plane through the foot that faces the camera
    nx, ny = ox / away, oy / away
    rows, columns = asked.shape
    low_u, high_u, low_v, high_v = 1e9, -1e9, 1e9, -1e9
    for corner in range(4):
        beside, z = (corner % 2 - 0.5) * width, foot[2] + (corner // 2) * height - eye[2]
        px, py = ox + beside * ny, oy - beside * nx
        ahead = turn[0, 2] * px + turn[1, 2] * py + turn[2, 2] * z
        if ahead < 0.1:
            return
        u = lens[2] + lens[0] * (turn[0, 0] * px + turn[1, 0] * py + turn[2, 0] * z) / ahead
        v = lens[3] + lens[1] * (turn[0, 1] * px + turn[1, 1] * py + turn[2, 1] * z) / ahead
        low_u, high_u = min(low_u, u), max(high_u, u)
        low_v, high_v = min(low_v, v), max(high_v, v)
    for row in range(max(0, int(low_v)), min(rows, int(high_v) + 1)):
        for column in range(max(0, int(low_u)), min(columns, int(high_u) + 1)):
            if not asked[row, column]:
                continue
            right, down = (column + 0.5 - lens[2]) / lens[0], (row + 0.5 - lens[3]) / lens[1]
            dx = turn[0, 0] * right + turn[0, 1] * down + turn[0, 2]
            dy = turn[1, 0] * right + turn[1, 1] * down + turn[1, 2]
            dz = turn[2, 0] * right + turn[2, 1] * down + turn[2, 2]
            facing = dx * nx + dy * ny
            if facing <= 1e-6:
                continue
            t = away / facing
            if met[row, column] >= SURFACE and depth[row, column] <= t:
                continue
            beside, z = (t * dx - ox) * ny - (t * dy - oy) * nx, eye[2] + t * dz - foot[2]
            u, v = beside / width + 0.5, 1.0 - z / height
            if u < 0.0 or u >= 1.0 or v < 0.0 or v >= 1.0:
                continue
            level = min(max(int(np.floor(np.log2(max(t / lens[0] * TILE / width, 1.0)) + 0.5)), 0), 4)
            side = TILE >> level
            pixel = tile[STARTS[level] + int(v * side) * side + int(u * side)]
            if pixel[3] > 127:
                for channel in range(3):
                    colour[row, column, channel] = pixel[channel]
                depth[row, column], met[row, column] = t, SURFACE
