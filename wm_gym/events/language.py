"""The language of events: phrasings of starts, courses and stops, and what a text asks for.

Every phrase that `phrasings` gives is parsed back by `parse_event`. Knows nothing of scripts, simulators or models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from wm_gym.events.amounts import FULL, read_strength
from wm_gym.events.kinds import KINDS
from wm_gym.events.phrases import PHRASES, Phase
from wm_gym.events.polarity import PLACES, plain, starts
from wm_gym.events.reader import shipped_reader
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


_NOBODY = r"(nobody|no[ -]one) (else )?(is|appears|comes|walks|stands)"
_NIGHT = r"night\w*|dark\w*|sun (\w+ ){0,2}?(goes?|sets?|setting|sinks?)\b"
_DAY = (
    r"day breaks|dawn|sun (\w+ ){0,2}?(comes?|rises?|rising|returns?)\b|morning|daylight|daytime|light again"
    r"|(it (is|becomes|gets)|make it|let it be) (day|light)\b"
)
_LAMPS = r"(lamps?|lanterns?|street ?lights?)"
_ONE_LAMP = r"(lamp|street ?lamp|lantern|street ?light)"
_LAMP_POST = (
    r"\b(lamp|light)[- ]?posts?\b"
    r"|^(?!.*\b(turn|switch|(?<!street )light|lit|glow|shin|illuminat|burn|flicker)\w*\b)"
    rf".*\b(an?|another|one|new) (\w+ ){{0,2}}?{_ONE_LAMP}\b"
    rf"|\b(remov\w*|take away|pull down) (the |that )?{_ONE_LAMP}\b"
)
_OBJECT_NAMES = {
    "crate": r"crates?|((wooden|cardboard|big|large|heavy|small|old) )+box(es)?"
    r"|box(es)?(?= (drops?|falls?|lands?|tumbles?|is|stands?))",
    "car": r"cars?|automobiles?|vehicles?|taxis?|cabs?",
    "birds": r"birds?|pigeons?|doves?|sparrows?|crows?|starlings?|gulls?|seagulls?|swallows?|flocks?",
    "tree": r"(an?|another|one|the|that|this|single|lone) (?:(?!trees)\w+ ){0,2}?(tree|pine|oak|birch|poplar|maple)"
    r"|plants? (\w+ ){0,2}?trees|trees? (appears?|grows?|springs? up|shoots? up)",
}
OBJECT_WORDS = {kind: rf"\b({names})\b" for kind, names in _OBJECT_NAMES.items()}
"""Names of what has a shape of its own."""
_INTO_DAY = re.compile(r"\b(to|into|becomes?) (the |a )?(day|daylight|morning|dawn|light)\b")
_INTO_NIGHT = re.compile(r"\b(to|into|becomes?) (the |a )?(night|dark\w*|dusk)\b")
_DAY_COMES = re.compile(rf"\b({_DAY}) (comes?|breaks?|arrives?|returns?)\b.*\b({_NIGHT})")

# Ordered: "someone lights a bonfire" is about the fire, "someone sets off fireworks" about the fireworks.
_ABOUT: tuple[tuple[str, str], ...] = (
    ("fireworks", r"\b(firework\w*|rockets?)\b"),
    ("bonfire", r"\b(bonfires?|campfires?|fires?|flames?)\b"),
    (
        "snow_cover",
        r"\b(snow[- ]cover\w*|snow (lies|covers|blankets)|(covered|blanketed|white) (in|with) snow|lying snow"
        r"|snow on the (ground|streets?|floor|roofs?))\b",
    ),
    ("snowfall", r"\b(snow\w*|blizzard|flurry|flurries)\b"),
    ("fog", r"\b(fog\w*|mist\w*|the air becomes clear)\b"),
    ("storm", r"\b(thunder\w*|lightning|storms?)\b"),
    ("rain", r"\b(rain(?!bow)\w*|downpours?|drizzl\w+)\b"),
    ("smoke", r"\b(smok(e|y)|billows of smoke)\b"),
    ("explosion", r"\b(explo\w+|blasts?|bl(ows?|ew) up|blowing up|detonat\w+|fireball)\b"),
    ("sepia", r"\bsepia\b"),
    ("pixel_art", r"\b(pixels?|pixel\w+)\b"),
    ("golden_light", r"\b(golden (light|hour|glow)|low sun)\b"),
    (
        "dawn",
        r"\b(sunrise|first light|(light|glow|colou?rs?) of dawn|(pink|pale|cool|early|rosy) dawn"
        r"|the dawn (is over|ends|fades|passes)$)\b",
    ),
    ("dusk", r"\b(dusk|twilight|sunset|evening)\b"),
    ("autumn", r"\b(autumn\w*)\b"),
    (
        "lamps_off",
        rf"\b({_LAMPS} (\w+ )?(go|goes|went|are|is|are switched|are turned|fall|stay) (not )?(off|out|dark)"
        rf"|(turn|switch|put)s? (off|out) (all )?the {_LAMPS}|power (cuts?|failure|outage)|blackouts?)\b",
    ),
    ("lamp_post", _LAMP_POST),
    ("lamps_on", rf"\b{_LAMPS}\b"),
    *OBJECT_WORDS.items(),
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
    timing, rest = read_timing(plain(text))
    words = rest or plain(text)
    kind, begins = _read(words)
    is_graded = kind is not None and begins and KINDS[kind].is_graded
    return ParsedEvent(kind, begins, read_strength(words) if is_graded else FULL, timing)


def _read(words: str) -> tuple[str | None, bool]:
    """Kind, and whether it is to begin: by the first rule that knows a word of the text, else by the network."""
    for kind, pattern in _ABOUT:
        if re.search(pattern, _without_places(words, kind)):
            return kind, _starts(kind, words, pattern)
    read = shipped_reader().read(words)
    return read.kind, read.starts


def _without_places(words: str, kind: str) -> str:
    """A text without the objects of a kind that only say where something happens: "a man waits beside a crate"."""
    if kind not in _OBJECT_NAMES:
        return words
    where = rf"\b({PLACES}|over|above|below|between|against|of|with|on top of) (the |a |an |this |that |some )?(\w+ )?"
    return re.sub(rf"{where}({_OBJECT_NAMES[kind]})\b", " ", words)


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


def _starts(kind: str, words: str, pattern: str) -> bool:
    if kind == "lamp_post":
        return starts(words, rf"\b({_ONE_LAMP}[- ]?(posts?)?|light[- ]?posts?)\b")
    if kind == "lamps_off" and re.search(rf"\b{_LAMPS}\b", words):
        return not re.search(r"\b(not|never|no longer)\b", words)  # lamps that go out start a darkness
    return _night_starts(words) if kind == "night" else starts(words, pattern)


def _night_starts(words: str) -> bool:
    """Night is also spoken of by its opposite: it begins where day ends, and ends where day comes."""
    if _INTO_NIGHT.search(words):
        return starts(words, _INTO_NIGHT.pattern)
    if _INTO_DAY.search(words):
        return not starts(words, _INTO_DAY.pattern)
    if _DAY_COMES.search(words) or not re.search(rf"\b({_NIGHT})\b", words):
        return not starts(words, rf"\b({_DAY})\b")
    return starts(words, rf"\b({_NIGHT})\b")
