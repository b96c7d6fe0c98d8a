"""Minari records episodes with their infos, and its data sets recover the worlds that they were recorded in."""

import gymnasium as gym
import numpy as np
import pytest

from wm_gym.envs.registration import IDS

pytestmark = pytest.mark.slow

STEPS = 3
RESETS = [{"seed": 0}, {"seed": 1}]
NAME = "worlds/random-v0"


@pytest.fixture
def minari(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    for package in ("h5py", "jax"):
        pytest.importorskip(package)
    return pytest.importorskip("minari")


def _collect(minari, env, resets, **settings):
    collector = minari.DataCollector(env, **settings)
    collector.action_space.seed(0)
    for reset in resets:
        collector.reset(**reset)
        for _ in range(STEPS):
            collector.step(collector.action_space.sample())
    collector.create_dataset(NAME, eval_env=env.spec)
    collector.close()
    return minari.load_dataset(NAME)


@pytest.mark.parametrize("env_id", IDS)
def test_infos_are_recorded_beside_episodes_and_worlds_are_recovered(minari, small, env_id):
    data = _collect(minari, gym.make(env_id, **small), RESETS, record_infos=True, jpeg_encoding=False)
    assert data.total_episodes == 2 and data.total_steps == 2 * STEPS
    for episode in data.iterate_episodes():
        assert episode.infos["event_kind"].shape == (STEPS + 1, 8)
        assert episode.infos["world_from_camera"].shape == (STEPS + 1, 4, 4)
        assert episode.infos["is_success"].shape == (STEPS + 1,)
    again = data.recover_environment()
    assert again.spec.kwargs == gym.spec(env_id).kwargs | {**small, "resolution": again.spec.kwargs["resolution"]}
    again.reset(seed=0)
    again.close()


def test_frames_are_kept_as_jpegs_beside_depth_in_metres(minari, memory):
    data = _collect(minari, gym.make("wm_gym/PointGoal-v0", **memory), RESETS)
    assert data[0].observations["rgb"].shape == (STEPS + 1, 36, 48, 3)


def test_minari_has_no_jpegs_of_one_channel(minari, memory):
    with pytest.raises(TypeError, match="data type"):
        _collect(minari, gym.make("wm_gym/PointGoal-v0", depth_dtype="uint8", **memory), RESETS)


def test_a_recorded_episode_is_walked_again_exactly(minari, small):
    data = _collect(minari, gym.make("wm_gym/PointGoal-v0", **small), [{"seed": 7}], jpeg_encoding=False)
    [episode] = data.iterate_episodes()
    [told] = data.storage.get_episode_metadata([0])
    again = data.recover_environment()
    shown, _ = again.reset(seed=int(told["seed"]))
    for k, action in enumerate(episode.actions):
        assert all(np.array_equal(part[k], shown[name]) for name, part in episode.observations.items())
        shown, reward, *_ = again.step(action)
        assert reward == episode.rewards[k]
    again.close()


def test_a_seed_that_minari_draws_is_taken(minari, memory):
    data = _collect(minari, gym.make("wm_gym/Explore-v0", **memory), [{}])
    assert data.total_episodes == 1


def test_events_happen_in_recorded_episodes(minari, memory):
    env = gym.make("wm_gym/PointGoal-v0", **memory)
    collector = minari.DataCollector(env, record_infos=True)
    collector.reset(seed=0)
    collector.unwrapped.trigger_event("night falls")
    for _ in range(STEPS):
        collector.step(0)
    collector.create_dataset(NAME, eval_env=env.spec)
    collector.close()
    [episode] = minari.load_dataset(NAME).iterate_episodes()
    assert "event_kind" in episode.infos
    strength = episode.infos["event_strength"].max(axis=1)
    assert strength[0] == 0 and strength[-1] > 0
