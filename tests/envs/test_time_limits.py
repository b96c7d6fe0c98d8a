"""The count of steps belongs to the state: one world and a batch have the same steps left, wherever a state leads."""

import json
import pickle
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import TimeLimit

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.envs import wrappers
from wm_gym.envs.registration import IDS, MAX_EPISODE_STEPS
from wm_gym.envs.world_env import WorldEnv

SMALL = {"backend": "memory_only", "world": "city/9", "resolution": (24, 32), "obs_mode": "pose", "finer": 1}
LIMIT = 6


class One:
    """One world under `gymnasium.make`."""

    def __init__(self):
        self.env = gym.make("wm_gym/Explore-v0", max_episode_steps=LIMIT, disable_env_checker=True, **SMALL)
        self.reset = self.env.reset
        self.set_state, self.get_state = self.env.unwrapped.set_state, self.env.unwrapped.get_state

    def step(self):
        return self.env.step(0)[3]


class Batch:
    """A batch of which the second world is looked at."""

    def __init__(self):
        settings = {"max_episode_steps": LIMIT, "autoreset_mode": "Disabled", **SMALL}
        self.env = gym.make_vec("wm_gym/Explore-v0", 2, **settings)

    def reset(self, seed=None, options=None):
        self.env.reset(seed=seed, options=options)

    def step(self):
        return bool(self.env.step([0, 0])[3][1])

    def set_state(self, state):
        self.env.set_state([state, state])

    def get_state(self):
        return self.env.get_state([1])[0]


@pytest.fixture(scope="module", params=[One, Batch])
def world(request):
    world = request.param()
    yield world
    world.env.close()


def walk(world, steps):
    return [world.step() for _ in range(steps)]


def steps_left(world):
    return next(k for k in range(1, LIMIT + 2) if world.step())


@pytest.fixture(scope="module")
def states():
    """A walk of as many steps as the limit has, snapshot by snapshot."""
    world = One()
    world.reset(seed=0)
    states = [world.get_state()]
    for _ in range(LIMIT):
        world.step()
        states.append(world.get_state())
    world.env.close()
    return states


@pytest.mark.parametrize("taken", [0, 2, 5])
@pytest.mark.parametrize("at", [1, 3])
def test_a_state_brings_its_count_along(world, states, at, taken):
    world.reset(seed=0)
    walk(world, taken)
    world.set_state(states[at])
    assert steps_left(world) == LIMIT - at


@pytest.mark.parametrize("at", [0, 4])
def test_an_episode_that_begins_from_a_state_has_the_steps_left_that_it_had(world, states, at):
    world.reset(options={"state": states[at]})
    assert steps_left(world) == LIMIT - at


def test_a_state_at_its_end_is_over_after_a_step(world, states):
    world.reset(options={"state": states[LIMIT]})
    assert world.step() is True


def test_a_new_episode_counts_from_its_opening(world, states):
    world.set_state(states[4])
    walk(world, 1)
    world.reset(seed=2)
    assert steps_left(world) == LIMIT


ELSEWHERE = """
import sys, json, gymnasium as gym, wm_gym
settings, path = json.loads(sys.argv[1]), sys.argv[2]
env = gym.make("wm_gym/Explore-v0", max_episode_steps=6, disable_env_checker=True, **settings)
left = []
for take_up in (lambda: env.unwrapped.set_state(path), lambda: env.reset(options={"state": path})):
    env.reset(seed=9)
    env.step(0)
    take_up()
    left.append(next(k for k in range(1, 9) if env.step(0)[3]))
print(left)
"""


def test_the_count_is_in_the_file(world, states, tmp_path):
    path = tmp_path / "state"
    world.reset(seed=0)
    walk(world, 2)
    path.write_bytes(WorldEnv.state_to_bytes(_single(world), world.get_state()))
    world.reset(seed=3)
    world.set_state(path)
    assert steps_left(world) == LIMIT - 2
    command = [sys.executable, "-c", ELSEWHERE, json.dumps(SMALL), str(path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[4, 4]"


def _single(world):
    return world.env.unwrapped if isinstance(world, One) else world.env.sub_envs[1]


def test_steps_that_a_planner_takes_beneath_the_limit_do_not_count():
    world = One()
    world.reset(seed=0)
    world.step()
    state = world.get_state()
    for _ in range(4):
        world.env.unwrapped.step(1)
    world.set_state(state)
    assert steps_left(world) == LIMIT - 1
    world.env.close()


def test_a_limit_over_another_wrapper_counts_for_itself():
    world = gym.make("wm_gym/Explore-v0", max_episode_steps=-1, disable_env_checker=True, **SMALL)
    env = TimeLimit(wrappers.ActionChunks(world, 3), 2)
    env.reset(seed=0)
    assert [env.step([0, 0, 0])[3] for _ in range(2)] == [False, True]
    env.close()


def test_without_a_limit_there_is_none():
    for env in (
        gym.make("wm_gym/Explore-v0", max_episode_steps=-1, disable_env_checker=True, **SMALL),
        WorldEnv(task="explore", **SMALL),
    ):
        env.reset(seed=0)
        assert not any(env.step(0)[3] for _ in range(3))
        env.close()


@pytest.mark.parametrize("env_id", IDS)
def test_ids_are_plain_ids(env_id):
    spec = gym.spec(env_id)
    assert spec.max_episode_steps == MAX_EPISODE_STEPS and spec.additional_wrappers == ()
    env = gym.make(env_id, max_episode_steps=5, **SMALL)
    assert env.spec.max_episode_steps == 5 and env.get_wrapper_attr("_max_episode_steps") == 5
    for copy in (pickle.loads(pickle.dumps(env.spec)), EnvSpec.from_json(env.spec.to_json())):
        again = gym.make(copy)
        again.reset(seed=0)
        assert [again.step(0)[3] for _ in range(5)] == [False] * 4 + [True]
        again.close()
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


def test_gymnasium_makes_batches_of_single_worlds_that_follow_too(states):
    envs = gym.make_vec(
        "wm_gym/Explore-v0", 2, vectorization_mode="sync", max_episode_steps=LIMIT, disable_env_checker=True, **SMALL
    )
    envs.reset(seed=0)
    for _ in range(3):
        envs.step(np.zeros(2, int))
    envs.envs[1].unwrapped.set_state(states[1])
    assert [envs.step(np.zeros(2, int))[3].tolist() for _ in range(3)][2] == [True, False]
    envs.close()
