"""A grammar of sentences that ask for events, end them, or are about something else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.events.kinds import KINDS
from wm_gym.events.reader import stems_of
from wm_gym.train_world.data.phrasebook import split_phrasings
from wm_gym.train_world.words.nouns import NOUNS
from wm_gym.train_world.words.patterns import filled_in, words_of
from wm_gym.train_world.words.start_patterns import START_PATTERNS
from wm_gym.train_world.words.starts import STARTS
from wm_gym.train_world.words.stop_patterns import STOP_PATTERNS
from wm_gym.train_world.words.stops import STOPS
from wm_gym.train_world.words.strangers import draw_unrelated, one_of, stranger, unrelated_words

BEGIN = (
    "{n} begins", "{n} starts", "{n} comes", "{n} sets in", "{n} appears", "let there be {n}", "i want {n}", "add {n}",
    "bring on {n}", "suddenly {n}", "there is {n}", "{n} please", "{n}", "give me {n}", "show me {n}", "now {n}",
    "{n} arrives", "it is time for {n}", "make {n}", "start {n}", "i would like to see {n}", "can we have {n}",
    "{n} everywhere", "{n} fills the place", "{n} rolls in", "here comes {n}", "put {n} here", "create {n}",
    "{n} over the place", "{n} rises", "{n} spreads", "{n} falls on everything", "change it to {n}", "{n} takes over",
    "{n} does not stop", "{n} goes on and on", "have {n} appear", "could there be {n}", "bring in {n}", "let {n} come",
    "{n} ahead", "what about {n}", "throw in {n}", "{n} shows up", "turn on {n}", "we get {n}", "{n} is what i want",
    "there should be {n}", "i see {n}", "{n} moves in", "suddenly there is {n}", "let us have {n}",
    "surprise me with {n}",
    "set up {n}", "place {n} here", "spawn {n}", "i wish for {n}", "how about {n}", "i need {n}",
    "there ought to be {n}",
    "we want {n}", "please add {n}", "simulate {n}", "switch to {n}", "turn it into {n}", "go for {n}",
    "i feel like {n}",
    "conjure up {n}", "make it look like {n}", "let it be {n}", "more {n}", "{n} surrounds us", "{n} is coming",
)  # fmt: skip
END = (
    "no more {n}", "stop {n}", "{n} ends", "{n} is over", "end {n}", "{n} fades", "remove {n}", "without {n}",
    "get rid of {n}", "{n} goes away", "{n} disappears", "enough {n}", "let {n} stop", "{n} stops", "{n} vanishes",
    "{n} is gone", "take away {n}", "no {n}", "no {n} please", "{n} dies down", "{n} passes", "{n} clears away",
    "i do not want {n}", "{n} lets up", "finish {n}", "cancel {n}", "{n} blows over", "{n} thins out", "{n} calms down",
    "make {n} vanish", "make {n} stop", "{n} is finished", "{n} has ended", "{n} has gone", "that is enough of {n}",
    "away with {n}", "take {n} off", "{n} ceases", "turn off {n}", "{n} is no longer there", "let {n} be over",
    "bring {n} to an end",
    "{n} should go",
    "i have had enough of {n}",
    "clear {n} away",
    "{n} wears off",
    "lose {n}", "drop {n}", "scrap {n}", "call off {n}", "undo {n}", "kill {n}", "quit {n}", "ditch {n}",
    "back from {n}",
    "{n} over now", "{n} is done", "{n} is history", "goodbye {n}", "switch off {n}", "cut {n}", "spare me {n}",
    "{n} has passed",
    "{n} eases off", "i am tired of {n}", "delete {n}", "hide {n}", "stop with {n}", "disable {n}", "remove all {n}",
)  # fmt: skip
_TAILS = (
    "", "", "", "", " ahead", " over the square", " on the left", " to the right", " behind me", " in the distance",
    " slowly", " at once", " again", " outside", " in ten steps", " for a while", " near the wall", " in this street",
    " a little", " heavily", " lightly", " for us", " over there", " right here", " now", " please", " by the road",
    " between the houses",
    " in front of me",
    " all around",
    " before long",
    " in the middle of the place", " by the {thing}", " over the {thing}", " at the {thing}", " near my {thing}",
)  # fmt: skip
_HEADS = ("", "", "", "", "please, ", "and now ", "then ", "after a while ", "all of a sudden ", "could you: ")
_SHARE_UNRELATED, _SHARE_STOPS, _SHARE_SHORTENED, _SHARE_QUALIFIED = 0.45, 0.4, 0.1, 0.2
_UP_TO_OWN, _UP_TO_PATTERNS = 0.4, 0.7
"""Draws below which a sentence is one of its kind's own, or of one of its patterns; others are built round a noun."""
_QUALITIES = (
    "big", "small", "heavy", "light", "thick", "thin", "dense", "strong", "faint", "soft", "sudden", "distant", "dark",
    "bright", "slow", "wild", "gentle", "little", "huge", "sort of", "red", "blue", "white", "black", "yellow",
    "strange",
)  # fmt: skip


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
        return Sentence(_framed(draw_unrelated(rng, BEGIN + END), rng), None, True)
    kind = one_of(tuple(KINDS), rng)
    starts = bool(rng.random() >= _SHARE_STOPS)
    draw = rng.random()
    if draw < _UP_TO_OWN:
        return Sentence(_framed(one_of(sentences_of(kind, starts), rng), rng), kind, starts)
    if draw < _UP_TO_PATTERNS:
        pattern = one_of((START_PATTERNS if starts else STOP_PATTERNS)[kind], rng)
        return Sentence(_framed(filled_in(pattern, rng), rng), kind, starts)
    noun = one_of(NOUNS[kind], rng)
    if rng.random() < _SHARE_QUALIFIED:
        noun = _qualified(noun, one_of(_QUALITIES, rng) if rng.random() < 0.5 else stranger(rng))
    bare = noun if starts else noun.removeprefix("a ").removeprefix("an ")
    named = f"the {bare}" if not starts and rng.random() < 0.5 else bare
    return Sentence(_framed(one_of(BEGIN if starts else END, rng).format(n=named), rng), kind, starts)


