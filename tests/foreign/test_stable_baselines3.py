"""Stable-Baselines3 and sb3-contrib: its checker, its vector environments, and a few steps of each algorithm."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
import stable_baselines3 as sb3
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import (
    DummyVecEnv,
    VecCheckNan,
    VecFrameStack,
    VecMonitor,
    VecNormalize,
)

from wm_gym.agents.sb3 import make_sb3_env
from wm_gym.envs.registration import IDS

pytestmark = pytest.mark.slow

ID = "wm_gym/PointGoal-v0"
ON_POLICY = {"n_steps": 8, "device": "cpu", "seed": 0}
OFF_POLICY = {"buffer_size": 50, "learning_starts": 4, "batch_size": 4, "device": "cpu", "seed": 0}
ALGORITHMS = {
    "PPO": {**ON_POLICY, "batch_size": 8, "n_epochs": 1},
    "A2C": ON_POLICY,
    "DQN": OFF_POLICY,
}


@pytest.fixture
def made():
    """A list of environments that are closed when the test is over."""
    environments = []
    yield environments
    for env in environments:
        env.close()


def _learn(algorithm, env, policy="MultiInputPolicy", steps=16, **settings):
    model = algorithm(policy, env, **settings).learn(steps)
    action, _ = model.predict(env.reset(), deterministic=True)
    assert env.action_space.contains(np.asarray(action[0]).item())
    return model


@pytest.mark.parametrize("action_mode", ["discrete", "keys", "twist"])
@pytest.mark.parametrize("env_id", IDS)
def test_sb3_check_env_finds_nothing_to_warn_of(make, small, env_id, action_mode):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(env_id, action_mode=action_mode, **small), warn=True)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_algorithms_learn_in_the_native_batch(made, small, name):
    made.append(make_sb3_env(ID, num_envs=2, max_episode_steps=5, **small))
    _learn(getattr(sb3, name), made[0], **ALGORITHMS[name])


@pytest.mark.parametrize("name", ALGORITHMS)
def test_algorithms_learn_in_sb3s_own_vector_environment(made, small, name):
    made.append(make_vec_env(ID, n_envs=2, seed=0, env_kwargs={**small, "max_episode_steps": 5}))
    assert isinstance(made[0], DummyVecEnv)
    _learn(getattr(sb3, name), made[0], **ALGORITHMS[name])


@pytest.mark.parametrize("kind", ["DummyVecEnv", "native"])
def test_sb3s_wrappers_work_on_both(made, small, kind):
    if kind == "native":
        env = make_sb3_env(ID, num_envs=2, max_episode_steps=3, **small)
    else:
        env = VecMonitor(DummyVecEnv([lambda: gym.make(ID, max_episode_steps=3, **small)] * 2))
    env = VecCheckNan(env, raise_exception=True)
    env = VecNormalize(env, norm_obs_keys=["pose", "goal"])
    env = VecFrameStack(env, 2, channels_order={"rgb": "last", "depth": "last", "pose": "first", "goal": "first"})
    made.append(env)
    model = _learn(sb3.PPO, env, **ALGORITHMS["PPO"])
    mean, _ = evaluate_policy(model, env, n_eval_episodes=2, warn=False)
    assert np.isfinite(mean)


def test_the_two_kinds_of_batch_give_the_same(made, small):
    settings = {**small, "max_episode_steps": 3}
    native = make_sb3_env(ID, num_envs=2, **settings)
    dummy = DummyVecEnv([lambda: gym.make(ID, **settings)] * 2)
    made += [native, dummy]
    for env in made:
        env.seed(3)
    shown = [env.reset() for env in made]
    for step in range(5):
        assert all(np.array_equal(shown[0][name], shown[1][name]) for name in shown[0])
        rows = [env.step(np.array([1, step])) for env in made]
        shown = [row[0] for row in rows]
        assert np.array_equal(rows[0][1], rows[1][1]) and np.array_equal(rows[0][2], rows[1][2])


def test_evaluate_policy_counts_successes(made, memory):
    made.append(make_sb3_env(ID, num_envs=2, max_episode_steps=2, **memory))
    model = sb3.PPO("MultiInputPolicy", made[0], **ALGORITHMS["PPO"])
    told = []
    evaluate_policy(model, made[0], n_eval_episodes=2, callback=lambda now, _: told.append(now["info"]["is_success"]))
    assert told and not any(told)


def test_recurrent_ppo_learns(made, small):
    contrib = pytest.importorskip("sb3_contrib")
    made.append(make_sb3_env(ID, num_envs=2, max_episode_steps=5, **small))
    policy = {"lstm_hidden_size": 8}
    _learn(contrib.RecurrentPPO, made[0], "MultiInputLstmPolicy", policy_kwargs=policy, **ALGORITHMS["PPO"])


def test_qr_dqn_learns(made, small):
    contrib = pytest.importorskip("sb3_contrib")
    made.append(make_sb3_env(ID, num_envs=2, max_episode_steps=5, **small))
    _learn(contrib.QRDQN, made[0], **OFF_POLICY)


@pytest.mark.parametrize("kind", ["DummyVecEnv", "native"])
def test_maskable_ppo_takes_the_masks_of_worlds(made, small, kind):
    contrib = pytest.importorskip("sb3_contrib")
    masks = pytest.importorskip("sb3_contrib.common.maskable.utils")
    if kind == "native":
        env = make_sb3_env(ID, num_envs=2, max_episode_steps=5, **small)
    else:
        env = make_vec_env(ID, n_envs=2, env_kwargs={**small, "max_episode_steps": 5})
    made.append(env)
    assert masks.is_masking_supported(env)
    env.reset()
    assert masks.get_action_masks(env).shape == (2, 9) and masks.get_action_masks(env).all()
    look_up = 5
    for _ in range(3):
        env.step(np.full(2, look_up))
    told = masks.get_action_masks(env)
    while told[0][look_up]:
        env.step(np.full(2, look_up))
        told = masks.get_action_masks(env)
    assert told.sum(axis=1).tolist() == [8, 8]
    _learn(contrib.MaskablePPO, env, **ALGORITHMS["PPO"])


PROCESSES = """
import sys

import numpy as np
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import SubprocVecEnv
from stable_baselines3 import PPO

import wm_gym
from wm_gym import presets

if __name__ == "__main__":
    backend, method = sys.argv[1:]
    settings = {**presets.RL, "world": "rooms/9", "backend": backend, "max_episode_steps": 5}
    env = make_vec_env(
        "wm_gym/PointGoal-v0",
        n_envs=2,
        seed=0,
        env_kwargs=settings,
        vec_env_cls=SubprocVecEnv,
        vec_env_kwargs={"start_method": method},
    )
    PPO("MultiInputPolicy", env, n_steps=8, batch_size=8, n_epochs=1, device="cpu").learn(16)
    assert env.env_method("get_state")
    env.close()
    print("learned")
"""


@pytest.mark.parametrize(
    ("backend", "method"),
    [("memory_only", "forkserver"), ("memory_only", "spawn"), ("memory_only", "fork"), ("video", "forkserver")],
)
def test_ppo_learns_in_processes(run_program, backend, method):
    assert run_program(PROCESSES, backend, method, timeout=120).endswith("learned\n")
