"""Laws of taking worlds out of a batch and putting batches together."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.scenes.named import open_named
from wm_gym.world.world import World

WORLD = World(MemoryOnlyModel.create(48, 64))
PLACES = ("city/9", "rooms/9", "park/9", "city/9")
N = len(PLACES)
numbers = st.integers(0, N - 1)


@pytest.fixture(scope="module")
def state():
    openings = [open_named(WORLD.model.spec, name, 0, "full", 1) for name in PLACES]
    state, _ = WORLD.start(openings, list(range(N)))
    state, _ = WORLD.step(state.schedule_event(2, "it starts to snow"), _twists(N, 0))
    return state


def _twists(num_worlds, seed):
    return np.random.default_rng(seed).uniform(-1, 1, (num_worlds, 4, 4))


def _same(one, other):
    assert [id(one.memories[w]) for w in one.world_of_view] == [id(other.memories[w]) for w in other.world_of_view]
    np.testing.assert_array_equal(one.body_poses, other.body_poses)
    for name in ("model", "seeds", "frame_index", "openings", "scripts"):
        assert getattr(one, name) == getattr(other, name)


def _cuts(cuts):
    bounds = [0, *sorted(cuts), N]
    return [list(range(low, high)) for low, high in pairwise(bounds) if low < high]


@given(cuts=st.sets(st.integers(1, N - 1)))
def test_what_is_cut_apart_and_put_together_is_the_same(state, cuts):
    back = WORLD.cat([WORLD.select(state, part) for part in _cuts(cuts)])
    _same(back, state)
    assert back.world_of_view == state.world_of_view


@given(outer=st.lists(numbers, min_size=1, max_size=6), data=st.data())
def test_choosing_twice_is_choosing_once(state, outer, data):
    inner = data.draw(st.lists(st.integers(0, len(outer) - 1), min_size=1, max_size=6))
    twice = WORLD.select(WORLD.select(state, outer), inner)
    _same(twice, WORLD.select(state, [outer[n] for n in inner]))


@given(first=st.lists(numbers, min_size=1, max_size=4), second=st.lists(numbers, min_size=1, max_size=4))
def test_a_batch_of_two_choices_is_one_choice(state, first, second):
    _same(WORLD.cat([WORLD.select(state, first), WORLD.select(state, second)]), WORLD.select(state, first + second))


@settings(max_examples=10, deadline=None)
@given(chosen=st.lists(numbers, min_size=1, max_size=4), seed=st.integers(0, 99))
def test_a_choice_steps_as_it_would_in_the_batch(state, chosen, seed):
    twists = _twists(N, seed)
    whole, shown = WORLD.step(state, twists)
    after, outcome = WORLD.step(WORLD.select(state, chosen), twists[chosen])
    assert torch.equal(outcome.chunk.frames, shown.chunk.frames[chosen])
    assert torch.equal(outcome.chunk.depth, shown.chunk.depth[chosen])
    assert outcome.trust == tuple(shown.trust[n] for n in chosen)
    for k, n in enumerate(chosen):
        assert after.memories[after.world_of_view[k]] == whole.memories[whole.world_of_view[n]]


@given(chosen=st.lists(numbers, min_size=1, max_size=8))
def test_memories_that_no_view_names_are_dropped_and_the_rest_is_shared(state, chosen):
    part = WORLD.select(state, chosen)
    assert set(part.world_of_view) == set(range(len(part.memories)))
    assert all(part.memories[w] is state.memories[n] for w, n in zip(part.world_of_view, chosen, strict=True))


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ([0, 1, 2, 3], (0, 1, 0, 2)),
        ([0, 2], (0, 0)),
        ([3, 0, 2], (1, 0, 0)),
        ([1, 1], (0, 1)),
        ([0, 2, 0, 2], (0, 0, 1, 1)),
        ([0, 0, 2], (0, 1, 0)),
    ],
)
def test_views_of_one_world_go_on_sharing_it(state, chosen, expected):
    shared = replace(
        state, memories=(state.memories[0], state.memories[1], state.memories[3]), world_of_view=(0, 1, 0, 2)
    )
    part = WORLD.select(shared, chosen)
    assert part.world_of_view == expected
    both = WORLD.cat([part, part])
    assert both.world_of_view == (*expected, *(w + len(part.memories) for w in expected))


def test_forks_go_their_own_ways(state):
    left_and_right = np.zeros((2, 4, 4))
    left_and_right[:, :, 2] = [[1.0], [-1.0]]
    after, _ = WORLD.step(WORLD.select(state, [0, 0]), left_and_right)
    assert after.memories[0] != after.memories[1]


@pytest.mark.parametrize(
    ("worlds", "came"), [([4], "4"), ([0, -1], "-1"), ([], "none")], ids=["too many", "negative", "none"]
)
def test_worlds_that_are_not_there(state, worlds, came):
    with pytest.raises(ValueError) as raised:
        WORLD.select(state, worlds)
    assert str(raised.value) == f"worlds must be at least one of 0..3, got {came}"


def test_a_batch_of_nothing():
    with pytest.raises(ValueError) as raised:
        WORLD.cat([])
    assert str(raised.value) == "states must be at least one, got none"
