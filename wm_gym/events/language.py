"""The language of events: phrasings of starts, courses and stops, and what a text asks for.

Every phrase that `phrasings` gives is parsed back by `parse_event`. Knows nothing of scripts, simulators or models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from wm_gym.events.amounts import FULL, read_strength
from wm_gym.events.idioms import without_idioms
from wm_gym.events.kinds import KINDS
from wm_gym.events.phrases import PHRASES, Phase
from wm_gym.events.polarity import PLACES, plain, starts
from wm_gym.events.reader import shipped_reader
from wm_gym.events.rules import DAY, LIGHTS, NIGHT, POWER, Naming, first_naming
from wm_gym.events.spelling import mended
from wm_gym.events.timing import AT_ONCE, Timing, read_timing


@dataclass(frozen=True)
class ParsedEvent:
    """What a text asks for.

    Attributes:
        kind: A name in `KINDS`, or None where the text is about none of them.
        starts: True if the event is to begin, False if it is to end; True without a kind.
        strength: How much of it, 0..1; 1 where the text does not say, and for kinds of which there is no little.
        timing: When it is to begin or to end, and how long it is to last.
    """

    kind: str | None
    starts: bool
    strength: float = FULL
    timing: Timing = AT_ONCE


_DENIED = re.compile(r"\b(not|never|no longer|nobody|no one)\b")
_GREEN = re.compile(r"\bgreen\b(?! (to|turns?|goes|fades|into))(?<!their green)(?<!all green)")
_POWER_IS_BACK = re.compile(
    r"\b(not|never|no longer|back|restor\w+|returns?|again|works?|ends?|over|fix\w*|repair\w*|turn on|switch on|no "
    r"more power (cut|failure|outage)s?)\b"
)
_INTO_DAY = re.compile(r"\b(to|into|becomes?) (the |a )?(day|daylight|morning|dawn|light)\b")
_INTO_NIGHT = re.compile(r"\b(to|into|becomes?) (the |a )?(night|dark\w*|dusk)\b")
_DAY_COMES = re.compile(rf"\b({DAY}) (comes?|breaks?|arrives?|returns?)\b.*\b({NIGHT})")
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
    if kind not in PHRASES:
        raise ValueError(f"event kind must be one of {sorted(KINDS)}, got {kind!r}")
    return PHRASES[kind][phase]


def phrase(kind: str, phase: Phase, rng: np.random.Generator) -> str:
    """One phrase, drawn by `rng`."""
    choices = phrasings(kind, phase)
    return choices[int(rng.integers(len(choices)))]


def parse_event(text: str) -> ParsedEvent:
    """What `text` asks for: a known kind that starts or stops, or something else that happens.

    Rules read what holds a word that they know, and are right about its negations; a small network reads the rest.

    Raises:
        ValueError: If it is empty or not a string.
    """
    if not isinstance(text, str):
        raise ValueError(f"event text must be a string, got {type(text).__name__}")
    if not text.strip(" .\t\n"):
        raise ValueError(f"event text must say what happens, got {text!r}")
    whole = mended(plain(text))
    timing, rest = read_timing(whole)
    words = rest or whole
    kind, begins = _read(words)
    is_graded = kind is not None and begins and KINDS[kind].is_graded
    return ParsedEvent(kind, begins, read_strength(words) if is_graded else FULL, timing)


def _read(words: str) -> tuple[str | None, bool]:
    """Kind, and whether it is to begin: by the first rule that knows a word of the text, else by the network."""
    meant = without_idioms(words)
    naming = first_naming(meant)
    if naming is not None:
        return naming.kind, _starts(naming, meant)
    read = shipped_reader().read(meant)
    return read.kind, read.starts


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


def _starts(naming: Naming, words: str) -> bool:
    if naming.kind == "autumn" and _GREEN.search(words):
        return _DENIED.search(words) is not None
    if naming.kind == "lamps_off" and re.search(rf"\b{POWER}\b", words):
        return not _POWER_IS_BACK.search(words)
    if naming.kind == "lamps_off" and re.search(rf"\b(?:{LIGHTS})\b", words):
        return not _DENIED.search(words)  # lamps that go out start a darkness
    return _night_starts(words) if naming.kind == "night" else starts(words, naming.subject)


def _night_starts(words: str) -> bool:
    """Night is also spoken of by its opposite: it begins where day ends, and ends where day comes."""
    if _INTO_NIGHT.search(words):
        return starts(words, _INTO_NIGHT.pattern)
    if _INTO_DAY.search(words):
        return not starts(words, _INTO_DAY.pattern)
    if _DAY_COMES.search(words) or not re.search(rf"\b(?:{NIGHT})\b", words):
        return not starts(words, rf"\b(?:{DAY})\b")
    return starts(words, rf"\b(?:{NIGHT})\b")
