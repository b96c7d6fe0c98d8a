"""Drawings of sprites: trees, potted plants, street lamps, a fountain, birds, a bonfire."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from wm_gym.backends.twin.maps.paint import Colour, Drawing, Pixels, box, canvas, ellipse, shade, soft_noise

TREE_KINDS = ("round", "tall", "pine")
BONFIRE_FRAMES = 4

BONFIRE_COLOURS: tuple[Colour, ...] = (
    (0, 0, 0),
    (112, 72, 44),
    (72, 46, 32),
    (226, 84, 28),
    (250, 152, 36),
    (255, 222, 92),
    (255, 248, 200),
    (120, 112, 106),
)
LAMP_COLOURS: tuple[Colour, ...] = ((0, 0, 0), (58, 66, 78), (92, 102, 116), (255, 240, 176), (255, 252, 232))
FOUNTAIN_COLOURS: tuple[Colour, ...] = ((0, 0, 0), (150, 205, 232), (205, 234, 246), (244, 252, 255))
BIRD_COLOURS: tuple[Colour, ...] = ((0, 0, 0), (70, 78, 96), (238, 240, 244), (240, 170, 60))


def tree_colours(leaf: Colour, trunk: Colour) -> tuple[Colour, ...]:
    """Colours for the slots of `tree` and `plant`: leaf, shade, light, trunk, its shade, pot."""
    return (0, 0, 0), leaf, shade(leaf, 0.78), shade(leaf, 1.16), trunk, shade(trunk, 0.78), (196, 104, 72)


@lru_cache(maxsize=8)
def tree(kind: str) -> Drawing:
    """A tree 4.5 to 5.5 m tall, one pixel per MU."""
    pixels = canvas(148, 112)
    box(pixels, 51, 90, 10, 58, 4)
    box(pixels, 57, 90, 4, 58, 5)
    _CROWNS[kind](pixels)
    return Drawing(pixels, foot=(56, 147))


def _leaves(pixels: Pixels, blobs: tuple[tuple[float, float, float, float], ...]) -> None:
    """Blobs of leaves, lit from the upper left and ragged at their border."""
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]].astype(np.float64)
    ragged = (soft_noise(pixels.shape[0], pixels.shape[1], 14, 61) - 0.5) * 0.3
    for x, y, radius_x, radius_y in blobs:
        u, v = (columns - x) / radius_x, (rows - y) / radius_y
        inside = u * u + v * v + ragged < 1.0
        glow = -u * 0.5 - v * 0.8 + ragged
        pixels[inside] = np.where(glow > 0.42, 3, np.where(glow < -0.28, 2, 1))[inside]


def _round(pixels: Pixels) -> None:
    _leaves(pixels, ((30, 62, 26, 26), (82, 64, 26, 26), (56, 72, 36, 28), (54, 36, 34, 30)))


def _tall(pixels: Pixels) -> None:
    _leaves(pixels, ((56, 66, 22, 52),))


def _pine(pixels: Pixels) -> None:
    for top, bottom, half in ((4, 52, 22), (32, 84, 32), (64, 116, 42)):
        for row in range(top, bottom):
            wide = max(1, round(half * (row - top) / (bottom - top)))
            box(pixels, 56 - wide, row, 2 * wide, 1, 1)
            box(pixels, 56 - wide, row, wide // 2 + 1, 1, 3)
            box(pixels, 56 + wide // 3, row, wide - wide // 3, 1, 2)


_CROWNS = {"round": _round, "tall": _tall, "pine": _pine}


@lru_cache(maxsize=1)
def plant() -> Drawing:
    """A potted plant 1.4 m tall, one pixel per MU."""
    pixels = canvas(40, 32)
    _leaves(pixels, ((9, 14, 8, 9), (23, 14, 8, 9), (16, 9, 9, 9), (16, 19, 12, 8)))
    box(pixels, 10, 27, 12, 13, 6)
    box(pixels, 8, 25, 16, 4, 6)
    return Drawing(pixels, foot=(16, 39))


@lru_cache(maxsize=1)
def lamp() -> Drawing:
    """A street lamp 3.8 m tall, one pixel per MU."""
    pixels = canvas(102, 24)
    box(pixels, 10, 18, 4, 84, 1)
    box(pixels, 12, 18, 2, 84, 2)
    box(pixels, 7, 94, 10, 8, 1)
    box(pixels, 4, 0, 16, 3, 1)
    box(pixels, 5, 3, 14, 15, 3)
    box(pixels, 8, 5, 8, 11, 4)
    box(pixels, 6, 17, 12, 3, 1)
    return Drawing(pixels, foot=(12, 101))


@lru_cache(maxsize=1)
def fountain() -> Drawing:
    """A jet of water 1.9 m tall, one pixel per MU."""
    pixels = canvas(52, 48)
    for reach, slot in ((22, 1), (15, 2)):
        for away in range(reach + 1):
            # each drop rises to its own height and falls: a parabola of water
            tall = round(44 * (1 - (away / (reach + 1)) ** 2))
            box(pixels, 24 - away, 52 - tall, 2 * away + 1, 1, slot)
            box(pixels, 24 - away, 52 - tall, 1, tall, slot)
            box(pixels, 24 + away, 52 - tall, 1, tall, slot)
    box(pixels, 21, 2, 6, 50, 3)
    box(pixels, 19, 6, 10, 6, 3)
    for stripe in (6, 12, 36, 42):
        box(pixels, stripe, 28, 2, 24, 3)
    return Drawing(pixels, foot=(24, 51))


@lru_cache(maxsize=2)
def bird(is_up: bool) -> Drawing:
    """A bird with 1.1 m of wings up or down, two pixels per MU."""
    pixels = canvas(40, 72)
    tip = -1 if is_up else 1
    for away in range(4, 35):
        rise = 14 * (away / 34) if away < 20 else 14 * (20 / 34) - (away - 20) * 0.15
        thick = max(2, round(8 - away * 0.18))
        for x in (36 - away, 36 + away):
            box(pixels, x, round(20 + tip * rise), 1, thick, 1 if away > 22 else 2)
    ellipse(pixels, 36, 21, 7, 4.5, 2)
    box(pixels, 34, 23, 4, 2, 3)
    return Drawing(pixels, foot=(36, 39))


@lru_cache(maxsize=BONFIRE_FRAMES)
def bonfire(frame: int) -> Drawing:
    """Flames on crossed logs, 1.6 pixels per MU: 1.6 m tall."""
    pixels = canvas(84, 72)
    for slot, reach, half in ((3, 66, 25), (4, 50, 18), (5, 34, 12), (6, 18, 6)):
        _flame(pixels, slot, reach, half, frame)
    for step in range(64):
        box(pixels, 4 + step, 74 - step // 8, 1, 7, 1 if step % 9 else 2)
        box(pixels, 4 + step, 66 + step // 8, 1, 7, 2 if step % 9 else 1)
    for stone in range(2, 70, 11):
        ellipse(pixels, stone + 4, 80, 5, 4, 7)
    return Drawing(pixels, foot=(36, 83))


def _flame(pixels: Pixels, slot: int, reach: int, half: int, frame: int) -> None:
    """Three tongues that lean and stretch with the frame."""
    for tongue, (offset, share) in enumerate(((-0.55, 0.72), (0.5, 0.8), (0.0, 1.0))):
        phase = 2 * np.pi * (frame / BONFIRE_FRAMES + tongue / 3)
        tall = reach * share * (1.0 + 0.16 * np.sin(phase))
        for row in range(int(tall)):
            up = row / tall
            wide = half * (0.62 if tongue < 2 else 0.8) * (1 - up) ** 0.6 * (0.72 + 0.5 * np.sin(np.pi * up**0.7))
            lean = offset * half * (1 - 0.4 * up) + 5.0 * up * np.sin(phase + 2.5 * up)
            box(pixels, round(36 + lean - wide), 78 - row, max(1, round(2 * wide)), 1, slot)
