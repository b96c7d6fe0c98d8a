"""Words that a layout heeds: what a window shows of them, and what a sentence says of them.

A word is unsaid, denied or asked for (`UNSAID`, `WITHOUT`, `WITH`); families are words of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wm_gym.layout.cells import NAMES, OBJECTS, PATCH, UNKNOWN, Grid, names_of
from wm_gym.plans import FAMILIES

UNSAID, WITHOUT, WITH = 0, 1, 2
_FEW = 0.2


def _cells(*stems: str) -> NDArray[np.bool_]:
    named = [number for stem in stems for number in names_of(stem)]
    return np.isin(np.arange(UNKNOWN + 1), named)


@dataclass(frozen=True)
class Word:
    """One thing that a layout may have much or nothing of.

    Attributes:
        cells: Classes that show it.
        objects: Kinds of object that show it.
        least: Share of a window's cells, or objects in a hundred patches, from which it is there.
        cues: Regular expression of words that name it.
    """

    cells: NDArray[np.bool_]
    objects: tuple[str, ...]
    least: float
    cues: str


def _of_cells(least: float, cues: str, *stems: str) -> Word:
    return Word(_cells(*stems), (), least, cues)


def _of_objects(least: float, cues: str, *kinds: str) -> Word:
    return Word(_cells(), kinds, least, cues)


WORDS: dict[str, Word] = {
    "trees": _of_objects(1.2, r"trees?|wooded|forest|leafy|groves?", "tree"),
    "lamps": _of_objects(1.0, r"(street )?(lamps?|lanterns?)|lampposts?", "lamp"),
    "fountains": _of_objects(0.2, r"fountains?", "jet"),
    "plants": _of_objects(0.8, r"(potted )?plants?|houseplants?", "plant"),
    "water": _of_cells(0.006, r"water|ponds?|lakes?|pools?", "pond", "basin"),
    "cars": _of_cells(0.003, r"(parked )?cars?|traffic", "car", "cabin"),
    "flowers": _of_cells(0.001, r"flowers?|flower ?beds?|blossoms?", "bed"),
    "hedges": _of_cells(0.002, r"hedges?", "hedge", "low_hedge"),
    "benches": _of_cells(0.0006, r"bench(es)?", "bench"),
    "grass": _of_cells(0.08, r"grass(y)?|lawns?|greenery|meadows?", "lawn", "inner_court"),
    "squares": _of_cells(0.03, r"squares?|plazas?", "plaza"),
    "narrow": _of_cells(0.05, r"narrow|lanes?|alleys?|cobble(d|stones?)?|old town", "cobbles"),
    "wide": _of_cells(0.12, r"wide|broad|roads?|avenues?|boulevards?", "asphalt"),
    "furniture": _of_cells(0.01, r"furnitur\w*|furnished|sofas?|tables?|cabinets?|desks?", "table", "desk", "cabinet",
                           "sofa", "sofa_back"),
    "rugs": _of_cells(0.02, r"rugs?|carpets?", "rug"),
    "corridors": _of_cells(0.08, r"corridors?|hallways?|passageways?", "corridor"),
    "racks": _of_cells(0.02, r"racks?|shelves|shelving", "rack3", "rack4"),
    "crates": _of_cells(0.006, r"crates?|boxes|piles?|pallets?", "crate1", "crate2", "crate3", "crate4", "box"),
    "containers": _of_cells(0.004, r"(shipping )?containers?", "container", "yard_container"),
    "arcades": _of_cells(0.06, r"arcades?|colonnades?|cloisters?|pillars?|columns?", "walk"),
}  # fmt: skip
"""Words by what a window holds; "tall" and "low" houses come after them."""

HOUSE_WORDS = {
    "tall": r"(tall|high|towering)(?=( \w+){0,2} (houses?|buildings?|fronts?|blocks?|storeys?))|high-rises?|towers?",
    "low": r"(low|small|little)(?=( \w+){0,2} (houses?|buildings?|fronts?|cottages?))|cottages?|bungalows?|village",
}
WORD_NAMES = (*WORDS, *HOUSE_WORDS)
_FAMILY_CUES = {
    "rooms": r"rooms?|flats?|apartments?|offices?|indoors?|homes?|interiors?|corridors?|living room|kitchen|bedrooms?",
    "city": r"cit(y|ies)|streets?|towns?|roads?|avenues?|boulevards?|alleys?|lanes?|downtown|district|village|houses",
    "courtyard": r"courtyards?|courts?|arcades?|cloisters?|patios?|monastery",
    "park": r"parks?|gardens?|meadows?|woods?|forest",
    "warehouse": r"warehouses?|halls?|factor(y|ies)|depots?|storage|racks?|logistics",
    "joined": r"leads? into|opens? into|mixed? (places?|areas?)|joined",
}
_DENIALS = re.compile(r"\b(no|not|without|never|neither|nor|few|free of|lacking|empty of|hardly any)\b[^,.;]{0,24}$")
_STOREYS = np.array([int(name[5]) if name.startswith("house") else 0 for name in (*NAMES, "")])
_TALL, _LOW, _HOUSES = 3.3, 2.7, 0.08


def shown_words(window: Grid, objects: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(W,) what a window shows of each word: `WITH`, `WITHOUT`, or `UNSAID` where it is neither."""
    counts = np.bincount(window.ravel(), minlength=UNKNOWN + 1).astype(float)
    kinds = (objects[objects > 0].astype(int) - 1) // (PATCH * PATCH)
    found = np.bincount(kinds, minlength=len(OBJECTS) + 1)
    cells = max(1.0, counts[:UNKNOWN].sum())
    patches = cells / (PATCH * PATCH)
    amounts = [
        counts[word.cells].sum() / cells
        if not word.objects
        else 100 * sum(found[OBJECTS.index(kind)] for kind in word.objects) / patches
        for word in WORDS.values()
    ]
    told = [
        WITH if amount >= word.least else WITHOUT if amount <= _FEW * word.least else UNSAID
        for word, amount in zip(WORDS.values(), amounts, strict=True)
    ]
    return np.array([*told, *_heights(counts, cells)], np.int64)


def _heights(counts: NDArray[np.float64], cells: float) -> tuple[int, int]:
    """What houses show of "tall" and "low"."""
    houses = counts * (_STOREYS > 0)
    if houses.sum() < _HOUSES * cells:
        return UNSAID, UNSAID
    mean = float((houses * _STOREYS).sum() / houses.sum())
    return (WITH if mean > _TALL else WITHOUT), (WITH if mean < _LOW else WITHOUT)


def read_words(sentence: str) -> NDArray[np.int64]:
    """(W,) what a sentence says of each word; what is said and denied is denied where it is said last."""
    text = sentence.lower()
    said = np.zeros(len(WORD_NAMES), np.int64)
    cues = [word.cues for word in WORDS.values()] + list(HOUSE_WORDS.values())
    for number, cue in enumerate(cues):
        for match in re.finditer(rf"\b(?:{cue})\b", text):
            said[number] = WITHOUT if _DENIALS.search(text[: match.start()]) else WITH
    return said


def read_family(sentence: str) -> str | None:
    """The family that a sentence names first, or None."""
    text = sentence.lower()
    hits = {name: re.search(rf"\b(?:{cue})\b", text) for name, cue in _FAMILY_CUES.items()}
    at = {name: match.start() for name, match in hits.items() if match and not _DENIALS.search(text[: match.start()])}
    return min(FAMILIES, key=lambda name: at.get(name, len(text) + 1)) if at else None
