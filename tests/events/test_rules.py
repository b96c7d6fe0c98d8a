"""What rules make of everyday English: words of events in other senses, slips of the pen, places, ends."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.events.idioms import without_idioms
from wm_gym.events.kinds import KINDS
from wm_gym.events.language import parse_event
from wm_gym.events.rules import first_naming
from wm_gym.events.spelling import mended

OTHER_SENSES = [
    "the fire engine is red", "she was fired last week", "i met him last night", "a brainstorm with the team",
    "he storms out of the office", "take a shower", "a shower of applause", "explore the old town",
    "he made a mistake",
    "the car dealer smiles", "a family tree", "box office hits", "as the crow flies", "in the dark about it",
    "smoking room rules", "it is snowed under with mail", "the story dawned on her", "we had a blast",
]  # fmt: skip
SLIPS = {
    "thick fogg": "fog", "it is rianing": "rain", "a wodden crate": "crate", "firworks": "fireworks",
    "an explotion": "explosion",
    "make it nite": "night", "a thunderstrom": "storm", "autum": "autumn", "a blizard": "snowfall",
}  # fmt: skip
ENDS = {
    "get the guy out of my sight": "walker", "lose the fog": "fog", "the last rocket has burst": "fireworks",
    "call off the storm": "storm", "the shower passes": "rain", "enough of this snow": "snowfall",
    "shoo the pigeons": "birds",
    "the man beside the fire leaves": "walker", "sepia off": "sepia", "stop that drizzle": "rain",
    "the fire's gone": "bonfire",
    "make the leaves green again": "autumn", "shovel the snow off the road": "snow_cover", "the van drives off": "car",
}  # fmt: skip
STARTS = {
    "why don't you make it rain": "rain", "can't we have some snow": "snowfall", "without warning fog rolls in": "fog",
    "a man walks past": "walker", "the lights go out": "lamps_off", "turn off the light": "lamps_off",
    "lights on": "lamps_on",
    "a swarm of starlings": "birds", "hide the street in fog": "fog", "drop the crate here": "crate",
    "dawn breaks": "dawn",
    "darkness swallows the street": "night", "a van stops ahead": "car", "crows fly off the ground": "birds",
}  # fmt: skip


@pytest.mark.parametrize("text", OTHER_SENSES)
def test_a_word_in_another_sense_is_no_event(text):
    assert first_naming(without_idioms(text)) is None
    assert parse_event(text).kind is None


@pytest.mark.parametrize(("text", "kind"), SLIPS.items())
def test_a_slip_of_the_pen_is_read_as_it_was_meant(text, kind):
    assert (parse_event(text).kind, parse_event(text).starts) == (kind, True)


@pytest.mark.parametrize(
    "word", ["bird", "lamp", "frames", "story", "strange", "create", "light", "explore", "leave", "brain"]
)
def test_everyday_words_are_not_mended(word):
    assert mended(word) == word


@pytest.mark.parametrize(("text", "kind"), ENDS.items())
def test_what_asks_for_an_end(text, kind):
    assert (parse_event(text).kind, parse_event(text).starts) == (kind, False)


@pytest.mark.parametrize(("text", "kind"), STARTS.items())
def test_what_asks_for_a_start(text, kind):
    assert (parse_event(text).kind, parse_event(text).starts) == (kind, True)


@given(st.text(min_size=1, max_size=60).filter(lambda text: text.strip(" .\t\n")))
def test_any_text_has_a_kind_or_none(text):
    parsed = parse_event(text)
    assert parsed.kind in (None, *KINDS) and (parsed.starts or parsed.kind is not None)


def test_long_texts_are_read_in_little_time():
    began = time.perf_counter()
    parse_event("a man and a box and some snow on the old grey road of the town " * 40)
    assert time.perf_counter() - began < 2.0
