"""Measures of episodes: what LeRobot and Habitat report, the same for every task."""

import math

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plains import on_a_plain

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.envs.measures import MEASURES, Measures

SMALL = {"backend": "memory_only", "world": "city/9", "resolution": (36, 48), "finer": 1, "obs_mode": "pose"}
METRES = st.floats(0.0, 50.0)
SPOTS = st.tuples(st.floats(-20.0, 20.0), st.floats(-20.0, 20.0))


@given(METRES | st.none(), st.lists(SPOTS, min_size=1, max_size=4), st.booleans())
def test_spl_is_a_share_and_nothing_before_success(distance, path, is_success):
    after = Measures.at_start(distance).after(np.zeros(5), on_a_plain(*path), distance, is_success=is_success)
    assert 0.0 <= after.spl <= 1.0
    assert after.spl == 0.0 or is_success
    if is_success and distance:
        assert after.spl == pytest.approx(distance / max(distance, after.path_metres))


@given(st.lists(SPOTS, min_size=1, max_size=4))
def test_the_way_is_as_long_as_its_parts(path):
    whole = Measures.at_start(None).after(np.zeros(5), on_a_plain(*path), None, is_success=False)
    parts, here = Measures.at_start(None), np.zeros(5)
    for spot in path:
        parts = parts.after(here, on_a_plain(spot), None, is_success=False)
        here = np.array([*spot, 0.0, 0.0, 0.0])
    assert whole.path_metres == pytest.approx(parts.path_metres)
    assert whole.path_metres >= math.hypot(*path[-1]) - 1e-9


def test_a_way_twice_as_long_is_worth_half():
    start = Measures.at_start(2.0)
    away = start.after(np.zeros(5), on_a_plain((-1.0, 0.0)), 3.0, is_success=False)
    there = away.after(np.array([-1.0, 0, 0, 0, 0]), on_a_plain((2.0, 0.0)), 0.0, is_success=True)
    assert (away.spl, there.spl, there.path_metres, there.distance_to_goal) == (0.0, 0.5, 4.0, 0.0)


def test_where_no_goal_has_a_place_nothing_is_told_of_it():
    after = Measures.at_start(None).after(np.zeros(5), on_a_plain((1.0, 0.0)), None, is_success=True)
    assert (after.distance_to_goal, after.spl) == (-1.0, 0.0)


def test_steps_with_something_in_the_way_are_counted():
    measures = Measures()
    for collided in (True, False, True):
        measures = measures.after(np.zeros(5), on_a_plain((0, 0), collided=collided), None, is_success=False)
    assert measures.collisions == 2


@pytest.mark.parametrize(("env_id", "has_place"), [("wm_gym/PointGoal-v0", True), ("wm_gym/Explore-v0", False)])
def test_every_step_tells_them(env_id, has_place):
    env = gym.make(env_id, disable_env_checker=True, **SMALL)
    _, info = env.reset(seed=1)
    assert {name: info[name] for name in MEASURES} | {"distance_to_goal": 0} == {
        "spl": 0.0, "distance_to_goal": 0, "collisions": 0, "path_metres": 0.0
    }  # fmt: skip
    assert (info["distance_to_goal"] > 0) is has_place
    for _ in range(3):
        info = env.step(1)[-1]
    assert info["path_metres"] == pytest.approx(1.5) and (info["distance_to_goal"] == -1.0) is not has_place
    env.close()


def test_they_go_with_snapshots_and_begin_anew_at_reset():
    env = gym.make("wm_gym/PointGoal-v0", disable_env_checker=True, **SMALL)
    world = env.unwrapped
    env.reset(seed=1)
    env.step(1)
    saved, there = world.state_to_bytes(world.get_state()), world.now.measures
    told = env.step(1)[-1]
    world.set_state(saved)
    assert world.now.measures == there
    assert {name: env.step(1)[-1][name] for name in ("path_metres",)} == {"path_metres": told["path_metres"]}
    assert env.reset(seed=1)[1]["path_metres"] == 0.0
    env.close()
