"""Gymnasium's own tools on one world: its checkers, wrappers, keyboard play and benchmarks."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import wrappers as W
from gymnasium.utils import performance
from gymnasium.utils.env_checker import check_env

from wm_gym.envs.registration import IDS

pytestmark = pytest.mark.slow

ID = "wm_gym/PointGoal-v0"
ALL_PARTS = {"obs_mode": "rgb+depth+points+pose", "num_points": 32}


def _walk(env, steps=3):
    """Step at random; every observation must lie in the space. The last 5-tuple."""
    env.action_space.seed(0)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    for _ in range(steps):
        row = env.step(env.action_space.sample())
        assert env.observation_space.contains(row[0])
        assert np.isfinite(float(row[1]))
    return row


@pytest.mark.parametrize("action_mode", ["discrete", "keys", "twist"])
@pytest.mark.parametrize("env_id", IDS)
def test_check_env_finds_nothing_to_warn_of(make, small, env_id, action_mode):
    env = make(env_id, action_mode=action_mode, **small)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)


@pytest.mark.parametrize("env_id", IDS)
def test_the_passive_checker_is_silent_for_a_whole_episode(make, small, env_id):
    env = W.Autoreset(make(env_id, max_episode_steps=2, render_mode="rgb_array", **small))
    assert env.env.has_wrapper_attr("close") and "PassiveEnvChecker" in repr(env)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _walk(env, 4)
        env.render()


WRAPPERS = {
    "AddRenderObservation": lambda env: W.AddRenderObservation(env, render_only=False),
    "Autoreset": lambda env: W.Autoreset(W.TimeLimit(env, 2)),
    "ClipReward": lambda env: W.ClipReward(env, -1.0, 1.0),
    "DelayObservation": lambda env: W.DelayObservation(env, 2),
    "DiscretizeAction": lambda env: W.DiscretizeAction(env, 3),
    "FilterObservation": lambda env: W.FilterObservation(env, ["rgb", "goal"]),
    "FlattenObservation": W.FlattenObservation,
    "FlattenObservation and NormalizeObservation": lambda env: W.NormalizeObservation(W.FlattenObservation(env)),
    "FrameStackObservation": lambda env: W.FrameStackObservation(env, 3),
    "GrayscaleObservation of rgb": lambda env: W.GrayscaleObservation(_rgb(env)),
    "HumanRendering": W.HumanRendering,
    "MaxAndSkipObservation of rgb": lambda env: W.MaxAndSkipObservation(_rgb(env), 2),
    "NormalizeReward": W.NormalizeReward,
    "RecordEpisodeStatistics": W.RecordEpisodeStatistics,
    "RenderCollection": W.RenderCollection,
    "RepeatAction": lambda env: W.RepeatAction(env, 2),
    "RescaleAction": lambda env: W.RescaleAction(env, np.float32(0), np.float32(1)),
    "RescaleObservation of rgb": lambda env: W.RescaleObservation(_rgb(env), np.float32(0), np.float32(1)),
    "ResizeObservation of rgb": lambda env: W.ResizeObservation(_rgb(env), (24, 32)),
    "StickyAction": lambda env: W.StickyAction(env, 0.25),
    "TimeAwareObservation": lambda env: W.TimeAwareObservation(env, flatten=False),
    "TimeAwareObservation, flat": lambda env: W.TimeAwareObservation(env, flatten=True),
    "TimeLimit": lambda env: W.TimeLimit(env, 9),
    "TransformObservation": lambda env: _rgb(env),
    "TransformReward": lambda env: W.TransformReward(env, lambda reward: 2 * reward),
}  # fmt: skip
OF_TWISTS = ("DiscretizeAction", "RescaleAction")


def _rgb(env):
    return W.TransformObservation(env, lambda observation: observation["rgb"], env.observation_space["rgb"])


@pytest.mark.parametrize("name", WRAPPERS)
def test_gymnasiums_wrappers_work(make, memory, name):
    pytest.importorskip({"HumanRendering": "pygame", "ResizeObservation of rgb": "cv2"}.get(name, "gymnasium"))
    action_mode = "twist" if name in OF_TWISTS else "discrete"
    env = WRAPPERS[name](make(ID, render_mode="rgb_array", action_mode=action_mode, **ALL_PARTS, **memory))
    _walk(env)


def test_numpy_to_torch_gives_tensors(make, memory):
    pytest.importorskip("array_api_compat")
    env = W.NumpyToTorch(make(ID, **ALL_PARTS, **memory))
    observation, info = env.reset(seed=0)
    assert all(isinstance(part, torch.Tensor) for part in observation.values())
    observation, reward, terminated, _, info = env.step(torch.tensor(1))
    assert observation["rgb"].dtype == torch.uint8 and isinstance(reward, float) and terminated is False
    assert isinstance(info["action_mask"], torch.Tensor)


def test_record_video_writes_a_film(make, memory, tmp_path):
    pytest.importorskip("moviepy")
    env = W.RecordVideo(make(ID, render_mode="rgb_array", max_episode_steps=3, **memory), str(tmp_path))
    _walk(env)
    env.close()
    assert [path.suffix for path in tmp_path.iterdir()] == [".mp4"]


def test_play_walks_by_the_keys_of_the_environment(make, memory):
    pygame = pytest.importorskip("pygame")
    play = pytest.importorskip("gymnasium.utils.play").play
    actions = []

    def press(before, after, action, reward, terminated, truncated, info):
        actions.append(int(action))
        kinds = {1: pygame.KEYDOWN, 2: pygame.KEYUP}
        event = pygame.event.Event(kinds.get(len(actions), pygame.QUIT), {"key": pygame.K_w})
        pygame.event.post(event)

    play(make(ID, render_mode="rgb_array", **memory), fps=1000, zoom=4, callback=press, seed=0)
    assert actions == [0, 1, 0]


def test_the_benchmarks_run(make, memory):
    env = make(ID, render_mode="rgb_array", disable_env_checker=True, **memory)
    assert performance.benchmark_step(env, target_duration=0.2, seed=0) > 0
    assert performance.benchmark_render(env, target_duration=0.1) > 0
    assert performance.benchmark_init(lambda: gym.make(ID, **memory), target_duration=0.2, seed=0) > 0
