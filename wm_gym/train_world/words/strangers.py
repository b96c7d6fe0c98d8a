"""Sentences about no kind: lists, everyday English, sentences of events robbed of the words that tell them."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import numpy as np

from wm_gym.events.idioms import without_idioms
from wm_gym.events.reader import stems_of
from wm_gym.events.rules import first_naming
from wm_gym.train_world.words.english import ADJECTIVES, NOUNS, SHAPES, VERBS
from wm_gym.train_world.words.further_unrelated import ORDERS, OTHER_SENSES, TALK, WONDERS
from wm_gym.train_world.words.starts import STARTS
from wm_gym.train_world.words.stops import STOPS
from wm_gym.train_world.words.unrelated import DEEDS, THINGS, UNRELATED

_LISTED = (*UNRELATED, *TALK, *ORDERS, *WONDERS, *OTHER_SENSES)
_SYLLABLES = ("ba", "re", "lo", "ti", "mun", "ka", "sel", "dor", "fi", "gra", "no", "vel", "pu", "chi", "ster", "wen")
_BEFORE = ("a ", "the ", "two ", "some ", "many ", "a big ", "a second ", "", "an old ", "the last ", "my ")
_MOST_KINDS = 3
"""Kinds that may share a word which still tells one from what is no event."""


def one_of(rows: tuple[str, ...], rng: np.random.Generator) -> str:
    """One of some texts by chance."""
    return rows[int(rng.integers(len(rows)))]


def stranger(rng: np.random.Generator) -> str:
    """A word that no list holds, or an everyday one."""
    if rng.random() < 0.3:
        return one_of(NOUNS, rng)
    return "".join(one_of(_SYLLABLES, rng) for _ in range(rng.integers(2, 4)))


def draw_unrelated(rng: np.random.Generator, requests: tuple[str, ...]) -> str:
    """A sentence about no kind.

    Args:
        rng: Of the draw.
        requests: Patterns of what is asked for of an event {n}.
    """
    drawn = _drawn(rng, requests)
    return drawn if first_naming(without_idioms(drawn)) is None else one_of(_LISTED, rng)


def unrelated_words() -> tuple[str, ...]:
    """All texts of which unrelated sentences are made."""
    return (*_LISTED, *NOUNS, *VERBS, *ADJECTIVES, *SHAPES, *THINGS, *DEEDS, *_BEFORE)


def _drawn(rng: np.random.Generator, requests: tuple[str, ...]) -> str:
    draw = rng.random()
    if draw < 0.25:
        return one_of(_LISTED, rng)
    if draw < 0.55:
        return _shaped(rng)
    if draw < 0.75:
        return _robbed(rng)
    thing = one_of(THINGS, rng) if rng.random() < 0.5 else stranger(rng)
    named = f"{one_of(_BEFORE, rng)}{thing}{'s' if rng.random() < 0.3 else ''}"
    return one_of(requests, rng).format(n=named) if draw < 0.9 else f"{named} {one_of(DEEDS, rng)}"


def _shaped(rng: np.random.Generator) -> str:
    """Everyday words in the shape of a sentence, some of them strange."""
    words = {"n": NOUNS, "v": VERBS, "a": ADJECTIVES}
    shape = one_of(SHAPES, rng)
    for mark, rows in words.items():
        while f"{{{mark}}}" in shape:
            shape = shape.replace(f"{{{mark}}}", stranger(rng) if rng.random() < 0.25 else one_of(rows, rng), 1)
    return shape


def _robbed(rng: np.random.Generator) -> str:
    """A sentence of an event with other words for those that tell it."""
    kinds = STARTS if rng.random() < 0.6 else STOPS
    words = one_of(kinds[one_of(tuple(kinds), rng)], rng).split()
    return " ".join(stranger(rng) if _telling() & set(stems_of(word)) else word for word in words)


@cache
def _telling() -> frozenset[str]:
    """Stems that sentences of only a few kinds hold."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for table in (STARTS, STOPS):
        for kind, texts in table.items():
            for stem in {stem for text in texts for stem in stems_of(text)}:
                kinds[stem].add(kind)
    return frozenset(stem for stem, found in kinds.items() if len(found) <= _MOST_KINDS)
