"""Gymnasium's vector wrappers on the native batch, and its own vector environments made of single worlds."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.utils import performance
from gymnasium.wrappers import vector as V

pytestmark = pytest.mark.slow

ID = "wm_gym/PointGoal-v0"
ALL_PARTS = {"obs_mode": "rgb+depth+points+pose", "num_points": 32}


def _walk(envs, steps=4):
    """Step at random past the first ends; every observation must lie in the space. The last 5-tuple."""
    envs.action_space.seed(0)
    observation, _ = envs.reset(seed=0)
    assert envs.observation_space.contains(observation)
    for _ in range(steps):
        row = envs.step(envs.action_space.sample())
        assert envs.observation_space.contains(row[0])
        assert np.isfinite(row[1]).all()
    return row


def _rgb(envs):
    one = envs.single_observation_space["rgb"]
    return V.TransformObservation(envs, lambda observation: observation["rgb"], None, one)


WRAPPERS = {
    "ClipReward": lambda envs: V.ClipReward(envs, -1.0, 1.0),
    "DictInfoToList": lambda envs: V.DictInfoToList(envs),
    "FilterObservation": lambda envs: V.FilterObservation(envs, ["rgb", "goal"]),
    "FlattenObservation": V.FlattenObservation,
    "FlattenObservation and NormalizeObservation": lambda envs: V.NormalizeObservation(V.FlattenObservation(envs)),
    "GrayscaleObservation of rgb": lambda envs: V.GrayscaleObservation(_rgb(envs)),
    "HumanRendering": V.HumanRendering,
    "NormalizeReward": V.NormalizeReward,
    "RecordEpisodeStatistics": V.RecordEpisodeStatistics,
    "ResizeObservation of rgb": lambda envs: V.ResizeObservation(_rgb(envs), (24, 32)),
    "TransformObservation": _rgb,
    "TransformReward": lambda envs: V.TransformReward(envs, lambda rewards: 2 * rewards),
}
NEED = {"HumanRendering": "cv2", "ResizeObservation of rgb": "cv2"}


OBSERVATION_WRAPPERS = [name for name in WRAPPERS if "Observation" in name]


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
@pytest.mark.parametrize("name", WRAPPERS)
def test_gymnasiums_vector_wrappers_work_on_the_native_batch(make_vec, memory, name, mode):
    pytest.importorskip(NEED.get(name, "gymnasium"))
    settings = {"max_episode_steps": 3, "autoreset_mode": mode, "render_mode": "rgb_array", **ALL_PARTS, **memory}
    envs = make_vec(ID, num_envs=2, **settings)
    if name in OBSERVATION_WRAPPERS and mode == "SameStep":
        with pytest.raises(ValueError, match="NEXT_STEP"):
            WRAPPERS[name](envs)
    elif name == "DictInfoToList":
        _infos_are_lists(V.DictInfoToList(envs))
    else:
        _walk(WRAPPERS[name](envs))


def _infos_are_lists(envs):
    _, infos = envs.reset(seed=0)
    assert len(infos) == 2 and all(info["is_success"] == np.False_ for info in infos)
    for _ in range(4):
        *_, infos = envs.step(envs.action_space.sample())
        assert len(infos) == 2


@pytest.mark.parametrize("name", ["RescaleAction", "TransformAction"])
def test_gymnasiums_vector_wrappers_of_actions_work_on_twists(make_vec, memory, name):
    envs = make_vec(ID, num_envs=2, action_mode="twist", **memory)
    wrap = {
        "RescaleAction": lambda envs: V.RescaleAction(envs, np.zeros(4, np.float32), np.ones(4, np.float32)),
        "TransformAction": lambda envs: V.TransformAction(envs, lambda actions: actions / 2),
    }[name]
    _walk(wrap(envs))


def test_statistics_of_episodes_are_told_at_their_ends(make_vec, memory):
    envs = V.RecordEpisodeStatistics(make_vec(ID, num_envs=2, max_episode_steps=2, **memory))
    *_, truncations, infos = _walk(envs, 2)
    assert truncations.all() and infos["episode"]["l"].tolist() == [2, 2] and infos["_episode"].all()


@pytest.mark.parametrize("mode", ["NextStep", "Disabled"])
def test_numpy_to_torch_gives_tensors_of_the_batch(make_vec, memory, mode):
    pytest.importorskip("array_api_compat")
    envs = V.NumpyToTorch(make_vec(ID, num_envs=2, max_episode_steps=2, autoreset_mode=mode, **memory))
    observation, _ = envs.reset(seed=0)
    assert all(isinstance(part, torch.Tensor) for part in observation.values())
    for _ in range(2):
        observation, rewards, terminations, truncations, infos = envs.step(torch.tensor([1, 2]))
        assert all(isinstance(part, torch.Tensor) for part in (rewards, terminations, truncations))
        assert isinstance(infos["is_success"], torch.Tensor)


@pytest.mark.parametrize("wrapper", [V.RecordEpisodeStatistics, V.NormalizeReward])
def test_statistics_in_numpy_refuse_torch_output(make_vec, memory, wrapper):
    envs = wrapper(make_vec(ID, num_envs=2, output="torch", **memory))
    envs.reset(seed=0)
    with pytest.raises((AssertionError, RuntimeError, TypeError)):
        envs.step(torch.tensor([1, 2]))


def test_record_video_writes_a_film_of_the_batch(make_vec, memory, tmp_path):
    pytest.importorskip("moviepy")
    envs = make_vec(ID, num_envs=2, max_episode_steps=3, render_mode="rgb_array", **memory)
    envs = V.RecordVideo(envs, str(tmp_path / "films"), video_aspect_ratio=(1, 1))
    _walk(envs)
    envs.close()
    assert {path.suffix for path in (tmp_path / "films").iterdir()} == {".mp4"}


@pytest.mark.parametrize("how", ["sync", "vector_entry_point"])
def test_vectorised_worlds_are_the_same_however_they_are_made(make_vec, memory, how):
    batch = _walk(make_vec(ID, num_envs=2, vectorization_mode=how, **memory))
    alone = gym.make(ID, **memory)
    space = gym.vector.utils.batch_space(alone.action_space, 2)
    space.seed(0)
    alone.reset(seed=0)
    for _ in range(4):
        row = alone.step(space.sample()[0])
    alone.close()
    assert np.array_equal(row[0]["rgb"], batch[0]["rgb"][0]) and row[1] == batch[1][0]


ASYNC = """
import sys

