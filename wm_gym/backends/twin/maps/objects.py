"""Drawings of a crate and of a car, made of boxes and seen from all sides."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.maps.boxes import Box, Plane, picture
from wm_gym.backends.twin.maps.paint import Colour, Drawing, mix, shade

QUARTERS = 5
"""Sides that are drawn, from the front round to the back; the others are their mirror images."""
CRATE_COLOURS: dict[str, Colour] = {
    "brown": (196, 148, 96),
    "red": (190, 58, 56),
    "blue": (44, 98, 148),
    "green": (48, 124, 92),
    "yellow": (236, 176, 54),
}
CAR_COLOURS: dict[str, Colour] = {
    "red": (212, 62, 58),
    "blue": (52, 104, 186),
    "yellow": (246, 196, 66),
    "green": (66, 150, 102),
    "white": (240, 240, 236),
    "black": (46, 48, 56),
    "orange": (240, 130, 60),
}
CRATE_METRES = 1.0
CAR_LENGTH_METRES, CAR_WIDTH_METRES, CAR_HEIGHT_METRES = 4.2, 1.7, 1.45

_WOOD, _WOOD_DARK, _WOOD_LIGHT, _GAP = range(1, 5)
_BODY, _BODY_DARK, _BODY_LIGHT, _GLASS, _TYRE, _RIM, _LAMP, _REAR, _TRIM = range(1, 10)
_PLANKS, _FRAME, _WHEEL_METRES = 4, 0.13, 0.34


def crate_colours(wood: Colour) -> tuple[Colour, ...]:
    """Colours for the slots of `crate`: boards, their shade, their light, gaps."""
    return (0, 0, 0), wood, shade(wood, 0.8), mix(wood, (255, 255, 255), 0.22), shade(wood, 0.5)


def car_colours(body: Colour) -> tuple[Colour, ...]:
    """Colours for the slots of `car`: body, its shade, its light, glass, tyres, rims, lamps, rear lights, trim."""
    glass, tyre, rim, trim = (92, 116, 140), (40, 40, 46), (166, 170, 176), (92, 102, 116)
    light = mix(body, (255, 255, 255), 0.25)
    return (0, 0, 0), body, shade(body, 0.76), light, glass, tyre, rim, (255, 248, 200), (190, 58, 56), trim


@cache
def crate(quarter: int) -> Drawing:
    """A crate of boards, a metre along each edge."""
    half = CRATE_METRES / 2
    box = Box((-half, -half, 0.0), (half, half, CRATE_METRES), _boards)
    return picture([box], quarter, half * 2**0.5, CRATE_METRES)


def _boards(face: str, u: Plane, v: Plane) -> NDArray[np.int_]:
    board = {"top": _WOOD_LIGHT, "left": _WOOD, "right": _WOOD, "front": _WOOD_DARK, "back": _WOOD_DARK}[face]
    slots = np.full(u.shape, board)
    slots[(v * _PLANKS) % 1.0 < 0.1] = _GAP
    brace = np.abs(u - v) < 0.09
    rim = np.maximum(np.abs(u - 0.5), np.abs(v - 0.5)) > 0.5 - _FRAME
    slots[brace | rim] = _WOOD if face in ("front", "back") else _WOOD_LIGHT
    edge = np.abs(np.maximum(np.abs(u - 0.5), np.abs(v - 0.5)) - (0.5 - _FRAME)) < 0.018
    slots[edge] = _GAP
    return slots


@cache
def car(quarter: int) -> Drawing:
    """A car 4.2 m long."""
    length, width = CAR_LENGTH_METRES / 2, CAR_WIDTH_METRES / 2
    hull = Box((-length, -width, 0.3), (length, width, 0.85), _hull, (0.1, 0.06))
    cabin = Box((-1.55, -width + 0.06, 0.84), (0.75, width - 0.06, CAR_HEIGHT_METRES), _cabin, (0.42, 0.16))
    wheels = [
        Box((x - _WHEEL_METRES, y - 0.1, 0.0), (x + _WHEEL_METRES, y + 0.1, 2 * _WHEEL_METRES), _wheel)
        for x in (-1.3, 1.3)
        for y in (-width + 0.17, width - 0.17)
    ]
    return picture([hull, cabin, *wheels], quarter, float(np.hypot(length, width)), CAR_HEIGHT_METRES)


def _hull(face: str, u: Plane, v: Plane) -> NDArray[np.int_]:
    slots = np.full(u.shape, {"top": _BODY_LIGHT, "left": _BODY, "right": _BODY}.get(face, _BODY_DARK))
    if face == "top":
        return slots
    slots[v < 0.2] = _TRIM
    if face in ("front", "back"):
        slots[(v > 0.42) & (v < 0.78) & (np.abs(u - 0.5) > 0.3) & (np.abs(u - 0.5) < 0.46)] = (
            _LAMP if face == "front" else _REAR
        )
        slots[(v > 0.3) & (v < 0.55) & (np.abs(u - 0.5) < 0.16)] = _TRIM
        return slots
    slots[(v > 0.84) & (v < 0.92)] = _BODY_LIGHT
    slots[(np.abs(u - 0.52) < 0.006) & (v > 0.2)] = _BODY_DARK
    return slots


def _cabin(face: str, u: Plane, v: Plane) -> NDArray[np.int_]:
    slots = np.full(u.shape, {"top": _BODY_LIGHT, "left": _BODY, "right": _BODY}.get(face, _BODY_DARK))
    if face == "top":
        return slots
    pane = (v > 0.12) & (v < 0.84) & (np.abs(u - 0.5) < 0.43)
    if face in ("left", "right"):
        pane &= np.abs(u - 0.5) > 0.03
    slots[pane] = _GLASS
    return slots


def _wheel(face: str, u: Plane, v: Plane) -> NDArray[np.int_]:
    if face not in ("left", "right"):
        return np.where(np.abs(v - 0.5) < 0.38, _TYRE, 0)
    away = np.hypot(u - 0.5, v - 0.5)
    return np.where(away < 0.24, _RIM, np.where(away < 0.5, _TYRE, 0))
