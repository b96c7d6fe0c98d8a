"""What sentences say of families, words and colours."""

import numpy as np
import pytest

from wm_gym.layout.colours import read_colours
from wm_gym.layout.words import UNSAID, WITH, WITHOUT, WORD_NAMES, read_family, read_words, shown_words
from wm_gym.train_world.layout.samples import draw_window

SAID = {
    "a narrow street with green trees and red houses": ("city", {"narrow": WITH, "trees": WITH}),
    "a park without water, with many hedges": ("park", {"water": WITHOUT, "hedges": WITH}),
    "a warehouse full of crates, no racks": ("warehouse", {"crates": WITH, "racks": WITHOUT}),
    "tall houses on a wide avenue": ("city", {"tall": WITH, "wide": WITH}),
    "a village with low cottages": ("city", {"low": WITH}),
    "a courtyard with arcades": ("courtyard", {"arcades": WITH}),
    "rooms with furniture but neither plants nor rugs": ("rooms", {"furniture": WITH, "plants": WITHOUT}),
    "": (None, {}),
    "42": (None, {}),
    "\ud800 \u732b": (None, {}),
}
COLOURS = {
    "red houses": {"houses": 1},
    "pink and white houses": {"houses": 2},
    "a light blue sky over dark green trees": {"sky": 1, "trees": 1},
    "a street with red trees and houses": {"trees": 1},
    "houses": {},
}


@pytest.mark.parametrize("sentence", SAID)
def test_families_and_words(sentence):
    family, words = SAID[sentence]
    assert read_family(sentence) == family
    said = dict(zip(WORD_NAMES, read_words(sentence).tolist(), strict=True))
    assert {name: value for name, value in said.items() if name in words} == words


@pytest.mark.parametrize("sentence", COLOURS)
def test_colours(sentence):
    assert {thing: len(colours) for thing, colours in read_colours(sentence).items()} == COLOURS[sentence]


def test_shades_darken_and_lighten():
    plain, dark, light = (read_colours(f"{shade}blue sky")["sky"][0].sum() for shade in ("", "dark ", "light "))
    assert dark < plain < light


def test_a_long_prompt_is_read_like_a_short_one():
    long = "a park without water " + 4000 * "very "
    assert len(long) > 10_000 and read_family(long) == "park"
    assert read_words(long)[WORD_NAMES.index("water")] == WITHOUT


def test_what_is_said_last_of_a_contradiction_holds():
    assert read_words("a park without trees, with trees")[WORD_NAMES.index("trees")] == WITH


def test_windows_show_words_of_their_family():
    rng = np.random.default_rng(0)
    shown = np.stack([shown_words(one.cells, one.objects) for one in (draw_window(rng, family=4) for _ in range(12))])
    assert (shown[:, WORD_NAMES.index("racks")] == WITH).mean() > 0.5
    assert (shown[:, WORD_NAMES.index("trees")] == WITHOUT).all()
    assert set(np.unique(shown)) <= {UNSAID, WITHOUT, WITH}
