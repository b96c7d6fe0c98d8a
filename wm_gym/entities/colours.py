"""Colours that texts name."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]

_COLOURS: dict[str, Colour] = {
    "red": (0.8, 0.15, 0.15), "green": (0.2, 0.6, 0.3), "blue": (0.2, 0.35, 0.75), "yellow": (0.95, 0.8, 0.25),
    "orange": (0.9, 0.5, 0.2), "purple": (0.55, 0.3, 0.65), "pink": (0.9, 0.5, 0.65), "white": (0.95, 0.95, 0.95),
    "black": (0.1, 0.1, 0.1), "brown": (0.45, 0.3, 0.2), "grey": (0.5, 0.5, 0.5), "gray": (0.5, 0.5, 0.5),
    "turquoise": (0.25, 0.65, 0.75), "crimson": (0.7, 0.08, 0.15), "scarlet": (0.85, 0.15, 0.1),
    "maroon": (0.45, 0.1, 0.12), "navy": (0.12, 0.16, 0.4), "azure": (0.3, 0.55, 0.9), "teal": (0.2, 0.5, 0.5),
    "cyan": (0.3, 0.75, 0.8), "violet": (0.5, 0.3, 0.7), "lilac": (0.7, 0.6, 0.8), "lavender": (0.7, 0.65, 0.85),
    "magenta": (0.8, 0.2, 0.6), "beige": (0.85, 0.78, 0.65), "cream": (0.95, 0.9, 0.78), "golden": (0.9, 0.7, 0.25),
    "gold": (0.9, 0.7, 0.25), "silver": (0.75, 0.76, 0.78), "olive": (0.5, 0.5, 0.25), "khaki": (0.65, 0.6, 0.4),
    "tan": (0.8, 0.65, 0.48), "emerald": (0.15, 0.6, 0.4), "lime": (0.6, 0.8, 0.25), "salmon": (0.93, 0.6, 0.5),
    "wooden": (0.77, 0.58, 0.38),
}  # fmt: skip
_SHADES = {"dark": 0.6, "deep": 0.75}
_TINTS = {"light": 0.35, "pale": 0.45, "bright": 0.1}
_WORN = re.compile(
    r"\b(?:in|wearing|with|dressed in) (?:an? |the |all )?((?:\w+ ){0,2}?)(?=coats?\b|dress\b|jackets?\b|shirts?\b"
    r"|clothes\b|jumpers?\b|sweaters?\b|blouse\b|top\b|suits?\b|cloak\b|robe\b|hoodies?\b|raincoats?\b|uniforms?\b|t-shirts?\b)"
)


def named_colour(text: str) -> Colour | None:
    """The colour that a text names, 0..1, or None; of a person that of its clothes, before that of its hair."""
    plain = text.lower()
    worn = _WORN.search(plain)
    found = None if worn is None else _first_colour(worn[1])
    return _first_colour(plain) if found is None else found


def nearest_colour(wanted: Colour, known: Sequence[Colour] | NDArray[np.float64]) -> int:
    """The row of the colour, of some in 0..1, that is nearest to a wanted one."""
    return int(np.linalg.norm(np.array(known) - np.array(wanted), axis=1).argmin())


def _first_colour(text: str) -> Colour | None:
    words = re.findall(r"[a-z]+", text)
    at = next((k for k, word in enumerate(words) if word in _COLOURS), None)
    if at is None:
        return None
    colour, before = np.array(_COLOURS[words[at]]), words[at - 1] if at else ""
    colour = colour * _SHADES.get(before, 1.0)
    red, green, blue = (float(value) for value in colour + _TINTS.get(before, 0.0) * (1.0 - colour))
    return red, green, blue
