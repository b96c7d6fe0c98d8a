"""Drawings that lie flat: ground, floors, ceilings, tops of things. Sizes are powers of two; one pixel is one MU."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from wm_gym.backends.twin.maps.paint import Colour, Drawing, Pixels, box, canvas, ellipse, mix, shade, soft_noise


@lru_cache(maxsize=64)
def ground(kind: str) -> Drawing:
    """One of `GROUNDS`, in slots base, darker, lighter, then extras where the kind has them."""
    return Drawing(GROUNDS[kind]())


def tones(base: Colour, contrast: float = 0.10, extras: tuple[Colour, ...] = ()) -> tuple[Colour, ...]:
    """Colours of a ground: base, darker, lighter, extras."""
    return base, shade(base, 1.0 - contrast), mix(base, (255, 255, 255), contrast), *extras


def _mottled(size: int, cells: int, seed: int, share: float) -> Pixels:
    """Large soft patches of the darker and the lighter tone."""
    noise = soft_noise(size, size, cells, seed)
    low, high = np.quantile(noise, (share, 1.0 - share))
    return np.where(noise < low, 1, np.where(noise > high, 2, 0)).astype(np.uint8)


def _plain() -> Pixels:
    return canvas(64, 64)


def _grass() -> Pixels:
    pixels = _mottled(128, 8, 3, 0.3)
    rng = np.random.default_rng(5)
    for x, y in rng.integers(0, 126, (90, 2)):
        box(pixels, x, y, 1, 3, 1)
        box(pixels, x + 1, y + 1, 1, 2, 2)
    return pixels


def _gravel() -> Pixels:
    return _mottled(128, 24, 7, 0.14)


def _asphalt() -> Pixels:
    return _mottled(128, 8, 11, 0.12)


def _slabs(size: int, joint: int, seed: int) -> Pixels:
    pixels = canvas(128, 128)
    rng = np.random.default_rng(seed)
    for x in range(0, 128, size):
        for y in range(0, 128, size):
            box(pixels, x, y, size, size, 2 if rng.random() < 0.3 else 0)
            box(pixels, x, y, size, joint, 1)
            box(pixels, x, y, joint, size, 1)
    return pixels


def _paving() -> Pixels:
    return _slabs(32, 2, 13)


def _concrete() -> Pixels:
    return _slabs(64, 2, 17)


def _cobbles() -> Pixels:
    pixels = canvas(128, 128)
    rng = np.random.default_rng(19)
    for row in range(8):
        for stone in range(-1, 8):
            box(pixels, stone * 16 + 8 * (row % 2), row * 16, 16, 16, int(rng.choice((0, 0, 2))))
        for stone in range(8):
            box(pixels, stone * 16 + 8 * (row % 2), row * 16, 2, 16, 1)
        box(pixels, 0, row * 16, 128, 2, 1)
    return pixels


def _checker() -> Pixels:
    pixels = canvas(64, 64)
    box(pixels, 0, 0, 32, 32, 1)
    box(pixels, 32, 32, 32, 32, 1)
    return pixels


def _planks() -> Pixels:
    pixels = canvas(128, 128)
    rng = np.random.default_rng(23)
    for row in range(8):
        end = int(rng.integers(0, 8)) * 16
        box(pixels, 0, row * 16, 128, 16, int(rng.choice((0, 0, 2))))
        box(pixels, end, row * 16, 128, 16, int(rng.choice((0, 2))))
        box(pixels, 0, row * 16, 128, 2, 1)
        box(pixels, end, row * 16, 2, 16, 1)
    return pixels


def _carpet() -> Pixels:
    pixels = canvas(64, 64)
    box(pixels, 0, 0, 64, 64, 0)
    for x, y in ((0, 0), (32, 32)):
        box(pixels, x + 12, y + 12, 8, 8, 2)
    return pixels


def _road() -> Pixels:
    """Runs along x; the middle of the lane is row 64; slot 3 is the marking."""
    pixels = _asphalt()
    box(pixels, 16, 62, 64, 5, 3)
    return pixels


def _road_north() -> Pixels:
    return np.ascontiguousarray(_road().T)


def _zebra() -> Pixels:
    """Bars along x, for a crossing that is walked along y; slot 3 is the marking."""
    pixels = canvas(32, 32)
    box(pixels, 0, 8, 32, 16, 3)
    return pixels


def _zebra_north() -> Pixels:
    return np.ascontiguousarray(_zebra().T)


def _water() -> Pixels:
    noise = soft_noise(128, 128, 6, 29)
    waves = np.sin(noise * 14.0 + np.linspace(0, 8 * np.pi, 128, endpoint=False)[:, None])
    return np.where(waves > 0.86, 2, np.where(waves < -0.6, 1, 0)).astype(np.uint8)


def _flowers() -> Pixels:
    """Slots 3 and 4 are blossoms."""
    pixels = _mottled(64, 8, 31, 0.3)
    rng = np.random.default_rng(37)
    for x, y in rng.integers(3, 61, (34, 2)):
        ellipse(pixels, x, y, 3.2, 3.2, int(rng.integers(3, 5)))
    return pixels


def _leaves() -> Pixels:
    return _mottled(64, 12, 41, 0.35)


def _rug() -> Pixels:
    """A rug 4 m wide whose corner is the middle of the picture; slot 3 is its pattern."""
    pixels = canvas(128, 128)
    for inset, slot in ((6, 3), (14, 0), (38, 3), (46, 0)):
        box(pixels, inset, inset, 128 - 2 * inset, 128 - 2 * inset, slot)
    box(pixels, 58, 58, 12, 12, 3)
    return np.ascontiguousarray(np.roll(pixels, (64, 64), (0, 1)))


def _lamps() -> Pixels:
    """A ceiling of 2 m panels with one light each 4 m; slots 3 and 4 are the lamp and its rim."""
    pixels = _slabs(64, 2, 43)
    pixels[pixels == 2] = 0
    box(pixels, 30, 14, 68, 36, 4)
    box(pixels, 33, 17, 62, 30, 3)
    return pixels


def _skylights() -> Pixels:
    """Beams along y every 4 m, and bright glass between; slots 3 and 4 are the glass and its bars."""
    pixels = canvas(128, 128)
    box(pixels, 0, 0, 14, 128, 1)
    box(pixels, 52, 0, 48, 128, 4)
    for row in (3, 35, 67, 99):
        box(pixels, 55, row, 42, 26, 3)
    return pixels


def _crate_top() -> Pixels:
    pixels = canvas(32, 32, 1)
    box(pixels, 2, 2, 28, 28, 0)
    pixels[9:30:9, 2:30] = 1
    return pixels


GROUNDS: dict[str, Callable[[], Pixels]] = {
    "plain": _plain,
    "grass": _grass,
    "gravel": _gravel,
    "asphalt": _asphalt,
    "paving": _paving,
    "concrete": _concrete,
    "cobbles": _cobbles,
    "checker": _checker,
    "planks": _planks,
    "carpet": _carpet,
    "road": _road,
    "road_north": _road_north,
    "zebra": _zebra,
    "zebra_north": _zebra_north,
    "water": _water,
    "flowers": _flowers,
    "leaves": _leaves,
    "rug": _rug,
    "lamps": _lamps,
    "skylights": _skylights,
    "crate_top": _crate_top,
}
