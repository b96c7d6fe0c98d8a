"""Drawings of house fronts: a cornice, storeys of regular windows, a ground floor. One bay is 2 m, a storey 3 m.

A front is drawn from the roof down and as tall as its house, so the engine needs no alignment. Slots: `FRONT_SLOTS`.
"""

from __future__ import annotations

from functools import lru_cache

from wm_gym.backends.twin.maps.paint import Colour, Drawing, Pixels, box, canvas, mix, shade

BAY = 64
STOREY = 80
GROUND_STOREY = 96
CORNICE = 16
FRONT_WIDTH = 256
FRONT_STYLES = ("framed", "shuttered", "ribbon", "brick", "balcony", "pillared")
GROUND_STYLES = ("shops", "doors", "arcade")

WALL, WALL_DARK, TRIM, GLASS, GLASS_LIGHT, ACCENT, BASE, BASE_DARK, GLASS_DARK, TRIM_DARK = range(10)

_GLASS: Colour = (104, 158, 196)
_GLASS_LIGHT: Colour = (170, 212, 232)
_GLASS_DARK: Colour = (70, 116, 156)


def front_colours(wall: Colour, trim: Colour, accent: Colour, base: Colour) -> tuple[Colour, ...]:
    """Colours for the slots of a front, from its four paints."""
    darker = (mix(wall, shade(wall, 0.86), 1.0), trim, _GLASS, _GLASS_LIGHT, accent, base, shade(base, 0.84))
    return (wall, *darker, _GLASS_DARK, shade(trim, 0.82))


def front_height(storeys: int) -> int:
    """Height in MU of a front with `storeys` above the ground floor."""
    return CORNICE + STOREY * storeys + GROUND_STOREY


@lru_cache(maxsize=256)
def front(style: str, ground: str, storeys: int) -> Drawing:
    """A house front, `FRONT_WIDTH` wide, `storeys` above a ground floor of the kind `ground`."""
    pixels = canvas(front_height(storeys), FRONT_WIDTH, WALL)
    if style == "brick":
        _courses(pixels)
    for storey in range(storeys):
        _STOREYS[style](pixels, CORNICE + storey * STOREY)
    _cornice(pixels)
    _GROUNDS[ground](pixels, CORNICE + storeys * STOREY)
    return Drawing(pixels)


def _courses(pixels: Pixels) -> None:
    pixels[4::8] = WALL_DARK
    for row in range(0, pixels.shape[0], 16):
        pixels[row : row + 4, 0::32] = WALL_DARK
        pixels[row + 8 : row + 12, 16::32] = WALL_DARK


def _cornice(pixels: Pixels) -> None:
    box(pixels, 0, 0, FRONT_WIDTH, CORNICE - 5, TRIM)
    box(pixels, 0, 3, FRONT_WIDTH, 2, TRIM_DARK)
    box(pixels, 0, CORNICE - 5, FRONT_WIDTH, 3, WALL_DARK)


