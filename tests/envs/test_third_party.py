"""TorchRL's specs, Minari's data sets and skrl's wrappers, over worlds as they are made by `gym.make`."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import data_equivalence

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.envs.registration import IDS

pytestmark = pytest.mark.slow

SETTINGS = {"world": "rooms/9", "finer": 1, "obs_mode": "rgb+depth+points+pose", "num_points": 64}


@pytest.mark.parametrize("action_mode", ["discrete", "keys", "twist"])
@pytest.mark.parametrize("backend", ["memory_only", "twin", "video"])
@pytest.mark.parametrize("env_id", IDS)
def test_torchrl_finds_its_specs_kept(env_id, backend, action_mode):
    envs = pytest.importorskip("torchrl.envs")
    env = envs.GymWrapper(gym.make(env_id, backend=backend, action_mode=action_mode, **SETTINGS))
    envs.check_env_specs(env)
    rollout = env.rollout(3)
    assert rollout["next", "rgb"].shape == (3, 48, 64, 3) and rollout["next", "reward"].isfinite().all()
    env.close()


def test_torchrl_makes_worlds_by_their_id():
    envs = pytest.importorskip("torchrl.envs")
    env = envs.GymEnv("wm_gym/Explore-v0", **SETTINGS)
    envs.check_env_specs(env)
    env.close()


def test_torchrl_makes_many_worlds_by_their_id():
    envs = pytest.importorskip("torchrl.envs")
    # worlds are made in processes of their own, which import what stands before the colon
    env = envs.GymEnv("wm_gym:wm_gym/Explore-v0", num_envs=2, **SETTINGS)
    envs.check_env_specs(env)
    assert env.rollout(2)["next", "event_kind"].shape == (2, 2, 8)
    env.close()


@pytest.mark.parametrize("output", ["numpy", "torch"])
def test_torchrl_reads_the_infos_of_batches_that_reset_themselves(output):
    envs = pytest.importorskip("torchrl.envs")
    settings = {
        "backend": "memory_only",
        "autoreset_mode": "SameStep",
        "output": output,
        "max_episode_steps": 3,
        **SETTINGS,
    }
    env = envs.GymWrapper(gym.make_vec("wm_gym/Explore-v0", num_envs=2, **settings))
    envs.check_env_specs(env)
    shown = env.rollout(5, break_when_any_done=False)["next"]
    assert shown["done"].squeeze(-1).tolist() == [[False, False, True, False, False]] * 2
    assert shown["event_realised"].shape == (2, 5, 8) and shown["world_from_camera"].shape == (2, 5, 4, 4)
    env.close()


@pytest.mark.parametrize("output", ["numpy", "torch"])
def test_torchrl_resets_many_worlds_one_by_one(output):
    envs = pytest.importorskip("torchrl.envs")
    settings = {
        "backend": "memory_only",
        "autoreset_mode": "Disabled",
        "output": output,
        "max_episode_steps": 3,
        **SETTINGS,
    }
    env = envs.GymWrapper(gym.make_vec("wm_gym/Explore-v0", num_envs=2, **settings))
    envs.check_env_specs(env)
    done = env.rollout(5, break_when_any_done=False)["next", "done"].squeeze(-1)
    assert done.tolist() == [[False, False, True, False, False]] * 2
    env.close()


RESETS = ({}, {"options": {"world": "park", "prompt": "A quiet park."}})


@pytest.mark.parametrize("action_mode", ["discrete", "keys", "twist"])
@pytest.mark.parametrize("backend", ["memory_only", "twin", "video"])
def test_a_minari_data_set_recovers_its_world_and_replays_exactly(tmp_path, monkeypatch, backend, action_mode):
    minari = pytest.importorskip("minari")
    pytest.importorskip("h5py")
    pytest.importorskip("jax")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    env = gym.make("wm_gym/PointGoal-v0", backend=backend, action_mode=action_mode, **SETTINGS)
    collector = minari.DataCollector(env, record_infos=True, jpeg_encoding=False)
    collector.action_space.seed(1)
    for seed, reset in enumerate(RESETS):
        collector.reset(seed=seed, **reset)
        for _ in range(4):
            collector.step(collector.action_space.sample())
    collector.create_dataset(f"worlds/{action_mode}-v0", algorithm_name="random", eval_env=env.spec)
    collector.close()

    data = minari.load_dataset(f"worlds/{action_mode}-v0")
    infos = [episode.infos for episode in data.iterate_episodes()]
    assert all(info["event_kind"].shape == (5, 8) and info["world_from_camera"].shape == (5, 4, 4) for info in infos)
    again = data.recover_environment()
    assert again.observation_space == env.observation_space and again.spec.kwargs == env.spec.kwargs
    for seed, (episode, reset) in enumerate(zip(data.iterate_episodes(), RESETS, strict=True)):
        shown = [again.reset(seed=seed, **reset)[0]]
        for action, reward in zip(episode.actions, episode.rewards, strict=True):
            observation, paid, *_ = again.step(action)
            shown.append(observation)
            assert paid == reward
        for k, observation in enumerate(shown):
            kept = {name: np.asarray(part[k]) for name, part in episode.observations.items()}
            assert data_equivalence(kept, {name: observation[name] for name in kept}, exact=True)
    again.close()


@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_skrl_knows_what_it_wraps(make):
    wrap_env = pytest.importorskip("skrl.envs.wrappers.torch").wrap_env
    settings = {"backend": "memory_only", "world": "rooms/9", "obs_mode": "rgb+pose"}
    env = wrap_env(make("wm_gym/Explore-v0", **settings), verbose=False)
    env.reset()
    shown, reward, *_ = env.step(torch.zeros(env.num_envs, 1, dtype=torch.long))
    assert shown.shape == (env.num_envs, 48 * 64 * 3 + 7) and reward.shape == (env.num_envs, 1)
    env.close()
