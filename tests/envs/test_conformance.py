"""Gymnasium's and Stable-Baselines3's own checkers on every id and backend, with every warning an error."""

import os
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.utils.env_match import check_environments_match
from stable_baselines3.common.env_checker import check_env as sb3_check_env

import wm_gym
from wm_gym.envs.registration import IDS

BACKENDS = ("memory_only", "twin", "video")
SIZE = (48, 64)

# what the twin does at a reset, and what the video model makes, does not depend on the task, and takes seconds
QUICK = {("wm_gym/Explore-v0", "twin"), ("wm_gym/Explore-v0", "video"), ("wm_gym/PointGoal-v0", "video")}
PAIRS = [
    pytest.param(pair, id="-".join(pair), marks=[pytest.mark.slow] * (pair[1] != "memory_only" and pair not in QUICK))
    for pair in ((env_id, backend) for env_id in IDS for backend in BACKENDS)
]


@pytest.fixture(autouse=True)
def _no_real_window(monkeypatch):
    monkeypatch.setitem(os.environ, "SDL_VIDEODRIVER", "dummy")


@pytest.fixture(params=PAIRS)
def make(request):
    env_id, backend = request.param
    made = []

    def _make(**settings):
        env = gym.make(env_id, backend=backend, world="courtyard/9", resolution=SIZE, finer=1, **settings)
        made.append(env)
        return env

    yield _make
    for env in made:
        env.close()


def test_gymnasium_finds_nothing_to_warn_of(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(obs_mode="rgb+depth+points+pose").unwrapped)


def test_stable_baselines3_finds_nothing_to_warn_of(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sb3_check_env(make(obs_mode="sb3"), warn=True)


def test_equal_seeds_and_actions_give_equal_episodes(make):
    def episode():
        env = make(obs_mode="rgb+depth+points+pose")
        env.action_space.seed(5)
        rows = [env.reset(seed=11)]
        rows += [env.step(env.action_space.sample()) for _ in range(6)]
        return rows

    for one, other in zip(episode(), episode(), strict=True):
        assert data_equivalence(one, other, exact=True)


class _SavedAndRead(gym.Wrapper):
    """Goes on from the bytes of its own state after every call."""

    def reset(self, **settings):
        shown = self.env.reset(**settings)
        self._save_and_read()
        return shown

    def step(self, action):
        shown = self.env.step(action)
        self._save_and_read()
        return shown

    def _save_and_read(self):
        world = self.env.unwrapped
        world.set_state(world.state_to_bytes(world.get_state()))


def test_a_world_that_is_saved_and_read_at_every_step_is_the_same_world(make):
    settings = {"obs_mode": "rgb+depth+points+pose", "render_mode": "rgb_array", "max_episode_steps": 5}
    check_environments_match(make(**settings), _SavedAndRead(make(**settings)), num_steps=8, seed=7)


@pytest.mark.parametrize("action_mode", ["discrete", "keys", "twist"])
def test_observations_of_every_action_mode_lie_in_their_space(make, action_mode):
    env = make(obs_mode="rgb+depth+points+pose", action_mode=action_mode, return_frames=True)
    env.action_space.seed(2)
    observation, info = env.reset(seed=1)
    assert env.observation_space.contains(observation)
    for _ in range(4):
        observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        assert env.observation_space.contains(observation)
        assert isinstance(reward, float) and isinstance(terminated, bool) and isinstance(truncated, bool)
    assert info["frames"].shape == (4, *SIZE, 3)
    assert info["frame_index"] == 16
    assert np.array_equal(info["frames"][-1], observation["rgb"])


def test_an_idle_body_drifts_forward_only_when_asked_to(make):
    still, drifting = make(obs_mode="pose"), make(obs_mode="pose", idle_drift=0.1)
    for env in (still, drifting):
        env.reset(seed=1)
    assert np.array_equal(still.step(0)[0]["pose"], still.step(0)[0]["pose"])
    walked = [drifting.step(0)[0]["pose"] for _ in range(2)][-1]
    np.testing.assert_allclose(walked[:3], [0.1 * 8 * 0.125, 0.0, 0.0], atol=1e-6)
    np.testing.assert_array_equal(walked[3:], still.step(0)[0]["pose"][3:])


def test_a_drifting_body_stops_at_walls(make):
    env = make(obs_mode="pose", idle_drift=1.0)
    env.reset(seed=1)
    bumped = [env.step(0) and env.unwrapped.now.outcome.collided[0] for _ in range(40)]
    assert bumped[-1] and np.array_equal(env.step(0)[0]["pose"], env.step(0)[0]["pose"])


def test_the_version_is_one_of_a_release():
    assert wm_gym.__version__.count(".") == 2
