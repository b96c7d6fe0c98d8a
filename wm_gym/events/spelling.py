"""Slips of the pen in the words of events: "fogg", "rian", "a wodden crate"; words of everyday English stay.

Knows no kinds and no grammar.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SHORT_FORMS = {
    "nite": "night", "plz": "please", "pls": "please", "gimme": "give me", "wanna": "want to",
    "wont": "will not", "cant": "can not", "dont": "do not", "doesnt": "does not", "isnt": "is not",
        "arent": "are not",
    "didnt": "did not", "nomore": "no more", "tonite": "tonight", "thru": "through",
}  # fmt: skip
_WORDS = (
    "night", "midnight", "darkness", "nighttime", "nightfall", "moonlight", "fog", "foggy", "mist", "misty", "haze",
    "hazy", "snow", "snowing", "snowfall", "snowflakes", "snowy", "snows", "blizzard", "flurries", "bonfire",
    "campfire", "fire", "flames", "burning", "fireworks", "firework", "rockets", "pyrotechnics", "person", "woman",
    "pedestrian", "stranger", "someone", "somebody", "people", "passerby", "dusk", "twilight", "sunset", "evening",
    "sundown", "dawn", "sunrise", "daybreak", "morning", "golden", "sunlight", "storm", "storms", "stormy", "thunder",
    "thunderstorm", "lightning", "tempest", "hurricane", "rain", "rains", "raining", "rainy", "rainfall", "drizzle",
    "downpour", "shower", "showers", "covered", "ground", "autumn", "autumnal", "foliage", "leaves", "sepia",
    "vintage", "photograph", "pixel", "pixels", "pixelated", "pixelate", "pixelart", "lamps", "lantern", "lanterns",
    "streetlight", "streetlights", "lights", "electricity", "blackout", "smoke", "smoky", "smoking", "explosion",
    "explosions", "explode", "explodes", "blast", "detonate", "detonation", "detonates", "crate", "crates", "wooden",
    "vehicle", "automobile", "birds", "pigeons", "seagulls", "flock", "sparrows", "lamppost", "streetlamp",
    "streetlamps", "tree", "trees", "please", "disappear", "disappears", "vanish", "vanishes", "remove", "removes",
    "weather", "appear", "appears",
)  # fmt: skip
_EVERYDAY = frozenset(
    (
        "appeal", "appeals", "automobiles", "bird", "blackouts", "blames", "blizzards", "bonfires", "burying",
        "campfires",
        "carte", "coveted", "cranes", "crated", "crater", "craters", "craves", "create", "creates", "curates",
        "detonated",
        "evenings", "exploded", "explore", "explores", "flakes", "flame", "flamed", "flares", "flumes", "frames",
        "frothy",
        "furries", "grate", "grounds", "hurricanes", "lamp", "leases", "leave", "leaved", "leaver", "leavers", "light",
        "lightening", "lighting", "loaves", "moaning", "mornings", "mourning", "nigh", "parson", "passersby", "pease",
        "pedestrians", "peoples", "persona", "persons", "phonograph", "photographs", "photography", "pigeon", "pleas",
        "pleased", "pleaser", "pleases", "prates", "rackets", "raiding", "railing", "raising", "remote", "remotes",
        "removed", "remover", "rickets", "rockers", "rocket", "ruining", "seagull", "showed", "showing", "slower",
        "slowing", "snoring", "snowball", "snowflake", "someones", "sowing", "sparrow", "stoking", "stony", "stores",
        "storey", "storks", "story", "strange", "strangers", "strangler", "stringer", "stronger", "subset", "sunsets",
        "suprise", "throve", "thunders", "thunderstorms", "vanished", "vantage", "varnish", "vehicles", "vesicle",
        "vintages", "weathers", "wooded", "woolen",
    )
)  # fmt: skip
"""Words that are a slip away from one of an event, and right as they are."""
_LONG, _MIDDLING = 6, 5
"""Letters from which a word may miss any letter, have one too many or a wrong one; and from which it may miss its last.

In shorter ones two letters may have changed places, or one may be doubled.
"""


def mended(text: str) -> str:
    """A text, in lower case, in which words of events that are misspelt are put right."""
    return re.sub(r"[a-z]+", lambda found: _mended_word(found[0]), text)


@lru_cache(maxsize=4096)
def _mended_word(word: str) -> str:
    if word in _SHORT_FORMS or word in _WORDS or len(word) < 3:
        return _SHORT_FORMS.get(word, word)
    if word in _EVERYDAY or word.rstrip("sd") in _WORDS or word.removesuffix("es") in _WORDS:
        return word
    return next((known for known in _WORDS if _is_slip(word, known)), word)


def _is_slip(word: str, known: str) -> bool:
    """Whether one slip makes `word` of `known`, of which the first letter stays (but may change places)."""
    if sorted(word) == sorted(known):
        return _are_swapped(word, known)
    doubled = len(word) == len(known) + 1 and re.sub(r"(.)\1", r"\1", word) == re.sub(r"(.)\1", r"\1", known)
    cut_short = word == known[:-1] and len(known) >= _MIDDLING
    if doubled or cut_short or len(known) < _LONG or word[0] != known[0]:
        return doubled or cut_short
    if len(word) == len(known):
        return sum(a != b for a, b in zip(word, known, strict=True)) == 1
    shorter, longer = sorted((word, known), key=len)
    return len(longer) == len(shorter) + 1 and any(longer[:k] + longer[k + 1 :] == shorter for k in range(len(longer)))


def _are_swapped(word: str, known: str) -> bool:
    """Whether two neighbouring letters changed places, and no others."""
    differing = [k for k, (a, b) in enumerate(zip(word, known, strict=True)) if a != b]
    return len(differing) == 2 and differing[1] == differing[0] + 1
