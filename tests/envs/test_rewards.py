"""Rewards of other sources than the task: what they see, how they end episodes, and what they may not say."""

import math

import gymnasium as gym
import numpy as np
import pytest

from wm_gym.envs.rewards import Seen, Verdict

SMALL = {
    "backend": "memory_only", "world": "city/9", "resolution": (24, 32), "finer": 1, "obs_mode": "pose",
    "disable_env_checker": True,
}  # fmt: skip
HERE = __name__


def brightness(seen: Seen):
    assert seen.frame.shape == seen.before.shape == (24, 32, 3) and seen.frame.dtype == np.uint8
    assert seen.depth.shape == (24, 32) and seen.goal is not None and seen.goal.shape == (2,)
    return float(seen.frame.mean()) - float(seen.before.mean())


class ThirdStep:
    """Says at the third step that all is done."""

    def __init__(self, reward=2.0):
        self.calls, self.reward = 0, reward

    def __call__(self, seen):
        self.calls += 1
        return Verdict(self.reward, self.calls == 3)


def raising(seen):
    return 1 / 0


def nothing(seen):
    return math.nan


def text(seen):
    return "good"


NUMBER = 3.0


def made(**settings):
    return gym.make("wm_gym/PointGoal-v0", **SMALL | settings)


def test_a_function_says_what_a_step_is_worth_and_the_task_when_it_ends():
    env = made(reward=f"{HERE}:brightness", task_settings={"success_metres": 50.0})
    env.reset(seed=0)
    _, reward, terminated, _, info = env.step(1)
    assert isinstance(reward, float) and reward != 0 and terminated and info["is_success"] and not info["verdict"]


def test_a_verdict_ends_the_episode_and_the_truth_stays_the_task_s():
    env = made(reward=f"{HERE}:ThirdStep", reward_settings={"reward": 0.5}, task_settings={"success_metres": 50.0})
    env.reset(seed=0)
    told = [env.step(0) for _ in range(3)]
    assert [step[1] for step in told] == [0.5] * 3 and [step[2] for step in told] == [False, False, True]
    assert [step[4]["is_success"] for step in told] == [True] * 3
    assert [step[4]["verdict"] for step in told] == [False, False, True]
    saved = env.unwrapped.state_to_bytes(env.unwrapped.get_state())
    env.reset(options={"state": saved})
    assert env.unwrapped.now.verdict and env.unwrapped.now.is_over


def test_info_has_no_verdict_without_a_source():
    env = made()
    assert "verdict" not in env.reset(seed=0)[1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("raising", f"reward '{HERE}:raising' must not raise, got ZeroDivisionError: division by zero"),
        ("nothing", f"reward '{HERE}:nothing' must give a finite number or a Verdict, got nan"),
        ("text", f"reward '{HERE}:text' must give a finite number or a Verdict, got 'good'"),
    ],
)
def test_what_a_source_may_not_say_is_told_in_one_sentence(name, message):
    env = made(reward=f"{HERE}:{name}")
    env.reset(seed=0)
    with pytest.raises(ValueError) as raised:
        env.step(1)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"reward": "learnd"},
            "reward must be one of ['learned', 'vlm'] or 'package.module:Class', got 'learnd'; did you mean 'learned'?",
        ),
        ({"reward": 3}, "reward must be a string, got 3"),
        ({"reward": f"{HERE}:NUMBER"}, f"reward '{HERE}:NUMBER' must name a function or a class, got float"),
        (
            {"reward": f"{HERE}:nothing", "reward_settings": {"a": 1}},
            "reward_settings must be empty for a function, got ['a']",
        ),
    ],
)
def test_sources_that_are_none_are_refused(settings, message):
    with pytest.raises(ValueError) as raised:
        made(**settings)
    assert str(raised.value) == message