import gymnasium as gym
import numpy as np
import torch

import wm_gym
from wm_gym import presets

torch.set_num_threads(2)


def make():
    return gym.make("wm_gym/PointGoal-v0", **{**presets.RL, "world": "rooms/9", "backend": sys.argv[1]})


if __name__ == "__main__":
    backend, context, parent = sys.argv[1:]
    expected = gym.vector.SyncVectorEnv([make])
    if parent == "stepped":
        expected.reset(seed=0)
        expected.step(np.array([1]))
    envs = gym.vector.AsyncVectorEnv([make] * 2, context=context)
    envs.reset(seed=0)
    for _ in range(2):
        row = envs.step(np.array([1, 2]))
    assert envs.call("task_description")
    envs.close()
    expected.reset(seed=0)
    for _ in range(2):
        alone = expected.step(np.array([1]))
    assert np.array_equal(row[0]["rgb"][0], alone[0]["rgb"][0]) and row[1][0] == alone[1][0]
    print("the same")
"""


@pytest.mark.parametrize(
    ("backend", "context", "parent"),
    [
        ("memory_only", "fork", "fresh"),
        ("memory_only", "fork", "stepped"),
        ("memory_only", "forkserver", "stepped"),
        ("memory_only", "spawn", "stepped"),
        ("video", "fork", "stepped"),
        ("video", "spawn", "fresh"),
    ],
)
def test_worlds_live_in_processes_of_every_kind(run_program, backend, context, parent):
    assert run_program(ASYNC, backend, context, parent, timeout=120).endswith("the same\n")


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
def test_the_benchmark_of_batches_runs(make_vec, memory, mode):
    envs = make_vec(ID, num_envs=2, autoreset_mode=mode, max_episode_steps=3, **memory)
    assert performance.benchmark_vector_step(envs, target_duration=0.5, seed=0) > 0
