"""What a batch refuses, in one sentence that says what must be and what came, before any world has changed."""

import gymnasium as gym
import numpy as np
import pytest
import torch

import wm_gym  # noqa: F401  (registers the ids)

SMALL = {"backend": "memory_only", "world": "city/9", "resolution": (24, 32), "obs_mode": "pose", "finer": 1}


@pytest.fixture(scope="module")
def envs():
    envs = gym.make_vec("wm_gym/Explore-v0", 3, **SMALL)
    envs.reset(seed=0)
    yield envs
    envs.close()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_envs": 0}, "num_envs must be at least 1, got 0"),
        ({"output": "jax"}, "output must be 'numpy' or 'torch', got 'jax'"),
        ({"render_mode": "human"}, "render_mode of many worlds must be None or 'rgb_array', got 'human'"),
        ({"max_episode_steps": 0}, "max_episode_steps must be at least 1, or None or -1 for no limit, got 0"),
        (
            {"autoreset_mode": "Never"},
            "autoreset_mode must be an AutoresetMode or one of ['NextStep', 'SameStep', 'Disabled'], got 'Never'",
        ),
        ({"idle_drift": 2.0}, "idle_drift must be within 0..1, got 2.0"),
    ],
)
def test_settings(settings, message):
    with pytest.raises(ValueError) as raised:
        gym.make_vec("wm_gym/Explore-v0", **SMALL | settings)
    assert str(raised.value) == message


ACTIONS = "action must be an integer in 0..8, got "


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([1, 2], "actions must be 3, one for each world, got shape (2,)"),
        (1, "actions must be 3, one for each world, got shape ()"),
        (None, "actions must be 3, one for each world, got shape ()"),
        (torch.zeros(4, dtype=torch.long), "actions must be 3, one for each world, got shape (4,)"),
        ([0, 1, 9], ACTIONS + "np.int64(9)"),
        (np.array([0.0, 1.0, 2.0]), ACTIONS + "np.float64(0.0)"),
    ],
)
def test_actions(envs, actions, message):
    with pytest.raises(ValueError) as raised:
        envs.step(actions)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        ([1, 2], "seed must be None, an integer from 0 or 3 of them, got 2"),
        ("one", "seed must be None, an integer from 0 or 3 of them, got 'one'"),
        (1.5, "seed must be None, an integer from 0 or 3 of them, got 1.5"),
    ],
)
def test_seeds(envs, seed, message):
    with pytest.raises(ValueError) as raised:
        envs.reset(seed=seed)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"reset_mask": np.array([1, 0, 1])},
            "options['reset_mask'] must be 3 booleans, got int64 of shape (3,)",
        ),
        (
            {"reset_mask": np.array([True, False])},
            "options['reset_mask'] must be 3 booleans, got bool of shape (2,)",
        ),
        ({"reset_mask": np.zeros(3, bool)}, "options['reset_mask'] must hold at least one True, got none"),
        ([{}, {}], "options must be a dict or a list of 3, got 2"),
        ("snow", "options must be a dict or a list of 3, got str"),
        ([{}, {"prompt": 3}, {}], "option 'prompt' must be a string, got int"),
        ({"state": 7}, "state must be an EnvState, its bytes or the path of its file, got int"),
    ],
)
def test_options(envs, options, message):
    before = [sub_env.now for sub_env in envs.sub_envs]
    with pytest.raises(ValueError) as raised:
        envs.reset(options=options)
    assert str(raised.value) == message
    assert all(sub_env.now is state for sub_env, state in zip(envs.sub_envs, before, strict=True))


@pytest.mark.parametrize(
    ("do", "message"),
    [
        (lambda envs: envs.fork(3, [0]), "source must be different worlds of 0..2, got 3"),
        (lambda envs: envs.fork(0, [1, 1]), "targets must be different worlds of 0..2, got [1, 1]"),
        (lambda envs: envs.fork(0, [-1]), "targets must be different worlds of 0..2, got [-1]"),
        (lambda envs: envs.fork([0, 1], [2]), "source must be one world, got [0, 1]"),
        (lambda envs: envs.get_state(["a"]), "worlds must be different worlds of 0..2, got ['a']"),
        (lambda envs: envs.set_state(envs.get_state([0])), "states must be as many as the worlds, 3, got 1"),
        (lambda envs: envs.trigger_event("night falls", [1, 0, 1]), "mask must be 3 booleans, got int64 of shape (3,)"),
        (lambda envs: envs.set_attr("task", [1, 2]), "values must be one for each of 3 worlds, got 2"),
        (lambda envs: envs.stop_event("fog"), "only an event that is going on can stop, got 'fog' while there are []"),
    ],
)
def test_calls(envs, do, message):
    before = [sub_env.now for sub_env in envs.sub_envs]
    with pytest.raises(ValueError) as raised:
        do(envs)
    assert str(raised.value) == message
    assert all(sub_env.now is state for sub_env, state in zip(envs.sub_envs, before, strict=True))


@pytest.mark.parametrize("do", [lambda envs: envs.call("nonesuch"), lambda envs: envs.set_attr("nonesuch", 1)])
def test_attributes_that_no_world_has(envs, do):
    with pytest.raises(AttributeError, match="'SubEnv' object has no attribute 'nonesuch'"):
        do(envs)


@pytest.mark.parametrize(
    "do",
    [
        lambda envs: envs.step([0, 0, 0]),
        lambda envs: envs.reset(options={"reset_mask": np.array([True, False, False])}),
        lambda envs: envs.fork(0, 1),
        lambda envs: envs.get_state(),
        lambda envs: envs.trigger_event("night falls"),
    ],
)
def test_use_before_reset(do):
    envs = gym.make_vec("wm_gym/Explore-v0", 3, **SMALL)
    with pytest.raises(RuntimeError) as raised:
        do(envs)
    assert str(raised.value) == "the environment must be reset before it is used"
    envs.close()
