"""Bad input to environments of several bodies, each refused in one sentence."""

import pytest

import wm_gym
from wm_gym.envs.tasks.registry import find_task

SMALL = {"backend": "memory_only", "world": "city/9", "resolution": (24, 32), "finer": 1, "obs_mode": "rgb"}


def made(**settings):
    env = wm_gym.parallel_env(3, **SMALL | settings)
    env.reset(seed=0, options={"agents": ["agent_0", "agent_1"]})
    return env


def after_one_left():
    env = made()
    env.remove_agent("agent_1")
    env.step({"agent_0": 0})
    return env


@pytest.mark.parametrize(
    ("do", "error", "message"),
    [
        (
            lambda: made().add_agent("agent_1"),
            ValueError,
            "agent must be one who was not there in this episode, got 'agent_1', who is there already",
        ),
        (
            lambda: after_one_left().add_agent("agent_1"),
            ValueError,
            "agent must be one who was not there in this episode, got 'agent_1', who has left",
        ),
        (
            lambda: made().add_agent("agent_7"),
            ValueError,
            "agent must be one of ['agent_0', 'agent_1', 'agent_2'], got 'agent_7'; did you mean 'agent_2'?",
        ),
        (
            lambda: made().remove_agent("agent_2"),
            ValueError,
            "agent must be one of ['agent_0', 'agent_1'], got 'agent_2'; did you mean 'agent_1'?",
        ),
        (
            lambda: made().reset(options={"agents": []}),
            ValueError,
            "option 'agents' must be a list of at least one name, got []",
        ),
        (
            lambda: made().reset(options={"agents": ["anna"]}),
            ValueError,
            "option 'agents' must be among ['agent_0', 'agent_1', 'agent_2'], got 'anna'",
        ),
        (lambda: made(bare="depth"), ValueError, "bare must be one of ['rgb'], got 'depth'"),
        (
            lambda: wm_gym.parallel_env(2, **SMALL).add_agent("agent_1"),
            RuntimeError,
            "the environment must be reset before it is used",
        ),
        (
            lambda: wm_gym.WorldEnv(task="tag", **SMALL).reset(seed=0),
            ValueError,
            "task Tag must be of several bodies (wm_gym.parallel_env), got one",
        ),
        (
            lambda: find_task("tag", {"touch_metres": 0}),
            ValueError,
            "settings of task 'tag': touch_metres must be positive, got 0",
        ),
        (
            lambda: find_task("meet", {"seen_share": 2.0}),
            ValueError,
            "settings of task 'meet': seen_share must be within 0..1, got 2",
        ),
        (
            lambda: find_task("follow", {"lost_metres": 2.0}),
            ValueError,
            "settings of task 'follow': lost_metres must be more than far_metres (3), got 2",
        ),
    ],
)
def test_bad_use_is_refused_in_one_sentence(do, error, message):
    with pytest.raises(error) as raised:
        do()
    assert str(raised.value) == message
