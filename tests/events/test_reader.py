"""The reader of sentences that the rules know no word of."""

import pytest

from wm_gym.events.kinds import KINDS
from wm_gym.events.language import parse_event
from wm_gym.events.reader import EventReader, ReaderConfig, load_reader, save_reader, shipped_reader, stems_of

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


def test_words_are_read_by_their_stems():
    assert stems_of("It snows; snowing, snowed!") == ["it", "snow", "snow", "snow"]
    assert stems_of("brownish leaves turn") == stems_of("brown leave turned")
    assert stems_of("") == [] and len(stems_of("word " * 100)) == 40


def test_words_that_it_does_not_know_are_all_the_same_to_it():
    reader = shipped_reader()
    first, second = reader(["zorble the quantavian"])[0], reader(["plugh the xyzzy"])[0]
    assert first.equal(second)


def test_other_senses_of_its_words_are_no_events():
    for text in ("the meeting starts at noon sharp", "she turned pale", "prices fall", "a branch of the bank opens"):
        assert shipped_reader().read(text).kind is None, text


def test_a_file_gives_the_reader_back(tmp_path):
    reader = EventReader(ReaderConfig(("fog",), ("air", "thick"), width=4, hidden=4)).eval()
    path = tmp_path / "a.safetensors"
    save_reader(path, reader)
    assert load_reader(path).config == reader.config
    assert save_reader(tmp_path / "b.safetensors", load_reader(path)) == save_reader(path, load_reader(path))
