"""Which of Gymnasium's own wrappers work on worlds, and how those that do not refuse."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import wrappers as W

import wm_gym  # noqa: F401  (registers the ids)

WORK = {
    "ClipReward": lambda env: W.ClipReward(env, -1, 1),
    "DelayObservation": lambda env: W.DelayObservation(env, 2),
    "FilterObservation": lambda env: W.FilterObservation(env, ["rgb"]),
    "FlattenObservation": W.FlattenObservation,
    "FrameStackObservation": lambda env: W.FrameStackObservation(env, 3),
    "NormalizeReward": W.NormalizeReward,
    "RecordEpisodeStatistics": W.RecordEpisodeStatistics,
    "RenderCollection": W.RenderCollection,
    "RepeatAction": lambda env: W.RepeatAction(env, 2),
    "StickyAction": lambda env: W.StickyAction(env, 0.25),
    "TimeAwareObservation": lambda env: W.TimeAwareObservation(env, flatten=False),
    "TimeLimit": lambda env: W.TimeLimit(env, 3),
    "filtered and grey": lambda env: W.GrayscaleObservation(_only_rgb(env)),
    "filtered and rescaled": lambda env: W.RescaleObservation(_only_rgb(env), np.float32(0), np.float32(1)),
}
REFUSE = {
    "DtypeObservation": lambda env: W.DtypeObservation(env, np.float32),
    "GrayscaleObservation": W.GrayscaleObservation,
    "MaxAndSkipObservation": W.MaxAndSkipObservation,
    "NormalizeObservation": W.NormalizeObservation,
    "RescaleObservation": lambda env: W.RescaleObservation(env, 0, 1),
    "ResizeObservation": lambda env: W.ResizeObservation(env, (24, 32)),
}


def _only_rgb(env):
    return W.TransformObservation(env, lambda observation: observation["rgb"], env.observation_space["rgb"])


@pytest.fixture(scope="module")
def world():
    settings = {
        "world": "rooms/9",
        "finer": 1,
        "num_points": 32,
        "obs_mode": "rgb+depth+points+pose",
        "render_mode": "rgb_array",
    }
    env = gym.make("wm_gym/PointGoal-v0", backend="memory_only", **settings)
    yield env
    env.close()


@pytest.mark.parametrize("wrap", WORK.values(), ids=WORK.keys())
def test_these_work(world, wrap):
    env = wrap(world)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    env.action_space.seed(0)
    for _ in range(3):
        observation, reward, *_ = env.step(env.action_space.sample())
        assert env.observation_space.contains(observation) and np.isfinite(reward)


@pytest.mark.parametrize("wrap", REFUSE.values(), ids=REFUSE.keys())
def test_these_want_one_box_and_say_so(world, wrap):
    with pytest.raises((TypeError, ValueError), match=r"Box|shape"):
        wrap(world)


def test_a_time_limit_truncates(world):
    env = W.RecordEpisodeStatistics(W.TimeLimit(world, 2))
    env.reset(seed=0)
    assert env.step(0)[3] is False
    *_, truncated, info = env.step(0)
    assert truncated is True and info["episode"]["l"] == 2