def _pane(pixels: Pixels, x: int, y: int, width: int, height: int) -> None:
    """Glass with the sky in its upper left and the street in its foot."""
    box(pixels, x, y, width, height, GLASS)
    for row in range(height * 2 // 3):
        box(pixels, x, y + row, max(0, width * 2 // 3 - row), 1, GLASS_LIGHT)
    box(pixels, x, y + height - height // 5, width, height // 5, GLASS_DARK)


def _window(pixels: Pixels, x: int, y: int, width: int, height: int) -> None:
    box(pixels, x - 4, y - 4, width + 8, height + 8, TRIM)
    _pane(pixels, x, y, width, height)
    box(pixels, x + width // 2 - 1, y, 3, height, TRIM)
    box(pixels, x - 7, y + height + 3, width + 14, 4, TRIM)
    box(pixels, x - 7, y + height + 7, width + 14, 2, WALL_DARK)


def _framed(pixels: Pixels, top: int) -> None:
    for bay in range(0, FRONT_WIDTH, BAY):
        _window(pixels, bay + 14, top + 16, 36, 44)


def _shuttered(pixels: Pixels, top: int) -> None:
    for bay in range(0, FRONT_WIDTH, BAY):
        box(pixels, bay + 4, top + 14, 56, 48, ACCENT)
        pixels[top + 18 : top + 60 : 6, bay + 4 : bay + 60] = WALL_DARK
        _window(pixels, bay + 18, top + 16, 28, 44)


def _ribbon(pixels: Pixels, top: int) -> None:
    box(pixels, 0, top + 14, FRONT_WIDTH, 50, TRIM)
    for bay in range(0, FRONT_WIDTH, BAY):
        _pane(pixels, bay + 3, top + 18, BAY - 6, 42)
    box(pixels, 0, top + 64, FRONT_WIDTH, 3, WALL_DARK)


def _brick(pixels: Pixels, top: int) -> None:
    for bay in range(0, FRONT_WIDTH, BAY):
        box(pixels, bay + 8, top + 8, 48, 7, TRIM)
        _window(pixels, bay + 15, top + 16, 34, 44)


def _balcony(pixels: Pixels, top: int) -> None:
    for bay in range(0, FRONT_WIDTH, BAY):
        _window(pixels, bay + 14, top + 12, 36, 56)
    for bay in range(0, FRONT_WIDTH, 2 * BAY):
        box(pixels, bay + 4, top + 50, 120, 4, ACCENT)
        box(pixels, bay + 4, top + 72, 120, 6, TRIM_DARK)
        for post in range(bay + 4, bay + 124, 8):
            box(pixels, post, top + 50, 3, 24, ACCENT)


def _pillared(pixels: Pixels, top: int) -> None:
    for bay in range(0, FRONT_WIDTH, BAY):
        _pane(pixels, bay + 12, top + 6, 40, 54)
        box(pixels, bay + 31, top + 6, 3, 54, TRIM)
        box(pixels, bay + 12, top + 60, 40, 20, ACCENT)
        box(pixels, bay + 12, top, 40, 6, ACCENT)
        box(pixels, bay + 52, top, 3, STOREY, WALL_DARK)


_STOREYS = {
    "framed": _framed,
    "shuttered": _shuttered,
    "ribbon": _ribbon,
    "brick": _brick,
    "balcony": _balcony,
    "pillared": _pillared,
}


def _ground(pixels: Pixels, top: int) -> None:
    box(pixels, 0, top, FRONT_WIDTH, GROUND_STOREY, BASE)
    box(pixels, 0, top, FRONT_WIDTH, 5, TRIM)
    box(pixels, 0, top + 5, FRONT_WIDTH, 2, BASE_DARK)
    box(pixels, 0, top + GROUND_STOREY - 10, FRONT_WIDTH, 10, BASE_DARK)


def _door(pixels: Pixels, x: int, top: int) -> None:
    box(pixels, x - 5, top + 21, 46, GROUND_STOREY - 21, TRIM)
    box(pixels, x, top + 26, 36, 12, GLASS_LIGHT)
    box(pixels, x, top + 40, 36, GROUND_STOREY - 40, ACCENT)
    box(pixels, x + 17, top + 40, 2, GROUND_STOREY - 40, BASE_DARK)
    box(pixels, x + 22, top + 66, 4, 4, TRIM)


def _shops(pixels: Pixels, top: int) -> None:
    _ground(pixels, top)
    for shop in range(0, FRONT_WIDTH, 2 * BAY):
        box(pixels, shop + 6, top + 30, 78, 54, TRIM)
        _pane(pixels, shop + 10, top + 34, 70, 46)
        _door(pixels, shop + 89, top)
        for stripe in range(8):
            slot = ACCENT if stripe % 2 == 0 else TRIM
            box(pixels, shop + 4 + stripe * 10, top + 12, 10, 20, slot)
        box(pixels, shop + 4, top + 32, 80, 2, BASE_DARK)


def _doors(pixels: Pixels, top: int) -> None:
    _ground(pixels, top)
    for bay in range(0, FRONT_WIDTH, BAY):
        if bay == BAY:
            _door(pixels, bay + 14, top)
        else:
            _window(pixels, bay + 14, top + 26, 36, 38)


def _arcade(pixels: Pixels, top: int) -> None:
    """The stone of pillars: openings are cut by the plan, so the whole foot is plain."""
    _ground(pixels, top)
    pixels[top + 22 : top + GROUND_STOREY - 10 : 16] = BASE_DARK


_GROUNDS = {"shops": _shops, "doors": _doors, "arcade": _arcade}
