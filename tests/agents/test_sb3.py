"""Worlds as Stable-Baselines3's vector environment, beside the one that it makes of single worlds."""

import subprocess
import sys
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import (
    DummyVecEnv,
    VecCheckNan,
    VecFrameStack,
    VecMonitor,
    VecNormalize,
    VecTransposeImage,
)

from wm_gym.agents.sb3 import Sb3VecEnv, make_sb3_env

SMALL = {"backend": "memory_only", "world": "city/9", "finer": 1}
ENV_ID = "wm_gym/PointGoal-v0"
N = 3


@pytest.fixture
def make():
    made = []

    def _make(num_envs=N, mode="SameStep", **settings):
        made.append(Sb3VecEnv(gym.make_vec(ENV_ID, num_envs, autoreset_mode=mode, **SMALL | settings)))
        return made[-1]

    yield _make
    for env in made:
        env.close()


def _alone():
    return gym.make(ENV_ID, disable_env_checker=True, obs_mode="sb3", max_episode_steps=4, return_text=True, **SMALL)


def test_it_is_what_sb3_makes_of_single_worlds(make):
    ours, theirs = make(obs_mode="sb3", max_episode_steps=4, return_text=True), DummyVecEnv([_alone] * N)
    assert ours.observation_space == theirs.observation_space and ours.action_space == theirs.action_space
    assert ours.seed(5) == theirs.seed(5)
    for env in (ours, theirs):
        env.set_options({"prompt": "A street."})
    assert data_equivalence(ours.reset(), dict(theirs.reset()), exact=True)
    assert ours.reset_infos[0]["prompt"] == "A street."
    rng = np.random.default_rng(0)
    for _ in range(9):
        actions = rng.integers(9, size=N)
        one, other = ours.step(actions), theirs.step(actions)
        assert data_equivalence(one, (dict(other[0]), *other[1:]), exact=True)
        assert data_equivalence(ours.reset_infos, theirs.reset_infos, exact=True)
    theirs.close()


def test_the_time_limit_and_the_last_observation_are_told(make):
    env = make(obs_mode="sb3", max_episode_steps=2)
    env.reset()
    env.step(np.zeros(N, int))
    observation, _, dones, infos = env.step(np.zeros(N, int))
    assert dones.all() and all(info["TimeLimit.truncated"] for info in infos)
    assert infos[0]["terminal_observation"] in env.observation_space and infos[0]["frame_index"] == 8
    assert env.reset_infos[0]["frame_index"] == 0 and set(observation) == set(env.observation_space.spaces)


def test_seeds_and_options_hold_for_one_reset(make):
    env = make(return_text=True)
    env.seed(1)
    env.set_options([{"prompt": "One."}, {}, {}])
    first = env.reset()
    assert env.reset_infos[0]["prompt"] == "One."
    again = env.reset()
    assert env.reset_infos[0]["prompt"] != "One." and not np.array_equal(first["goal"], again["goal"])


def test_worlds_are_reached_one_by_one(make):
    env = make(render_mode="rgb_array")
    env.reset()
    env.env_method("trigger_event", "it starts to snow", indices=[0, 2])
    _, _, _, infos = env.step(np.zeros(N, int))
    assert [info["event_kind"][0] for info in infos] == [2, -1, 2]
    assert env.get_attr("render_mode", 1) == ["rgb_array"] and env.has_attr("task_description")
    assert not env.has_attr("nonesuch") and env.env_is_wrapped(Monitor) == [False] * N
    assert env.render().shape[2] == 3 and len(env.get_images()) == N
    env.set_attr("render_mode", None, indices=0)
    assert env.get_attr("render_mode") == [None, "rgb_array", "rgb_array"]
    with pytest.raises(AttributeError):
        env.set_attr("nonesuch", 1)


@pytest.mark.parametrize(
    "wrap", [VecMonitor, VecCheckNan, VecTransposeImage, VecNormalize, lambda env: VecFrameStack(env, 2)]
)
def test_sb3s_own_wrappers_work_on_top(make, wrap):
    if wrap is VecNormalize:
        env = VecNormalize(make(obs_mode="sb3", max_episode_steps=2), norm_obs_keys=["pose"])
    else:
        env = wrap(make(obs_mode="sb3", max_episode_steps=2))
    env.seed(0)
    assert set(env.reset()) == set(env.observation_space.spaces)
    for _ in range(3):
        observation, _, _, infos = env.step(np.ones(N, int))
    assert all(observation[name].shape[1:] == space.shape for name, space in env.observation_space.spaces.items())
    assert ("episode" in infos[0]) is False


def test_statistics_and_evaluation():
    env = make_sb3_env(ENV_ID, 2, max_episode_steps=3, **SMALL)
    policy = PPO("MultiInputPolicy", env, n_steps=4, batch_size=4, device="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        returns, lengths = evaluate_policy(policy, env, n_eval_episodes=2, return_episode_rewards=True)
    assert lengths == [3, 3] and np.isfinite(returns).all()
    env.close()


def test_ppo_learns_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = VecCheckNan(make_sb3_env(ENV_ID, 2, max_episode_steps=8, **SMALL), raise_exception=True)
        model = PPO("MultiInputPolicy", env, n_steps=16, batch_size=16, n_epochs=1, seed=1, device="cpu").learn(32)
    assert model.num_timesteps == 32 and [row["l"] for row in model.ep_info_buffer] == [8] * 4
    env.close()


@pytest.mark.slow
@pytest.mark.parametrize("action_mode", ["discrete", "keys", "twist"])
def test_ppo_trains_in_the_generated_world(action_mode):
    env = make_sb3_env(ENV_ID, 4, action_mode=action_mode)
    model = PPO("MultiInputPolicy", env, n_steps=32, batch_size=64, n_epochs=2, seed=1, device="cpu").learn(512)
    assert model.num_timesteps == 512
    env.close()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "NextStep"}, "venv must have autoreset_mode 'SameStep', got 'NextStep'"),
        ({"output": "torch"}, "venv must have output 'numpy', got 'torch'"),
    ],
)
def test_batches_that_sb3_would_misread_are_refused(make, settings, message):
    with pytest.raises(ValueError) as raised:
        make(**settings)
    assert str(raised.value) == message


def test_what_is_no_batch_of_worlds_is_refused():
    with pytest.raises(ValueError) as raised:
        Sb3VecEnv(gym.make_vec("CartPole-v1", 1))
    assert str(raised.value) == "venv must be a WorldVectorEnv, got CartPoleVectorEnv"


def test_without_sb3_one_error_names_the_extra():
    code = "import sys; sys.modules['stable_baselines3'] = None; import wm_gym.agents.sb3"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stderr.splitlines()[-1] == (
        "ImportError: worlds for Stable-Baselines3 need it: pip install 'wm-gym[rl]'"
    )
