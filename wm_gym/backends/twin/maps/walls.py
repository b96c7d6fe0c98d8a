"""Drawings of hall walls and of the sides of raised things: hedges, crates, racks, cars. One pixel is one MU."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from wm_gym.backends.twin.maps.paint import Drawing, Pixels, box, canvas, ellipse, soft_noise


@lru_cache(maxsize=32)
def hall_wall(height: int) -> Drawing:
    """Corrugated sheet with a band and high windows; slots sheet, rib, plinth, glass, bright glass, band."""
    pixels = canvas(height, 128)
    pixels[:, ::16] = 1
    pixels[:, 1::16] = 1
    box(pixels, 0, 26, 128, 44, 2)
    for pane in range(0, 128, 32):
        box(pixels, pane + 3, 30, 26, 36, 3)
        box(pixels, pane + 3, 30, 26, 14, 4)
    box(pixels, 0, height - 130, 128, 14, 5)
    box(pixels, 0, height - 112, 128, 4, 5)
    box(pixels, 0, height - 40, 128, 40, 2)
    return Drawing(pixels)


@lru_cache(maxsize=32)
def hall_gate(height: int) -> Drawing:
    """A rolling gate 4 m wide in a hall wall; slots of `hall_wall`, then gate, its joints, stripes yellow and black."""
    pixels = hall_wall(height).pixels.copy()
    top = height - 112
    box(pixels, 6, top - 6, 116, 118, 8)
    for stripe in range(6, 122, 16):
        box(pixels, stripe, top - 6, 8, 6, 9)
    for post in range(top, height, 16):
        box(pixels, 6, post, 8, 8, 9)
        box(pixels, 114, post, 8, 8, 9)
    box(pixels, 14, top, 100, 112, 6)
    pixels[top + 12 : height : 14, 14:114] = 7
    box(pixels, 14, height - 6, 100, 6, 7)
    return Drawing(pixels)


@lru_cache(maxsize=32)
def side(kind: str) -> Drawing:
    """One of `SIDES`: what a raised thing shows on its sides, from its top down."""
    return Drawing(SIDES[kind]())


def _plain() -> Pixels:
    return canvas(64, 64)


def _car() -> Pixels:
    """Side and ends of a car's body; slots paint, shade, light, tyre, lamp. A long side shows two wheels."""
    pixels = canvas(22, 256)
    box(pixels, 0, 10, 256, 3, 1)
    box(pixels, 0, 0, 256, 2, 2)
    box(pixels, 2, 5, 9, 5, 4)
    box(pixels, 45, 5, 9, 5, 4)
    box(pixels, 0, 19, 256, 3, 3)
    for wheel in (30, 106):
        ellipse(pixels, wheel, 16, 12, 10, 3)
        ellipse(pixels, wheel, 16, 5, 4, 2)
    return pixels


def _cabin() -> Pixels:
    """Windows of a car; slots paint, glass, light."""
    pixels = canvas(18, 128, 1)
    box(pixels, 0, 0, 128, 3, 0)
    box(pixels, 0, 16, 128, 2, 0)
    for post in (0, 34, 70, 42):
        box(pixels, post, 0, 3, 18, 0)
    return pixels


def _table() -> Pixels:
    """A table top over the dark below it; slots wood, shade, edge."""
    pixels = canvas(64, 64, 1)
    box(pixels, 0, 0, 64, 5, 2)
    box(pixels, 0, 5, 64, 2, 0)
    box(pixels, 2, 7, 6, 57, 0)
    box(pixels, 56, 7, 6, 57, 0)
    return pixels


def _hedge() -> Pixels:
    """Slots leaf, dark leaf, light leaf."""
    noise = soft_noise(64, 64, 12, 53)
    pixels = np.where(noise < 0.38, 1, np.where(noise > 0.62, 2, 0)).astype(np.uint8)
    box(pixels, 0, 0, 64, 4, 2)
    return pixels


def _stone() -> Pixels:
    """Slots stone, joint, cap."""
    pixels = canvas(64, 64)
    for course in range(6, 64, 12):
        box(pixels, 0, course, 64, 2, 1)
        box(pixels, (course * 5) % 32, course, 2, 12, 1)
        box(pixels, (course * 5) % 32 + 32, course, 2, 12, 1)
    box(pixels, 0, 0, 64, 6, 2)
    return pixels


def _slats() -> Pixels:
    """Slots board, gap, edge."""
    pixels = canvas(64, 64)
    pixels[6::8] = 1
    pixels[7::8] = 1
    box(pixels, 0, 0, 64, 3, 2)
    return pixels


def _crate() -> Pixels:
    """A wooden crate 1 m wide, stacked every 32; slots board, frame, light edge."""
    pixels = canvas(32, 32)
    pixels[7::7] = 1
    for step in range(32):
        box(pixels, step - 2, step, 4, 1, 2)
    box(pixels, 0, 0, 32, 4, 2)
    box(pixels, 0, 28, 32, 4, 2)
    box(pixels, 0, 0, 4, 32, 2)
    box(pixels, 28, 0, 4, 32, 2)
    box(pixels, 0, 31, 32, 1, 1)
    pixels[:, 31] = 1
    return np.tile(pixels, (4, 2))


def _container() -> Pixels:
    """A ribbed steel box, 2 m wide bays; slots sheet, rib, frame."""
    pixels = canvas(128, 64)
    pixels[:, 4::8] = 1
    pixels[:, 5::8] = 1
    box(pixels, 0, 0, 64, 5, 2)
    box(pixels, 0, 67, 64, 5, 2)
    box(pixels, 0, 0, 4, 128, 2)
    return pixels


def _rack() -> Pixels:
    """Shelves 1.5 m apart full of boxes; slots shade, upright, beam, then three boxes and their tape."""
    pixels = canvas(160, 128)
    rng = np.random.default_rng(59)
    for shelf in range(0, 160, 40):
        for place in range(6, 122, 29):
            tall = int(rng.choice((22, 28)))
            slot = int(rng.integers(3, 6))
            box(pixels, place + 1, shelf + 36 - tall, 26, tall, slot)
            box(pixels, place + 11, shelf + 36 - tall, 5, tall // 3, 6)
        box(pixels, 0, shelf + 35, 128, 5, 2)
    for upright in (0, 64):
        box(pixels, upright, 0, 6, 160, 1)
    return pixels


def _cabinet() -> Pixels:
    """Doors 1 m wide with handles; slots wood, joint, edge."""
    pixels = canvas(64, 64)
    pixels[:, ::32] = 1
    pixels[:, 31::32] = 1
    box(pixels, 0, 0, 64, 4, 2)
    for handle in (24, 56):
        box(pixels, handle, 12, 3, 10, 2)
    return pixels


SIDES: dict[str, Callable[[], Pixels]] = {
    "plain": _plain,
    "car": _car,
    "cabin": _cabin,
    "table": _table,
    "hedge": _hedge,
    "stone": _stone,
    "slats": _slats,
    "crate": _crate,
    "container": _container,
    "rack": _rack,
    "cabinet": _cabinet,
}
