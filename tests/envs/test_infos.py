"""What is told beside observations has the same keys, shapes and types at every step, so that any stacker takes it."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.backends.twin.model import TwinModel
from wm_gym.envs import wrappers
from wm_gym.envs.event_slots import SLOTS, event_arrays, event_list
from wm_gym.events.kinds import KINDS
from wm_gym.events.scripts import EventScript

SMALL = {"backend": "memory_only", "world": "city/9", "resolution": (24, 32), "obs_mode": "pose", "finer": 1}
KEYS = {
    "is_success", "intrinsics", "world_from_camera", "frame_index", "trust", "action_mask", "event_kind",
    "event_strength", "event_realised", "spl", "distance_to_goal", "collisions", "path_metres",
}  # fmt: skip
TEXT = {"task_description", "prompt", "env_feedback"}
EVENTS = [{"at": 1, "text": "it starts to snow", "for": 2}, {"at": 2, "text": "night falls"}]


@pytest.fixture(scope="module")
def env():
    env = gym.make("wm_gym/PointGoal-v0", disable_env_checker=True, **SMALL)
    yield env
    env.close()


def shape_of(value):
    if isinstance(value, dict):
        return {name: shape_of(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape
    return type(value)


def infos_of(env, steps=4):
    told = [env.reset(seed=1, options={"events": EVENTS})[1]]
    return told + [env.step(env.action_space.sample())[-1] for _ in range(steps)]


def test_keys_shapes_and_types_never_change(env):
    told = infos_of(env)
    assert set(told[0]) == KEYS and all(shape_of(info) == shape_of(told[0]) for info in told)
    assert shape_of(told[0]) == {
        "is_success": bool,
        "intrinsics": (np.dtype(np.float32), (4,)),
        "world_from_camera": (np.dtype(np.float32), (4, 4)),
        "frame_index": int,
        "trust": float,
        "action_mask": (np.dtype(np.int8), (9,)),
        "event_kind": (np.dtype(np.int64), (8,)),
        "event_strength": (np.dtype(np.float32), (8,)),
        "event_realised": (np.dtype(np.float32), (8,)),
        "spl": float,
        "distance_to_goal": float,
        "collisions": int,
        "path_metres": float,
    }


@pytest.mark.parametrize(
    "wrap",
    [
        lambda env: wrappers.ActionChunks(env, 2),
        lambda env: wrappers.RealTime(env, clock=iter(np.arange(99.0)).__next__, fps=1.0),
    ],
    ids=["action chunks", "real time"],
)
def test_wrappers_keep_to_it(env, wrap):
    told = infos_of(wrap(env))
    assert all(shape_of(info) == shape_of(told[0]) for info in told)


def test_arrays_are_the_callers_to_keep(env):
    first = infos_of(env)[-1]
    kept = {name: first[name].copy() for name in KEYS if name.startswith("event_")}
    for name in kept:
        first[name][...] = 9
    assert all(np.array_equal(infos_of(env)[-1][name], value) for name, value in kept.items())


def test_events_are_told_as_numbers_and_as_a_list(env):
    told = infos_of(env)
    assert told[0]["event_kind"].tolist() == [-1] * 8
    assert told[2]["event_kind"].tolist() == [2] + [-1] * 7 and told[3]["event_kind"].tolist() == [2, 0] + [-1] * 6
    assert told[2]["event_strength"].tolist() == [0.25] + [0.0] * 7
    assert not told[3]["event_realised"].any(), "the backend 'memory_only' shows no event"
    nothing_yet = {"active": True, "realised": 0.0, "place": None}
    assert env.unwrapped.events() == [
        {"id": 0, "kind": "snowfall", "text": "it starts to snow", "start": 5, "strength": 0.75}
        | nothing_yet
        | {"active": False},
        {"id": 1, "kind": "night", "text": "night falls", "start": 9, "strength": 0.5} | nothing_yet,
    ]


def test_strings_come_on_request_alone():
    env = gym.make("wm_gym/PointGoal-v0", disable_env_checker=True, return_text=True, **SMALL)
    told = infos_of(env)
    assert all(set(info) == KEYS | TEXT and shape_of(info) == shape_of(told[0]) for info in told)
    assert told[0]["env_feedback"] == "The world has just opened." and "Night falls." in told[4]["prompt"]
    assert told[0]["task_description"] == env.unwrapped.task_description
    env.close()


def test_of_more_events_than_slots_the_last_are_told():
    script = EventScript(0)
    for frame in range(SLOTS + 2):
        script = script.schedule("night falls" if frame == 2 else "fog rolls in", 2 * frame)
    script = script.schedule("a walker appears", 1)
    arrays = event_arrays(script, 40, {"night"})
    assert arrays["event_kind"].tolist() == [0] + [1] * 7 and arrays["event_realised"].tolist() == [1.0] + [0.0] * 7
    assert arrays["event_strength"].tolist() == [1.0] * 8
    ids = [row["id"] for row in event_list(script, 40, ())]
    assert ids == [0, 10, *range(1, 10)], "in order of onset"


def test_no_event_fills_no_slot():
    arrays = event_arrays(EventScript(0), 5, KINDS)
    assert arrays["event_kind"].tolist() == [-1] * 8
    assert not arrays["event_strength"].any() and not arrays["event_realised"].any()


def test_every_backend_says_what_it_can_show():
    from wm_gym.backends.registry import load_backend

    twin = TwinModel.create(24, 32)
    assert twin.spec.shows_events == tuple(KINDS) and MemoryOnlyModel.create(24, 32).spec.shows_events == ()
    twin.close()
    video = load_backend("video", 48, 64)
    assert video.spec.shows_events == ("night", "fog", "snowfall", "bonfire")


@pytest.mark.parametrize("mode", AutoresetMode)
def test_infos_of_a_batch_are_arrays_of_numbers(mode):
    envs = gym.make_vec("wm_gym/PointGoal-v0", 2, autoreset_mode=mode.value, max_episode_steps=2, **SMALL)
    assert _all_numbers(envs.reset(seed=1)[1])
    told = envs.step([0, 1])[-1]
    assert _all_numbers(told) and told["trust"].dtype == np.float64 and told["event_kind"].shape == (2, 8)
    last = envs.step([0, 1])[-1]
    last.pop("final_obs", None), last.pop("_final_obs", None)
    assert _all_numbers(last) and envs.events() == [[], []]
    envs.close()


def _all_numbers(value):
    if isinstance(value, dict):
        return all(_all_numbers(part) for part in value.values())
    return isinstance(value, np.ndarray) and value.dtype.kind in "biuf"


def test_gymnasium_makes_tensors_of_a_batch():
    pytest.importorskip("array_api_compat")
    envs = gym.wrappers.vector.NumpyToTorch(gym.make_vec("wm_gym/PointGoal-v0", 2, **SMALL))
    _, told = envs.reset(seed=1)
    for _ in range(2):
        assert isinstance(told["event_kind"], torch.Tensor) and told["intrinsics"].shape == (2, 4)
        told = envs.step(torch.tensor([0, 1]))[-1]
    envs.close()


def test_gymnasium_makes_tensors_of_one_world(env):
    pytest.importorskip("array_api_compat")
    wrapped = gym.wrappers.NumpyToTorch(env)
    _, told = wrapped.reset(seed=1)
    assert isinstance(told["event_strength"], torch.Tensor)
    assert isinstance(wrapped.step(torch.tensor(1))[-1]["action_mask"], torch.Tensor)
