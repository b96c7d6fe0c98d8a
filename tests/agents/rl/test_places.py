"""Worlds whose episodes differ, by their seeds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.agents.rl.places import EVENTS, VariationConfig, VariedWorlds, vary
from wm_gym.envs.options import ResetOptions, TimedEvent
from wm_gym.events.language import parse_event

PLACES = ["city/9", "rooms/9", "courtyard/9"]
SMALL = {"task": "point_goal", "backend": "memory_only", "finer": 1, "resolution": (24, 32), "obs_mode": "pose"}


@pytest.fixture
def worlds():
    made = VariedWorlds(
        2, places=PLACES, variation=VariationConfig(events_share=0.5), max_episode_steps=2,
        autoreset_mode="SameStep", **SMALL,
    )  # fmt: skip
    yield made
    made.close()


def walk(worlds, steps=12):
    """What N worlds show over some steps, several episodes each."""
    return [worlds.step(np.ones(2, np.int64))[0] for _ in range(steps)]


def where(worlds):
    return [sub_env.now.world.openings[0].prompt for sub_env in worlds.sub_envs]


def test_episodes_open_in_several_places_drawn_by_the_seed(worlds):
    met = []
    for _ in range(2):
        worlds.reset(seed=3)
        met.append([where(worlds)])
        for _ in range(8):
            walk(worlds, 2)
            met[-1].append(where(worlds))
    assert met[0] == met[1] and len({prompt for both in met[0] for prompt in both}) > 1


def test_worlds_that_are_saved_go_on_to_the_same_places(worlds):
    worlds.reset(seed=5)
    walk(worlds, 3)
    saved = [sub_env.state_to_bytes(sub_env.get_state()) for sub_env in worlds.sub_envs]
    ahead = walk(worlds)
    worlds.reset(seed=99)
    worlds.set_state(saved)
    for one, other in zip(ahead, walk(worlds), strict=True):
        np.testing.assert_array_equal(one["pose"], other["pose"])
        np.testing.assert_array_equal(one["goal"], other["goal"])


def test_an_option_goes_before_what_is_drawn(worlds):
    seen = set()
    for seed in range(4):
        worlds.reset(seed=seed, options={"world": "park/9", "events": [{"text": "fog comes in"}]})
        seen |= set(where(worlds))
        assert {event["text"] for events in worlds.events() for event in events} <= {"fog comes in"}
    assert len(seen) == 1


@given(st.integers(0, 2**31), st.floats(0, 1), st.floats(0, 1))
def test_what_is_drawn_is_of_the_lists(seed, events_share, prompts_share):
    variation = VariationConfig(events_share, event_steps=5, prompts_share=prompts_share, prompts=["A town."])
    drawn = vary(ResetOptions(), PLACES, variation, np.random.default_rng(seed))
    assert drawn.world in PLACES and drawn.prompt in (None, "A town.")
    assert all(event.text in EVENTS and 0 <= event.at <= 5 for event in drawn.events)
    assert len(drawn.events) <= 1 and (events_share < 1 or drawn.events)


@given(st.floats(0.1, 0.9))
def test_shares_are_kept(share):
    variation = VariationConfig(share, prompts_share=1 - share, prompts=["A town."])
    rng = np.random.default_rng(0)
    drawn = [vary(ResetOptions(), PLACES, variation, rng) for _ in range(400)]
    assert abs(np.mean([bool(one.events) for one in drawn]) - share) < 0.1
    assert abs(np.mean([one.prompt is not None for one in drawn]) - (1 - share)) < 0.1


@given(st.integers(0, 2**31))
def test_the_place_does_not_depend_on_the_shares(seed):
    shares = [VariationConfig(), VariationConfig(1.0), VariationConfig(prompts_share=1.0, prompts=["A town."])]
    drawn = [vary(ResetOptions(), PLACES, one, np.random.default_rng(seed)).world for one in shares]
    assert len(set(drawn)) == 1


def test_a_state_draws_nothing():
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    asked = ResetOptions(state=b"", events=(TimedEvent(0, "fog comes in", None),))
    assert vary(asked, PLACES, VariationConfig(1.0), rng) is asked and rng.bit_generator.state == before


def test_all_that_may_happen_is_of_a_known_kind():
    assert all(parse_event(text).kind and parse_event(text).starts for text in EVENTS)
