"""A memory from above: each point is a square as large as its splat, and high points hide low ones."""

from __future__ import annotations

import numpy as np
from numba import njit

from wm_gym.memory.memory import Memory

MAP_METRES, MAP_PIXELS = 32.0, 160
HEADROOM_METRES = 0.6
"""Points this much over the camera are left out: ceilings, crowns of trees."""

_MOST_PIXELS = 4
_GROUND = (20, 22, 26)


def map_of(memory: Memory, position: np.ndarray) -> np.ndarray:
    """The static points around a position, x to the right and y up.

    Args:
        memory: Of one world.
        position: (3,) x, y, z of the camera, metres, world frame; it is in the middle.

    Returns:
        (`MAP_PIXELS`, `MAP_PIXELS`, 3) uint8, `MAP_METRES` across.
    """
    picture = np.full((MAP_PIXELS, MAP_PIXELS, 3), _GROUND, np.uint8)
    heights = np.full((MAP_PIXELS, MAP_PIXELS), -np.inf, np.float32)
    low = position[:2] - MAP_METRES / 2
    for row in memory.static:
        points = row.points()
        _paint(
            points.geometry,
            points.record,
            low[0],
            low[1],
            MAP_PIXELS / MAP_METRES,
            position[2] + HEADROOM_METRES,
            heights,
            picture,
        )
    return picture


@njit(nogil=True, cache=True, error_model="numpy")
def _paint(geometry, record, low_x, low_y, scale, below, heights, picture):
    """Lay points into a picture.

    Args:
        geometry: (P, 4) float32 x, y, z and splat size, metres.
        record: (P, 4) int32, of which the first holds red, green and blue in its low bytes.
        low_x: Lowest x that is shown.
        low_y: Lowest y that is shown.
        scale: Pixels a metre.
        below: Height over which points are left out.
        heights: (S, S) float32 height of what is seen in each pixel, updated.
        picture: (S, S, 3) uint8, updated.
    """
    size = picture.shape[0]
    for p in range(geometry.shape[0]):
        height = geometry[p, 2]
        if height >= below:
            continue
        column, row = (geometry[p, 0] - low_x) * scale, size - (geometry[p, 1] - low_y) * scale
        half = min(geometry[p, 3] * scale, _MOST_PIXELS) / 2
        if column + half < 0 or row + half < 0 or column - half >= size or row - half >= size:
            continue
        colour = record[p, 0]
        for y in range(max(0, int(row - half)), min(size, int(row + half) + 1)):
            for x in range(max(0, int(column - half)), min(size, int(column + half) + 1)):
                if height > heights[y, x]:
                    heights[y, x] = height
                    for c in range(3):
                        picture[y, x, c] = (colour >> (8 * c)) & 255
