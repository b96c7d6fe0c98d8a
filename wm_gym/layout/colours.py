"""Colours that a sentence names, and of what: "red houses", "a light blue sky"."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

_COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (200, 62, 56), "brick-red": (186, 84, 66), "crimson": (178, 40, 60), "orange": (238, 146, 66),
    "apricot": (250, 190, 130), "coral": (232, 122, 98), "yellow": (246, 208, 104), "golden": (230, 176, 66),
    "gold": (230, 176, 66), "cream": (244, 230, 200), "beige": (226, 206, 170), "sand-coloured": (220, 186, 138),
    "brown": (130, 88, 60), "green": (84, 156, 84), "mint": (150, 208, 170), "olive": (150, 158, 92),
    "teal": (78, 152, 154), "turquoise": (70, 178, 186), "blue": (84, 134, 204), "sky-blue": (140, 186, 226),
    "navy": (48, 66, 120), "lilac": (188, 166, 214), "lavender": (178, 164, 216), "purple": (132, 88, 160),
    "violet": (132, 88, 160), "pink": (240, 170, 180), "rose": (214, 112, 130), "white": (240, 240, 236),
    "grey": (146, 152, 160), "gray": (146, 152, 160), "black": (52, 52, 58), "silver": (190, 194, 200),
}  # fmt: skip
_THINGS = {
    "houses": r"houses?|buildings?|fronts?|fa[cç]ades?|cottages?|towers?|street", "walls": r"walls?|rooms?|wallpapers?",
    "trees": r"trees?|leaves|foliage|woods?|forest", "sky": r"sky|skies|evening|dusk|morning",
    "cars": r"cars?", "racks": r"racks?|shelves|shelving", "containers": r"containers?",
    "sheets": r"halls?|warehouses?|sheds?", "sofas": r"sofas?|couch(es)?", "rugs": r"rugs?|carpets?",
    "grass": r"grass|lawns?|meadows?", "floors": r"floors?|pavements?|paving|cobbles|cobblestones?|ground|paths?",
}  # fmt: skip
_SHADES = {"dark": 0.68, "deep": 0.8, "light": 1.25, "pale": 1.3, "bright": 1.1}
_NAME = re.compile(
    rf"\b(?:(?P<shade>{'|'.join(_SHADES)})[ -])?(?P<colour>{'|'.join(sorted(_COLOURS, key=len, reverse=True))})"
    r"(?P<rest>(?:(?: and |, | or )(?:(?:dark|deep|light|pale|bright)[ -])?[a-z-]+)*(?: [a-z-]+){0,2}? )"
    rf"(?P<thing>{'|'.join(f'(?P<{name}>{cue})' for name, cue in _THINGS.items())})\b"
)


def read_colours(sentence: str) -> dict[str, list[NDArray[np.float64]]]:
    """Things that a sentence names with a colour, and these colours (3,) in 0..1, in the order of naming."""
    text, at, found = " ".join(sentence.lower().split()), 0, {}
    while match := _NAME.search(text, at):
        thing = next(name for name in _THINGS if match.group(name))
        said = f"{match.group('shade') or ''} {match.group('colour')}{match.group('rest')}"
        found.setdefault(thing, []).extend(_colours_in(said))
        at = match.end()
    return found


def _colours_in(text: str) -> list[NDArray[np.float64]]:
    words = re.findall(r"[a-z-]+", text)
    return [
        _shaded(_COLOURS[word], words[number - 1] if number else "")
        for number, word in enumerate(words)
        if word in _COLOURS
    ]


def _shaded(colour: tuple[int, int, int], shade: str) -> NDArray[np.float64]:
    share, plain = _SHADES.get(shade, 1.0), np.array(colour) / 255.0
    return plain * share if share <= 1.0 else 1.0 - (1.0 - plain) / share
