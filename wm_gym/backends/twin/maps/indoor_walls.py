"""Drawings of walls inside houses and of inner courts. One pixel is one MU; a wall is as tall as its room."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from wm_gym.backends.twin.maps.paint import Drawing, box, canvas, ellipse

ROOM_STYLES = ("plain", "dado", "stripes", "tiles")


@lru_cache(maxsize=32)
def room_wall(style: str, height: int) -> Drawing:
    """A painted wall as tall as its room; slots paint, second paint, board."""
    pixels = canvas(height, 64)
    if style == "dado":
        box(pixels, 0, height - 38, 64, 38, 1)
        box(pixels, 0, height - 40, 64, 3, 2)
    if style == "stripes":
        box(pixels, 0, 0, 32, height, 1)
    if style == "tiles":
        for course in range(height - 48, height, 16):
            box(pixels, 0, course, 64, 1, 1)
        pixels[height - 48 :, ::16] = 1
        box(pixels, 0, height - 50, 64, 3, 2)
    box(pixels, 0, 0, 64, 4, 2)
    box(pixels, 0, height - 7, 64, 7, 2)
    return Drawing(pixels)


@lru_cache(maxsize=32)
def room_window(style: str, height: int) -> Drawing:
    """A wall with a window onto the sky, 4 m wide; slots of `room_wall`, then sky, low sky, far green, cloud."""
    pixels = np.tile(room_wall(style, height).pixels, (1, 2)).copy()
    top = height - 84
    box(pixels, 18, top, 92, 58, 2)
    box(pixels, 22, top + 4, 84, 50, 3)
    box(pixels, 22, top + 27, 84, 27, 4)
    for x, y, half in ((44, 17, 14), (86, 24, 12)):
        ellipse(pixels, x, top + y, half, 4, 6)
    for x, half in ((30, 16), (60, 22), (92, 20)):
        tall = 6 + half // 3
        box(pixels, max(22, x - half), top + 54 - tall, min(106, x + half) - max(22, x - half), tall, 5)
    box(pixels, 62, top, 4, 58, 2)
    box(pixels, 12, top + 56, 104, 4, 2)
    return Drawing(pixels)


@lru_cache(maxsize=32)
def hung_wall(style: str, height: int, kind: str) -> Drawing:
    """A painted wall with a "picture" or a "board" each 8 m; slots of `room_wall`, then frame and three colours."""
    pixels = np.tile(room_wall(style, height).pixels, (1, 4)).copy()
    top = height - 74
    if kind == "picture":
        box(pixels, 48, top, 46, 38, 3)
        box(pixels, 51, top + 3, 40, 32, 4)
        box(pixels, 51, top + 20, 40, 15, 5)
        ellipse(pixels, 78, top + 13, 6, 5, 6)
    else:
        box(pixels, 40, top, 72, 36, 3)
        box(pixels, 43, top + 3, 66, 30, 2)
        for note, slot in ((50, 4), (66, 5), (82, 6), (98, 4)):
            box(pixels, note, top + 8 + slot, 9, 10, slot)
    return Drawing(pixels)


@lru_cache(maxsize=32)
def room_shelf(style: str, height: int) -> Drawing:
    """A wall of books, 2 m wide; slots of `room_wall`, then wood and three bindings."""
    pixels = room_wall(style, height).pixels.copy()
    rng = np.random.default_rng(47)
    top = height - 70
    box(pixels, 0, top, 64, 70, 3)
    for shelf in range(top + 4, height - 6, 22):
        for book in range(4, 60, 7):
            tall = int(rng.integers(12, 18))
            box(pixels, book, shelf + 18 - tall, 6, tall, int(rng.integers(4, 7)))
    return Drawing(pixels)


@lru_cache(maxsize=32)
def room_door(height: int) -> Drawing:
    """A wall with a door, 2 m wide; slots of `room_wall`, then door and its joints."""
    pixels = room_wall("dado", height).pixels.copy()
    box(pixels, 10, height - 76, 44, 76, 2)
    box(pixels, 14, height - 72, 36, 72, 3)
    for panel in (height - 66, height - 34):
        box(pixels, 18, panel, 28, 26, 4)
        box(pixels, 20, panel + 2, 24, 22, 3)
    box(pixels, 44, height - 38, 3, 3, 2)
    return Drawing(pixels)


@lru_cache(maxsize=32)
def room_pane(height: int) -> Drawing:
    """A wall with a window into a house, 2 m wide; slots of `room_wall`, then frame, glass, bright glass."""
    pixels = room_wall("dado", height).pixels.copy()
    box(pixels, 8, height - 78, 48, 50, 3)
    box(pixels, 12, height - 74, 40, 42, 4)
    for row in range(28):
        box(pixels, 12, height - 74 + row, 28 - row, 1, 5)
    box(pixels, 30, height - 74, 4, 42, 3)
    box(pixels, 5, height - 30, 54, 4, 2)
    return Drawing(pixels)


@lru_cache(maxsize=32)
def court_wall(height: int) -> Drawing:
    """The outside of a house with a row of windows above the rooms; slots wall, shade, trim, glass, bright glass."""
    pixels = canvas(height, 64)
    box(pixels, 0, 0, 64, 8, 2)
    box(pixels, 0, 8, 64, 3, 1)
    top = height - 170
    box(pixels, 10, top, 44, 52, 2)
    box(pixels, 14, top + 4, 36, 44, 3)
    box(pixels, 14, top + 4, 20, 20, 4)
    box(pixels, 31, top + 4, 3, 44, 2)
    box(pixels, 6, top + 52, 52, 4, 2)
    box(pixels, 0, height - 104, 64, 4, 2)
    box(pixels, 0, height - 9, 64, 9, 1)
    return Drawing(pixels)
