"""Choices of words, {one|of|these}, that patterns of sentences share, and how a pattern becomes a sentence."""

from __future__ import annotations

import re

import numpy as np

ALL = "{everything|the world|the picture|the scene|it all|the place|the whole view|the image|the city|the street|it}"
MAKE = "{make|turn|render|show|draw|paint|display|give} "
END = (
    "{stop|end|remove|turn off|switch off|cancel|drop|undo|no more|get rid of|take away|enough of|lose|disable|without}"
)
GONE = (
    "{stops|ends|is over|is gone|fades|disappears|vanishes|is no more|has ended|goes away|is finished"
    "|has stopped|passes"
    "|dies away}"
)
BACK = "{back|again|once more|please|now|as before}"


def filled_in(pattern: str, rng: np.random.Generator) -> str:
    """A sentence of a pattern: one of the words of each choice."""

    def choose(found: re.Match[str]) -> str:
        words = found[1].split("|")
        return words[int(rng.integers(len(words)))]

    return " ".join(re.sub(r"\{([^{}]*)\}", choose, pattern).split())


def words_of(pattern: str) -> str:
    """All words of a pattern."""
    return re.sub(r"[{}|]", " ", pattern)
