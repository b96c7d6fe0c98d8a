import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from wm_gym.train_world.data.splits import split_of

_PATH = Path(__file__).parents[2] / "benchmarks" / "explore_ppo.py"
_SPEC = importlib.util.spec_from_file_location("explore_ppo", _PATH)
assert _SPEC is not None and _SPEC.loader is not None
ppo = importlib.util.module_from_spec(_SPEC)
sys.modules["explore_ppo"] = ppo
_SPEC.loader.exec_module(ppo)

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=60)


@given(PAIRS)
def test_the_sign_test_is_scipys_without_ties(pairs):
    ours, theirs = np.array(pairs).T
    wins, losses, p = ppo.sign_test(ours, theirs)
    assert wins + losses == sum(a != b for a, b in pairs)
    expected = binomtest(wins, wins + losses, 0.5, alternative="greater").pvalue if wins + losses else 1.0
    assert p == pytest.approx(expected)


@given(PAIRS, st.tuples(st.integers(0, 5), st.integers(0, 5)))
def test_one_more_win_never_makes_chance_likelier(pairs, more):
    ours, theirs = np.array([*pairs, more]).T
    without, with_it = ppo.sign_test(ours[:-1], theirs[:-1])[2], ppo.sign_test(ours, theirs)[2]
    assert (with_it <= without) if more[0] > more[1] else (with_it >= without)


def test_equal_walks_prove_nothing_and_five_of_five_do_a_little():
    assert ppo.sign_test(np.ones(4), np.ones(4)) == (0, 0, 1.0)
    assert ppo.sign_test(np.ones(5), np.zeros(5)) == (5, 0, 0.5**5)


@given(st.sampled_from(["train", "test"]), st.integers(0, 500), st.integers(1, 60))
def test_places_are_of_their_split_and_differ(split, first, count):
    names = ppo.places_of(split, first, count)
    assert len(set(names)) == count
    assert {split_of(family, int(number)) for family, number in (name.split("/") for name in names)} == {split}


def test_chance_follows_its_seed():
    seen = {"pose": np.zeros((50, 7))}
    one, same, other = (ppo.by_chance(9, seed)(seen).tolist() for seed in (1, 1, 2))
    assert one == same != other and set(one) <= set(range(9))
