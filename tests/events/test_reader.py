"""The reader of sentences that the rules know no word of."""

import pytest

from wm_gym.events.kinds import KINDS
from wm_gym.events.language import parse_event
from wm_gym.events.reader import EventReader, ReaderConfig, load_reader, pieces_of, save_reader, shipped_reader

UNSEEN = {
    "snowfall": "flurries drift from the sky",
    "fog": "visibility drops",
    "rain": "it is pouring",
    "autumn": "the leaves turn red and yellow",
    "lamps_on": "switch the lights on",
    "lamps_off": "switch the lights off",
    "walker": "a stranger comes along",
    "pixel_art": "make everything blocky like a retro game",
    "sepia": "make it look like an old photograph",
    "storm": "a tempest rages",
}
"""Texts without a word that the rules know."""


@pytest.mark.parametrize(("kind", "text"), UNSEEN.items())
def test_it_reads_what_the_rules_do_not(kind, text):
    assert (parse_event(text).kind, parse_event(text).starts) == (kind, True)


@pytest.mark.parametrize(
    "text", ["a dragon flies over the square", "turn around", "the bakery sells bread", "xyzzy plugh"]
)
def test_what_it_is_not_sure_about_is_free_text(text):
    assert shipped_reader().read(text).kind is None


@pytest.mark.parametrize("text", ["", "...", "\ud800", "雪が降る", "a" * 10_000, "snow " * 5_000])
def test_any_text_can_be_read(text):
    reading = shipped_reader().read(text)
    assert reading.kind in (None, *KINDS)


def test_pieces_are_hashes_and_the_same_in_every_process():
    assert pieces_of("It snows", 6144) == pieces_of("it, snows!", 6144)
    assert pieces_of("", 6144) == [0] and max(pieces_of("a long sentence", 64)) < 64
    assert pieces_of("snow", 6144)[0] == 2781


def test_a_file_gives_the_reader_back(tmp_path):
    reader = EventReader(ReaderConfig(("fog",), vocabulary=32, width=4, hidden=4)).eval()
    path = tmp_path / "a.safetensors"
    save_reader(path, reader)
    assert load_reader(path).config == reader.config
    assert save_reader(tmp_path / "b.safetensors", load_reader(path)) == save_reader(path, load_reader(path))
