"""Paints that go together: house fronts, skies, stones, leaves. Colours are 0..255 red, green, blue, with names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from wm_gym.backends.twin.maps.paint import Colour

T = TypeVar("T")


@dataclass(frozen=True)
class Paint:
    """A colour and its name in captions."""

    name: str
    colour: Colour


WALLS = (
    Paint("coral", (232, 122, 98)),
    Paint("yellow", (246, 206, 112)),
    Paint("mint green", (148, 208, 170)),
    Paint("sky-blue", (140, 186, 226)),
    Paint("brick-red", (190, 86, 68)),
    Paint("cream", (244, 230, 200)),
    Paint("pink", (240, 174, 176)),
    Paint("teal", (78, 152, 154)),
    Paint("lavender", (178, 164, 216)),
    Paint("sand-coloured", (220, 186, 138)),
    Paint("white", (240, 240, 236)),
    Paint("slate-grey", (118, 134, 156)),
    Paint("orange", (240, 156, 80)),
    Paint("olive", (170, 180, 110)),
    Paint("rose-red", (206, 104, 122)),
    Paint("apricot", (250, 190, 130)),
)
ACCENTS = (
    Paint("red", (190, 58, 56)),
    Paint("blue", (44, 98, 148)),
    Paint("green", (48, 124, 92)),
    Paint("golden", (236, 176, 54)),
    Paint("brown", (104, 70, 54)),
    Paint("purple", (124, 78, 140)),
)
STONES = (
    Paint("light stone", (204, 196, 182)),
    Paint("grey stone", (166, 170, 176)),
    Paint("warm stone", (206, 174, 140)),
    Paint("pale stone", (224, 220, 210)),
)
LEAVES = (
    Paint("green", (82, 160, 74)),
    Paint("dark green", (58, 130, 84)),
    Paint("golden", (228, 170, 66)),
    Paint("pink blossoming", (240, 158, 186)),
)
GRASSES = (Paint("green", (118, 186, 88)), Paint("fresh green", (142, 200, 92)), Paint("deep green", (92, 166, 96)))
WOODS = (Paint("oak", (196, 148, 96)), Paint("walnut", (142, 98, 66)), Paint("maple", (222, 182, 130)))
SHEETS = (
    Paint("white", (232, 236, 238)),
    Paint("light blue", (176, 206, 228)),
    Paint("yellow", (244, 212, 128)),
    Paint("mint green", (176, 218, 192)),
    Paint("cream", (242, 228, 198)),
)
UPRIGHTS = (
    Paint("blue", (52, 96, 168)),
    Paint("orange", (234, 120, 46)),
    Paint("red", (196, 58, 54)),
    Paint("green", (48, 128, 92)),
)
TRIM: Colour = (248, 246, 240)
WATER: Colour = (92, 170, 212)
ASPHALT: Colour = (112, 116, 126)


@dataclass(frozen=True)
class Sky:
    """Colours of a sky, from straight up to the horizon."""

    name: str
    zenith: Colour
    middle: Colour
    horizon: Colour
    cloud: Colour


SKIES = (
    Sky("a blue sky", (62, 132, 222), (112, 172, 236), (196, 226, 246), (255, 255, 255)),
    Sky("a pale blue sky", (92, 162, 230), (150, 198, 238), (224, 238, 246), (255, 255, 255)),
    Sky("a turquoise sky", (50, 158, 208), (112, 202, 220), (208, 242, 238), (255, 255, 252)),
    Sky("a deep blue sky", (36, 96, 196), (84, 146, 226), (178, 214, 244), (250, 252, 255)),
    Sky("a soft lilac sky", (112, 140, 214), (172, 178, 226), (236, 222, 234), (255, 250, 252)),
    Sky("a golden evening sky", (118, 156, 222), (216, 186, 206), (255, 218, 160), (255, 238, 220)),
)


def pick(options: Sequence[T], rng: np.random.Generator) -> T:
    """One of `options`."""
    return options[int(rng.integers(len(options)))]


def pick_some(options: Sequence[T], count: int, rng: np.random.Generator) -> list[T]:
    """`count` different ones of `options`, in a drawn order."""
    return [options[index] for index in rng.permutation(len(options))[:count].tolist()]
