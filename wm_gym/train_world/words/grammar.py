"""A grammar of sentences that ask for events, end them, or are about something else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.events.kinds import KINDS
from wm_gym.train_world.data.phrasebook import split_phrasings
from wm_gym.train_world.words.unrelated import DEEDS, THINGS, UNRELATED
from wm_gym.train_world.words.vocabulary import NOUNS, STARTS, STOPS

_BEGIN = (
    "{n} begins", "{n} starts", "{n} comes", "{n} sets in", "{n} appears", "let there be {n}", "i want {n}", "add {n}",
    "bring on {n}", "suddenly {n}", "there is {n}", "{n} please", "{n}", "give me {n}", "show me {n}", "now {n}",
    "{n} arrives", "it is time for {n}", "make {n}", "start {n}", "i would like to see {n}", "can we have {n}",
    "{n} everywhere", "{n} fills the place", "{n} rolls in", "here comes {n}", "put {n} here", "create {n}",
    "{n} over the place", "{n} rises", "{n} spreads", "{n} falls on everything", "change it to {n}", "{n} takes over",
    "{n} does not stop", "{n} goes on and on", "have {n} appear", "could there be {n}", "bring in {n}", "let {n} come",
    "{n} ahead", "what about {n}", "throw in {n}", "{n} shows up", "turn on {n}", "we get {n}", "{n} is what i want",
    "there should be {n}", "i see {n}", "{n} moves in", "suddenly there is {n}", "let us have {n}",
    "surprise me with {n}",
)  # fmt: skip
_END = (
    "no more {n}", "stop {n}", "{n} ends", "{n} is over", "end {n}", "{n} fades", "remove {n}", "without {n}",
    "get rid of {n}", "{n} goes away", "{n} disappears", "enough {n}", "let {n} stop", "{n} stops", "{n} vanishes",
    "{n} is gone", "take away {n}", "no {n}", "no {n} please", "{n} dies down", "{n} passes", "{n} clears away",
    "i do not want {n}", "{n} lets up", "finish {n}", "cancel {n}", "{n} blows over", "{n} thins out", "{n} calms down",
    "make {n} vanish", "make {n} stop", "{n} is finished", "{n} has ended", "{n} has gone", "that is enough of {n}",
    "away with {n}", "take {n} off", "{n} ceases", "turn off {n}", "{n} is no longer there", "let {n} be over",
    "bring {n} to an end", "{n} should go", "i have had enough of {n}", "clear {n} away", "{n} wears off",
)  # fmt: skip
_TAILS = (
    "", "", "", "", " ahead", " over the square", " on the left", " to the right", " behind me", " in the distance",
    " slowly", " at once", " again", " outside", " in ten steps", " for a while", " near the wall", " in this street",
    " a little", " heavily", " lightly", " for us", " over there", " right here", " now", " please", " by the road",
    " between the houses", " in front of me", " all around", " before long", " in the middle of the place",
)  # fmt: skip
_HEADS = ("", "", "", "", "please, ", "and now ", "then ", "after a while ", "all of a sudden ", "could you: ")
_SHARE_UNRELATED, _SHARE_STOPS, _SHARE_SHORTENED, _SHARE_QUALIFIED = 0.4, 0.4, 0.15, 0.2
_QUALITIES = (
    "big", "small", "heavy", "light", "thick", "thin", "dense", "strong", "faint", "soft", "sudden", "distant", "dark",
    "bright", "slow", "wild", "gentle", "little", "huge", "sort of", "red", "blue", "white", "black", "yellow",
    "strange",
)  # fmt: skip
_SYLLABLES = ("ba", "re", "lo", "ti", "mun", "ka", "sel", "dor", "fi", "gra", "no", "vel", "pu", "chi", "ster", "wen")
_BEFORE = ("a ", "the ", "two ", "some ", "many ", "a big ", "a second ", "", "an old ", "the last ", "my ")


@dataclass(frozen=True)
class Sentence:
    """One sentence.

    Attributes:
        text: The words.
        kind: What it is about, or None.
        starts: Whether it asks for a start.
    """

    text: str
    kind: str | None
    starts: bool


def draw_sentence(rng: np.random.Generator) -> Sentence:
    """A sentence by chance."""
    if rng.random() < _SHARE_UNRELATED:
        return Sentence(_framed(_unrelated(rng), rng), None, True)
    kind = _one(tuple(KINDS), rng)
    starts = bool(rng.random() >= _SHARE_STOPS)
    own = (*(STARTS if starts else STOPS)[kind], *_phrases(kind, starts))
    if rng.random() < 0.5:
        return Sentence(_framed(_one(own, rng), rng), kind, starts)
    noun = _one(NOUNS[kind], rng)
    template = _one(_BEGIN if starts else _END, rng)
    if rng.random() < _SHARE_QUALIFIED:
        noun = _qualified(noun, _one(_QUALITIES, rng))
    bare = noun if starts else noun.removeprefix("a ").removeprefix("an ")
    named = f"the {bare}" if not starts and rng.random() < 0.5 else bare
    return Sentence(_framed(template.format(n=named), rng), kind, starts)


def _unrelated(rng: np.random.Generator) -> str:
    """About no kind: a thing and its deed, or one that is asked for as events are, or a sentence."""
    draw = rng.random()
    if draw < 0.1:
        return _one(UNRELATED, rng)
    thing = (
        _one(THINGS, rng) if rng.random() < 0.6 else "".join(_one(_SYLLABLES, rng) for _ in range(rng.integers(1, 4)))
    )
    named = f"{_one(_BEFORE, rng)}{thing}{'s' if rng.random() < 0.3 else ''}"
    return _one(_BEGIN + _END, rng).format(n=named) if draw < 0.5 else f"{named} {_one(DEEDS, rng)}"


def _phrases(kind: str, starts: bool) -> tuple[str, ...]:
    if not starts:
        return split_phrasings(kind, "stop")[0]
    return (*split_phrasings(kind, "start")[0], *split_phrasings(kind, "ongoing")[0])


def _qualified(noun: str, quality: str) -> str:
    """A noun with a word for what it is like, behind its article."""
    article, space, rest = noun.partition(" ")
    return f"a {quality} {rest}" if article in ("a", "an") and space else f"{quality} {noun}"


def _framed(text: str, rng: np.random.Generator) -> str:
    """A sentence with what stands around it; some lose a word, so that no word alone decides."""
    words = text.split()
    if len(words) > 3 and rng.random() < _SHARE_SHORTENED:
        del words[int(rng.integers(len(words)))]
    return f"{_one(_HEADS, rng)}{' '.join(words)}{_one(_TAILS, rng)}"


def _one(rows: tuple[str, ...], rng: np.random.Generator) -> str:
    return rows[int(rng.integers(len(rows)))]
