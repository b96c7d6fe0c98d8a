"""A place drawn from above, for videos and web pages."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from wm_gym.backends.twin.maps import TwinMap
from wm_gym.backends.twin.raycast import sector_at_point
from wm_gym.backends.twin.simulator import surfaces_of

_MARGIN = 1.04
_SOLID, _FLOOR, _RAISED, _COVERED = (58, 62, 70), (226, 224, 216), (150, 154, 160), (203, 196, 184)
_WALL, _THING, _WAYPOINT, _START = (24, 26, 30), (70, 140, 80), (70, 110, 200), (220, 60, 50)
_STEP_UNITS = 32.0


def draw_plan(place: TwinMap, height: int, width: int) -> NDArray[np.uint8]:
    """The place from above, the map's +y upwards: walls, standing things, waypoints and the start.

    Args:
        place: The map.
        height: Rows.
        width: Columns.

    Returns:
        (H, W, 3) uint8.
    """
    to_pixels = plan_from_map(place, height, width)
    image = Image.fromarray(_ground(place, to_pixels, height, width))
    draw = ImageDraw.Draw(image)
    for ends in place.lines[place.blocking].reshape(-1, 2, 2):
        draw.line([tuple(end) for end in _transform(to_pixels, ends)], fill=_WALL)
    scale = abs(to_pixels[0, 0])
    for centre, radius in zip(_transform(to_pixels, place.solids[:, :2]), place.solids[:, 2] * scale, strict=True):
        _dot(draw, centre, max(1.0, float(radius)), _THING)
    for position in _transform(to_pixels, place.waypoints):
        _dot(draw, position, 1.0, _WAYPOINT)
    _dot(draw, _transform(to_pixels, np.array([place.start[:2]]))[0], 2.0, _START)
    return np.asarray(image)


def plan_from_map(place: TwinMap, height: int, width: int) -> NDArray[np.float64]:
    """(2, 3) affine map from map units to pixels (column, row) of `draw_plan`'s picture."""
    ends = place.lines.reshape(-1, 2)
    low, high = ends.min(axis=0), ends.max(axis=0)
    scale = float(min(width / (high[0] - low[0]), height / (high[1] - low[1]))) / _MARGIN
    centre = (low + high) / 2
    return np.array(
        [[scale, 0.0, width / 2 - scale * centre[0]], [0.0, -scale, height / 2 + scale * centre[1]]], np.float64
    )


def _transform(to_pixels: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    return points @ to_pixels[:, :2].T + to_pixels[:, 2]


def _dot(draw: ImageDraw.ImageDraw, centre: NDArray[np.float64], radius: float, colour: tuple[int, int, int]) -> None:
    x, y = float(centre[0]), float(centre[1])
    draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)


def _ground(place: TwinMap, to_pixels: NDArray[np.float64], height: int, width: int) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 coloured by the ground: open floor, covered floor, raised ground, or solid."""
    surfaces = surfaces_of(place)
    scale, x0, y0 = to_pixels[0, 0], to_pixels[0, 2], to_pixels[1, 2]
    sectors = _sectors(surfaces.lines, surfaces.sides, scale, x0, y0, height, width)
    start = surfaces.floors[surfaces.sector_at(place.start[0], place.start[1])]
    raised = surfaces.floors > start + _STEP_UNITS
    colours = np.where(raised[:, None], _RAISED, np.where(surfaces.sky[:, None], _FLOOR, _COVERED))
    return np.concatenate([colours, [_SOLID]]).astype(np.uint8)[sectors]


@numba.njit(cache=True)
def _sectors(
    lines: NDArray[np.float64], sides: NDArray[np.int32], scale: float, x0: float, y0: float, height: int, width: int
) -> NDArray[np.int32]:  # fmt: skip
    """Sector of every pixel, -1 for none."""
    sectors = np.empty((height, width), np.int32)
    for row in range(height):
        for column in range(width):
            sectors[row, column] = sector_at_point(lines, sides, (column + 0.5 - x0) / scale, -(row + 0.5 - y0) / scale)
    return sectors