def sentences_of(kind: str, starts: bool) -> tuple[str, ...]:
    """Sentences of a kind's own, and phrasings of the package that are not held out."""
    if not starts:
        return (*STOPS[kind], *split_phrasings(kind, "stop")[0])
    return (*STARTS[kind], *split_phrasings(kind, "start")[0], *split_phrasings(kind, "ongoing")[0])


def _qualified(noun: str, quality: str) -> str:
    """A noun with a word for what it is like, behind its article."""
    article, space, rest = noun.partition(" ")
    return f"a {quality} {rest}" if article in ("a", "an") and space else f"{quality} {noun}"


def _framed(text: str, rng: np.random.Generator) -> str:
    """A sentence with what stands around it; some lose a word, so that no word alone decides."""
    words = text.split()
    if len(words) > 4 and rng.random() < _SHARE_SHORTENED:
        del words[int(rng.integers(len(words)))]
    return f"{one_of(_HEADS, rng)}{' '.join(words)}{one_of(_TAILS, rng).format(thing=stranger(rng))}"


def vocabulary() -> tuple[str, ...]:
    """Stems of all words of the grammar, in order."""
    texts = [*_HEADS, *_TAILS, *BEGIN, *END, *_QUALITIES, *unrelated_words()]
    texts += [text for kind in KINDS for text in (*NOUNS[kind], *sentences_of(kind, True), *sentences_of(kind, False))]
    texts += [words_of(one) for table in (START_PATTERNS, STOP_PATTERNS) for rows in table.values() for one in rows]
    return tuple(sorted({stem for text in texts for stem in stems_of(text)}))
