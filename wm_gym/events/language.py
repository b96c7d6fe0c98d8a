"""The language of events: phrasings of starts, courses and stops, and what a text asks for.

Every phrase that `phrasings` gives is parsed back by `parse_event`. Knows nothing of scripts, simulators or models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from wm_gym.events.kinds import KINDS
from wm_gym.events.polarity import PLACES, plain, starts

Phase = Literal["start", "ongoing", "stop"]


@dataclass(frozen=True)
class ParsedEvent:
    """What a text asks for.

    Attributes:
        kind: A name in `KINDS`, or None where the text is about none of them.
        starts: True if the event is to begin, False if it is to end; True without a kind.
    """

    kind: str | None
    starts: bool


_PHRASES: dict[str, dict[Phase, tuple[str, ...]]] = {
    "night": {
        "start": ("night falls", "it gets dark", "darkness falls", "the sun goes down", "it becomes night"),
        "ongoing": ("it is night", "it is dark", "the night is calm and starry"),
        "stop": ("the night ends", "day breaks", "the sun comes up", "it gets light again", "morning comes"),
    },
    "fog": {
        "start": ("fog rolls in", "it becomes foggy", "a thick fog rises", "mist begins to fill the air"),
        "ongoing": ("it is foggy", "fog hangs in the air", "thick fog hides what is far off"),
        "stop": ("the fog lifts", "the fog clears", "the mist goes away", "the air becomes clear again"),
    },
    "snowfall": {
        "start": ("it starts to snow", "snow begins to fall", "snowflakes start falling", "a snowfall begins"),
        "ongoing": ("it is snowing", "snow is falling", "snowflakes drift down"),
        "stop": ("it stops snowing", "the snow stops", "the snowfall ends", "no more snow falls"),
    },
    "bonfire": {
        "start": ("a bonfire is lit ahead", "a fire starts burning", "someone lights a bonfire", "flames rise ahead"),
        "ongoing": ("a bonfire is burning", "a fire burns on the ground"),
        "stop": ("the bonfire goes out", "the fire dies down", "the fire is put out", "the flames go out"),
    },
    "fireworks": {
        "start": (
            "fireworks begin",
            "fireworks light up the sky",
            "someone sets off fireworks",
            "rockets burst overhead",
        ),
        "ongoing": ("fireworks are going off", "fireworks burst in the sky"),
        "stop": ("the fireworks end", "the fireworks stop", "no more fireworks", "the last rocket is over"),
    },
    "walker": {
        "start": ("a walker appears", "a person walks in", "someone appears ahead", "a pedestrian comes along"),
        "ongoing": ("a person is walking about", "a walker is ahead"),
        "stop": ("the walker leaves", "the person goes away", "the pedestrian disappears", "the walker is gone"),
    },
}

_NOBODY = r"(nobody|no[ -]one) (else )?(is|appears|comes|walks|stands)"
_NIGHT = r"night\w*|dark\w*|sunset|dusk|sun (\w+ ){0,2}?(goes?|sets?|setting|sinks?)\b"
_DAY = (
    r"day breaks|dawn|sunrise|sun (\w+ ){0,2}?(comes?|rises?|rising|returns?)\b|morning|daylight|daytime|light again"
    r"|(it (is|becomes|gets)|make it|let it be) (day|light)\b"
)
_INTO_DAY = re.compile(r"\b(to|into|becomes?) (the |a )?(day|daylight|morning|dawn|light)\b")
_INTO_NIGHT = re.compile(r"\b(to|into|becomes?) (the |a )?(night|dark\w*|dusk)\b")
_DAY_COMES = re.compile(rf"\b({_DAY}) (comes?|breaks?|arrives?|returns?)\b.*\b({_NIGHT})")

# Ordered: "someone lights a bonfire" is about the fire, "someone sets off fireworks" about the fireworks.
_ABOUT: tuple[tuple[str, str], ...] = (
    ("fireworks", r"\b(firework\w*|rockets?)\b"),
    ("bonfire", r"\b(bonfires?|campfires?|fires?|flames?)\b"),
    ("snowfall", r"\b(snow\w*|blizzard)\b"),
    ("fog", r"\b(fog\w*|mist\w*|the air becomes clear)\b"),
    ("walker", rf"\b(walker|person|pedestrian|passer-?by|someone|somebody|man|woman|{_NOBODY})\b"),
    ("night", rf"\b({_NIGHT}|{_DAY})\b"),
)


_NAMES_NOTHING = frozenset(
    {
        "the", "its", "and", "are", "was", "has", "some", "there", "this", "that", "one", "two", "three", "many", "few",
        "start", "starts", "begin", "begins", "appear", "appears", "come", "comes",
    }
)  # fmt: skip
"""Words of three letters and more that say nothing about which event is meant."""


def phrasings(kind: str, phase: Phase) -> tuple[str, ...]:
    """All phrases for one phase of one kind.

    Raises:
        ValueError: If the kind is unknown.
    """
    if kind not in _PHRASES:
        raise ValueError(f"event kind must be one of {sorted(KINDS)}, got {kind!r}")
    return _PHRASES[kind][phase]


def phrase(kind: str, phase: Phase, rng: np.random.Generator) -> str:
    """One phrase, drawn by `rng`."""
    choices = phrasings(kind, phase)
    return choices[int(rng.integers(len(choices)))]


def parse_event(text: str) -> ParsedEvent:
    """What `text` asks for: a known kind that starts or stops, or something else that happens.

    Raises:
        ValueError: If it is empty or not a string.
    """
    if not isinstance(text, str):
        raise ValueError(f"event text must be a string, got {type(text).__name__}")
    if not text.strip(" .\t\n"):
        raise ValueError(f"event text must say what happens, got {text!r}")
    words = plain(text)
    for kind, pattern in _ABOUT:
        if re.search(pattern, words):
            return ParsedEvent(kind, starts=_night_starts(words) if kind == "night" else starts(words, pattern))
    return ParsedEvent(None, starts=True)


def asks_to_end(text: str, event_text: str) -> bool:
    """Whether `text` asks for the end of the event that `event_text` describes, of which it must name something."""
    words = plain(text)
    stems = [stem for stem in _stems(plain(event_text)) if re.search(rf"\b{stem}\w*", words)]
    return any(not starts(words, rf"{stem}\w*") for stem in stems)


def _stems(text: str) -> list[str]:
    """Stems of the words that name what happens; places ("over the square") are left out."""
    named = re.sub(rf"\b(over|above|along|with|{PLACES}) .*", "", text) or text
    words = [word for word in re.findall(r"[^\W\d_]+", named) if len(word) > 2 and word not in _NAMES_NOTHING]
    return [re.sub(r"(?<=...)(ing|ed|es|s)$", "", word) for word in words]


def _night_starts(words: str) -> bool:
    """Night is also spoken of by its opposite: it begins where day ends, and ends where day comes."""
    if _INTO_NIGHT.search(words):
        return starts(words, _INTO_NIGHT.pattern)
    if _INTO_DAY.search(words):
        return not starts(words, _INTO_DAY.pattern)
    if _DAY_COMES.search(words) or not re.search(rf"\b({_NIGHT})\b", words):
        return not starts(words, rf"\b({_DAY})\b")
    return starts(words, rf"\b({_NIGHT})\b")
