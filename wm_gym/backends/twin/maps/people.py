"""Drawings of walking people, seen from five sides in four steps. Two pixels are one MU: 94 pixels are 1.76 m."""

from __future__ import annotations

import math
from functools import cache

from wm_gym.backends.twin.maps.paint import Colour, Drawing, Pixels, box, canvas, ellipse, shade

BUILDS = ("trousers", "skirt", "coat")
STEPS = 4
_WIDTH, _HEIGHT, _MIDDLE, _HIP = 48, 96, 24, 52
_SKIN, _HAIR, TOP, _TOP_DARK, _LEG, _LEG_DARK, _SHOE = range(1, 8)


def person_colours(skin: Colour, hair: Colour, top: Colour, legs: Colour) -> tuple[Colour, ...]:
    """Colours for the slots of `person`."""
    return (0, 0, 0), skin, hair, top, shade(top, 0.8), legs, shade(legs, 0.78), (52, 46, 50)


@cache
def person(build: str, quarter: int, step: int) -> Drawing:
    """One picture: `quarter` 0 faces the viewer, 2 faces left, 4 faces away; `step` is the phase of the walk."""
    pixels = canvas(_HEIGHT, _WIDTH)
    angle = quarter * math.pi / 4
    across, ahead = math.cos(angle), -math.sin(angle)
    swing = (1.0, 0.0, -1.0, 0.0)[step]
    near = 1 if across >= 0 else -1
    for limb in (-near, near):
        _leg(pixels, limb * 4.5 * across, limb * swing, ahead, build, limb == near)
    _arm(pixels, -9.5 * abs(across), swing * ahead)
    _torso(pixels, abs(across), build)
    _arm(pixels, 9.5 * abs(across), -swing * ahead)
    _head(pixels, across, ahead)
    return Drawing(pixels, foot=(_MIDDLE, _HEIGHT - 2))


def _leg(pixels: Pixels, side: float, swing: float, ahead: float, build: str, is_near: bool) -> None:
    lift = 4 if swing > 0.5 else 0
    slot = _LEG if is_near else _LEG_DARK
    if build == "skirt":
        slot = _SKIN
    foot = side
    for row in range(_HIP, _HEIGHT - 6 - lift):
        foot = side + swing * ahead * 11.0 * (row - _HIP) / (_HEIGHT - _HIP)
        box(pixels, round(_MIDDLE + foot - 4), row, 8, 1, slot)
    box(pixels, round(_MIDDLE + foot - 4 + min(0, 3 * ahead)), _HEIGHT - 6 - lift, round(8 + 3 * abs(ahead)), 5, _SHOE)


def _torso(pixels: Pixels, breadth: float, build: str) -> None:
    half = 6.5 + 3.5 * breadth
    for row in range(20, 56):
        ease = max(0.0, (24 - row) * 0.7)
        box(pixels, round(_MIDDLE - half + ease), row, round(2 * (half - ease)), 1, TOP)
    if build == "trousers":
        box(pixels, round(_MIDDLE - half), 54, round(2 * half), 4, _LEG)
        return
    low, flare, slot = (72, 5.0, _LEG) if build == "skirt" else (76, 2.0, TOP)
    for row in range(52, low):
        wide = half + flare * (row - 52) / 20
        box(pixels, round(_MIDDLE - wide), row, round(2 * wide), 1, slot)
    if build == "coat":
        box(pixels, round(_MIDDLE - 1), 24, 2, 52, _TOP_DARK)


def _arm(pixels: Pixels, side: float, swing: float) -> None:
    hand = side
    for row in range(22, 52):
        hand = side + swing * 8.0 * (row - 22) / 30
        box(pixels, round(_MIDDLE + hand - 3), row, 6, 1, _TOP_DARK)
    box(pixels, round(_MIDDLE + hand - 3), 51, 6, 5, _SKIN)


def _head(pixels: Pixels, across: float, ahead: float) -> None:
    box(pixels, _MIDDLE - 3, 16, 6, 6, _SKIN)
    ellipse(pixels, _MIDDLE, 10, 7.5, 8.5, _HAIR)
    if across < -0.3:
        return
    ellipse(pixels, _MIDDLE + 3.4 * ahead, 12, 6.2 - 1.4 * abs(ahead), 6.2, _SKIN)
    box(pixels, _MIDDLE - 6, 3, 12, 4, _HAIR)
    for eye in (-2.6, 2.6):
        if abs(ahead) < 0.9 or eye * ahead > 0:
            box(pixels, round(_MIDDLE + 4.0 * ahead + eye * (1 - 0.3 * abs(ahead)) - 1), 11, 2, 2, _SHOE)
