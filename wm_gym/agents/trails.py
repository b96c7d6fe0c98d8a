"""Where bodies walked, from above, over the points that memory holds."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

HEADROOM_METRES = 0.6
"""Points this much over the start of the way are left out: ceilings, crowns of trees."""

MARGIN_METRES = 6.0
_GROUND = (24, 24, 28)
_TRAIL, _START, _SUCCESS, _END = (255, 210, 60), (90, 170, 255), (90, 220, 110), (240, 90, 80)


def paint_trail(
    positions: np.ndarray, colours: np.ndarray, body_poses: np.ndarray, is_success: bool, size: int = 256
) -> np.ndarray:
    """A map, x to the right and y up, with the way of one episode.

    Args:
        positions: (P, 3) points in metres, world frame.
        colours: (P, 3) uint8.
        body_poses: (S + 1, 5) of the episode; a blue dot is its start, a green one success, a red one another end.
        is_success: Whether the episode was one.
        size: Rows and columns of the picture.

    Returns:
        (size, size, 3) uint8.
    """
    low, scale = _window(body_poses[:, :2], size)
    picture = Image.fromarray(_ground(positions, colours, body_poses[0, 2] + HEADROOM_METRES, low, scale, size))
    draw, way = ImageDraw.Draw(picture), _pixels(body_poses[:, :2], low, scale, size)
    draw.line([tuple(point) for point in way.tolist()], fill=_TRAIL, width=max(1, size // 128), joint="curve")
    _dot(draw, way[0], _START, size)
    _dot(draw, way[-1], _SUCCESS if is_success else _END, size)
    return np.asarray(picture)


def _window(points: np.ndarray, size: int) -> tuple[np.ndarray, float]:
    """The lowest x and y that are shown, and pixels a metre."""
    low, high = points.min(0) - MARGIN_METRES, points.max(0) + MARGIN_METRES
    across = float((high - low).max())
    return (low + high - across) / 2, size / across


def _pixels(points: np.ndarray, low: np.ndarray, scale: float, size: int) -> np.ndarray:
    """(K, 2) columns and rows of points (K, 2)."""
    columns, rows = ((points - low) * scale).T
    return np.stack([columns, size - rows], 1)


def _ground(
    positions: np.ndarray, colours: np.ndarray, below: float, low: np.ndarray, scale: float, size: int
) -> np.ndarray:
    picture = np.full((size, size, 3), _GROUND, np.uint8)
    kept = positions[:, 2] < below
    places = np.floor(_pixels(positions[kept, :2], low, scale, size)).astype(np.int64)
    order = np.argsort(positions[kept, 2], kind="stable")  # high points hide low ones
    places, shades = places[order], colours[kept][order]
    inside = ((places >= 0) & (places < size)).all(1)
    picture[places[inside, 1], places[inside, 0]] = shades[inside]
    return picture


def _dot(draw: ImageDraw.ImageDraw, centre: np.ndarray, colour: tuple[int, int, int], size: int) -> None:
    (x, y), radius = centre.tolist(), max(2, size // 64)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
