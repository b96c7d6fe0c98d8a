"""Every setting, option and argument is checked by its type: refused in one sentence, or taken as what it is."""

import json
from dataclasses import asdict
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.envs import wrappers
from wm_gym.envs.config import EpisodeConfig
from wm_gym.envs.options import TimedEvent, read_options
from wm_gym.envs.replay.recorder import RecordReplay
from wm_gym.scenes.named import SHIPPED, shipped_scenes

SMALL = {"backend": "memory_only", "world": "city/9", "resolution": (24, 32), "obs_mode": "pose", "finer": 1}
SETTINGS = (
    "settings must be among ['task', 'task_settings', 'reward', 'reward_settings', 'backend', 'world', 'difficulty', "
    "'obs_mode', 'action_mode', "
    "'resolution', 'finer', 'plan_ahead_metres', 'depth_dtype', 'num_points', 'body', 'fov_degrees', 'idle_drift', "
    "'return_frames', 'return_text', 'backend_settings', 'completion', 'completion_settings', "
    "'reconstruction_settings', 'draw_events'], got "
)
WORLDS = (
    "world must be a family of ['city', 'courtyard', 'joined', 'park', 'rooms', 'warehouse'], a place 'family/number', "
    "'family/*', a capture's .npz or 'imagined', got {}; shipped are " + ", ".join(shipped_scenes())
)
BACKENDS = (
    "backend must be one of ['detailed', 'memory_only', 'sglang', 'twin', 'video', 'vllm_omni'] or "
    "'package.module:Class', got "
)
TASKS = (
    "task must be one of ['avoid', 'collect', 'event_response', 'explore', 'find_object', 'follow_path', 'image_goal', "
    "'point_goal'] or 'package.module:Class', got "
)
NOTHING = "module 'json' has no attribute 'Nothing'"
BODY = [
    "eye_height_metres", "radius_metres", "walk_metres_per_second", "turn_degrees_per_second",
    "pitch_degrees_per_second",
]  # fmt: skip
PARTS = "obs_mode must join some of ['rgb', 'depth', 'points', 'pose'] by '+' or be one of ['sb3'], got "
HARD = "difficulty must be one of ['simple', 'medium', 'full'], got "
ACTION = "action_mode must be one of ['discrete', 'keys', 'twist'], got "
SIZE = "resolution must be (height, width) of at least 16 each, got "


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"wrld": "city"}, SETTINGS + "'wrld'; did you mean 'world'?"),
        ({"obsmode": "rgb"}, SETTINGS + "'obsmode'; did you mean 'obs_mode'?"),
        ({"wheels": 4}, SETTINGS + "'wheels'"),
        ({"world": 3}, "world must be a string, got int"),
        ({"world": "citty/9"}, WORLDS.format("'citty/9'; did you mean 'city/9'?")),
        ({"world": "Warehouse"}, WORLDS.format("'Warehouse'; did you mean 'warehouse'?")),
        ({"world": "courtyart/*"}, WORLDS.format("'courtyart/*'; did you mean 'courtyard/*'?")),
        ({"world": "moon/9"}, WORLDS.format("'moon/9'")),
        ({"backend": "vidoe"}, BACKENDS + "'vidoe'; did you mean 'video'?"),
        ({"backend": None}, "backend must be a string, got NoneType"),
        ({"difficulty": "ful"}, HARD + "'ful'; did you mean 'full'?"),
        ({"difficulty": ["full"]}, "difficulty must be a string, got list"),
        ({"obs_mode": ["rgb"]}, "obs_mode must be a string, got list"),
        ({"obs_mode": "rgb+dept"}, PARTS + "'rgb+dept'; did you mean 'depth'?"),
        ({"action_mode": "discret"}, ACTION + "'discret'; did you mean 'discrete'?"),
        ({"action_mode": 1}, "action_mode must be a string, got int"),
        ({"task": "expolre"}, TASKS + "'expolre'; did you mean 'explore'?"),
        ({"task": "json:Nothing"}, "task 'json:Nothing' must name a class that can be imported, got: " + NOTHING),
        (
            {"task": "json:JSONDecoder"},
            "task 'json:JSONDecoder' must name a class derived from wm_gym.envs.tasks.task.Task, "
            "got <class 'json.decoder.JSONDecoder'>",
        ),
        ({"task_settings": [1]}, "task_settings must be a dict of the task's own, got [1]"),
        ({"task_settings": {"x": {1}}}, "task_settings must hold what JSON can hold, got {'x': {1}}"),
        (
            {"task_settings": {"cell_meters": 1.0}},
            "settings of task 'explore' must be among ['cell_metres', 'reach_metres', 'target_square_metres', "
            "'reward_per_square_metre', 'floor_metres', 'tolerance_metres'], got 'cell_meters'; "
            "did you mean 'cell_metres'?",
        ),
        (
            {"task_settings": {"cell_metres": "1"}},
            "settings of task 'explore': cell_metres must be a finite number, got '1'",
        ),
        ({"body": 1.6}, f"body must be a dict of {BODY}, got 1.6"),
        (
            {"body": {"eye_height": 1.2}},
            f"settings of the body must be among {BODY}, got 'eye_height'; did you mean 'eye_height_metres'?",
        ),
        ({"body": {"eye_height_metres": 3}}, "eye_height_metres must be within 0.5..1.9, got 3"),
        ({"body": {"radius_metres": "0.3"}}, "radius_metres must be a finite number, got '0.3'"),
        ({"body": {"turn_degrees_per_second": 0}}, "turn_degrees_per_second must be positive, got 0"),
        (
            {"body": {"walk_metres_per_second": 6}},
            "walk_metres_per_second must be at most radius_metres x 17.5 frames per second, 5.25, got 6",
        ),
        ({"fov_degrees": "60"}, "fov_degrees must be a finite number, got '60'"),
        ({"fov_degrees": 150}, "fov_degrees must be within 20..120, got 150"),
        ({"resolution": 48}, SIZE + "48"),
        ({"resolution": "48x64"}, SIZE + "'48x64'"),
        ({"resolution": (48.0, 64.0)}, SIZE + "(48.0, 64.0)"),
        ({"resolution": (24, 32, 3)}, SIZE + "(24, 32, 3)"),
        ({"finer": 1.5}, "finer must be an integer, got 1.5"),
        ({"finer": True}, "finer must be an integer, got True"),
        ({"finer": None}, "finer must be an integer, got None"),
        ({"depth_dtype": np.uint8}, "depth_dtype must be a string, got type"),
        ({"num_points": 64.0}, "num_points must be an integer, got 64.0"),
        ({"num_points": "64"}, "num_points must be an integer, got '64'"),
        ({"idle_drift": "0.1"}, "idle_drift must be a finite number, got '0.1'"),
        ({"idle_drift": True}, "idle_drift must be a finite number, got True"),
        ({"idle_drift": float("nan")}, "idle_drift must be a finite number, got nan"),
        ({"return_frames": "no"}, "return_frames must be True or False, got 'no'"),
        ({"return_text": 1}, "return_text must be True or False, got 1"),
        ({"backend_settings": None}, "backend_settings must be a dict of the backend's own, got None"),
        ({"backend_settings": ["weights"]}, "backend_settings must be a dict of the backend's own, got ['weights']"),
        ({"backend_settings": {1: 2}}, "a name in backend_settings must be a string, got int"),
        (
            {"backend": "video", "backend_settings": {"num_step": 2}},
            "settings of backend 'video' must be among ['attention', 'batch_invariant', 'device', 'dtype', "
            "'num_steps', 'threads', 'weights'], got 'num_step'; did you mean 'num_steps'?",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_settings(make, settings, message):
    with pytest.raises(ValueError) as raised:
        make("wm_gym/Explore-v0", **SMALL | settings)
    assert str(raised.value) == message


def test_settings_that_are_natural_are_taken_and_are_plain():
    config = EpisodeConfig.of(
        {
            "task": "explore",
            "world": SHIPPED / "city-9.npz",
            "resolution": [np.int64(24), 32],
            "finer": np.int64(2),
            "num_points": np.int32(8),
            "idle_drift": np.float32(0.5),
            "return_frames": np.True_,
            "backend_settings": {"weights": Path("a/b"), "num_steps": np.int64(2)},
            "task_settings": {"cell_metres": np.float64(2.0)},
            "body": {"eye_height_metres": np.float32(1.5)},
            "fov_degrees": 60,
        }
    )
    assert json.loads(json.dumps(asdict(config))) == asdict(config) | {"resolution": [24, 32]}
    assert config.world == str(SHIPPED / "city-9.npz") and config.backend_settings == {"weights": "a/b", "num_steps": 2}


def test_a_setting_that_torchrl_tries_is_refused_as_torchrl_expects_it():
    with pytest.raises(TypeError, match="unexpected keyword argument 'frameskip'"):
        gym.make("wm_gym/Explore-v0", frameskip=4, **SMALL)


def test_a_world_needs_a_task():
    with pytest.raises(ValueError) as raised:
        EpisodeConfig.of({"world": "city"})
    assert str(raised.value) == "settings must hold 'task', got ['world']"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_envs": 2.0}, "num_envs must be an integer, got 2.0"),
        ({"num_envs": True}, "num_envs must be an integer, got True"),
        ({"max_episode_steps": 5.5}, "max_episode_steps must be at least 1, or None or -1 for no limit, got 5.5"),
        ({"max_episode_steps": True}, "max_episode_steps must be at least 1, or None or -1 for no limit, got True"),
        ({"output": ["numpy"]}, "output must be 'numpy' or 'torch', got ['numpy']"),
        (
            {"autoreset_mode": None},
            "autoreset_mode must be an AutoresetMode or one of ['NextStep', 'SameStep', 'Disabled'], got None",
        ),
    ],
)
def test_settings_of_batches(settings, message):
    with pytest.raises(ValueError) as raised:
        gym.make_vec("wm_gym/Explore-v0", **SMALL | settings)
    assert str(raised.value) == message


AT, FOR = (
    "an event's 'at' must be a step number from 0, got ",
    "an event's 'for' must be a number of steps from 1, got ",
)
SNOW = "it starts to snow"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["prompt"], "options must be a dict, got list"),
        ("snow", "options must be a dict, got str"),
        (
            {"promt": "A street."},
            "reset options must be among ['prompt', 'image', 'depth', 'video', 'events', 'state', 'world'], "
            "got 'promt'; did you mean 'prompt'?",
        ),
        ({"world": 9}, "option 'world' must be a string, got int"),
        (
            {"events": {"text": SNOW}},
            "option 'events' must be a list of {'at', 'text', 'for'} or a YAML file of one, got dict",
        ),
        ({"events": [{"text": SNOW, "at": 1.5}]}, AT + "1.5"),
        ({"events": [{"text": SNOW, "at": True}]}, AT + "True"),
        ({"events": [{"text": SNOW, "at": None}]}, AT + "None"),
        ({"events": [{"text": SNOW, "for": 2.0}]}, FOR + "2.0"),
        ({"events": [{"text": SNOW, "for": True}]}, FOR + "True"),
        ({"events": [{"text": SNOW, "for": "3"}]}, FOR + "'3'"),
    ],
)
def test_options(options, message):
    with pytest.raises(ValueError) as raised:
        read_options(options)
    assert str(raised.value) == message


def test_options_that_are_natural_are_taken():
    asked = read_options(
        {"world": Path("hall.npz"), "events": ({"text": SNOW, "at": np.int64(2), "for": np.uint8(3)},)}
    )
    assert asked.world == "hall.npz" and asked.events == (TimedEvent(2, SNOW, 3),)
    assert type(asked.events[0].at) is type(asked.events[0].steps) is int


@pytest.fixture(scope="module")
def env():
    env = gym.make("wm_gym/Explore-v0", disable_env_checker=True, **SMALL)
    env.reset(seed=0)
    yield env
    env.close()


@pytest.fixture(scope="module")
def envs():
    envs = gym.make_vec("wm_gym/Explore-v0", 2, **SMALL)
    envs.reset(seed=0)
    yield envs
    envs.close()


SEED, SEEDS = "seed must be None or an integer from 0, got ", "seed must be None, an integer from 0 or 2 of them, got "
STEPS = "for_steps must be a number of steps from 1, got "
STATE = "state must be an EnvState, its bytes or the path of its file, got "


@pytest.mark.parametrize(
    ("do", "message"),
    [
        (lambda env: env.reset(seed=1.5), SEED + "1.5"),
        (lambda env: env.reset(seed=True), SEED + "True"),
        (lambda env: env.reset(seed="1"), SEED + "'1'"),
        (lambda env: env.reset(seed=-1), SEED + "-1"),
        (lambda env: env.unwrapped.trigger_event(SNOW, for_steps=1.5), STEPS + "1.5"),
        (lambda env: env.unwrapped.trigger_event(SNOW, for_steps=True), STEPS + "True"),
        (lambda env: env.unwrapped.trigger_event(SNOW, for_steps=0), STEPS + "0"),
        (lambda env: env.unwrapped.stop_event(["fog"]), "an event must be named by its kind or text, got ['fog']"),
        (
            lambda env: env.unwrapped.stop_event("mist"),
            "only an event that is going on can stop, got 'mist' while there are []",
        ),
        (lambda env: env.unwrapped.set_state(7), STATE + "int"),
        (lambda env: env.unwrapped.set_state(None), STATE + "NoneType"),
        (lambda env: env.reset(options={"state": 1.5}), STATE + "float"),
        (lambda env: env.unwrapped.state_to_bytes(b"state"), "state must be an EnvState, got bytes"),
        (lambda env: env.unwrapped.save_state(7), "path must be a string or a Path, got 7"),
    ],
)
def test_calls(env, do, message):
    before = env.unwrapped.now
    with pytest.raises(ValueError) as raised:
        do(env)
    assert str(raised.value) == message and env.unwrapped.now is before


@pytest.mark.parametrize(
    ("do", "message"),
    [
        (lambda envs: envs.reset(seed=[1, 1.5]), SEEDS + "1.5"),
        (lambda envs: envs.reset(seed=[1, True]), SEEDS + "True"),
        (lambda envs: envs.reset(seed=-1), SEEDS + "-1"),
        (lambda envs: envs.reset(seed=True), SEEDS + "True"),
        (lambda envs: envs.reset(seed=np.array([1.0, 2.0])), SEEDS + "np.float64(1.0)"),
        (lambda envs: envs.reset(options=[{}, 3]), "options must be a dict, got int"),
        (lambda envs: envs.trigger_event(SNOW, for_steps=2.5), STEPS + "2.5"),
        (lambda envs: envs.set_state(envs.get_state([0])[0]), "states must be a list of 2, got EnvState"),
        (lambda envs: envs.set_state(b"ab"), "states must be a list of 2, got bytes"),
        (lambda envs: envs.set_state([3, 4]), STATE + "int"),
        (lambda envs: envs.fork(0.0, 1), "source must be different worlds of 0..1, got 0.0"),
        (lambda envs: envs.fork(0, True), "targets must be different worlds of 0..1, got True"),
    ],
)
def test_calls_of_batches(envs, do, message):
    before = [sub_env.now for sub_env in envs.sub_envs]
    with pytest.raises(ValueError) as raised:
        do(envs)
    assert str(raised.value) == message
    assert all(sub_env.now is state for sub_env, state in zip(envs.sub_envs, before, strict=True))


def test_numbers_of_numpy_leave_a_snapshot_that_can_be_saved(env, envs, tmp_path):
    env.reset(seed=np.int64(3), options={"events": [{"text": SNOW, "at": np.int64(1), "for": np.int64(2)}]})
    env.unwrapped.trigger_event("night falls", for_steps=np.int64(5))
    env.unwrapped.save_state(tmp_path / "state")
    envs.reset(seed=np.array([3, 4]), options={"state": str(tmp_path / "state")})
    assert [event.stop_frame for event in envs.sub_envs[0].now.world.scripts[0].events] == [13, 21]


def test_options_of_numpy_leave_a_replay_that_can_be_saved(tmp_path):
    recorder = RecordReplay(gym.make("wm_gym/Explore-v0", disable_env_checker=True, **SMALL), np.int64(1))
    events = ({"text": SNOW, "at": np.int64(1)},)
    recorder.reset(seed=np.int64(3), options={"world": Path("city/19"), "events": events, "variation": np.int64(1)})
    recorder.step(0)
    recorder.save_replay(tmp_path / "replay")
    options = recorder.replay().load(tmp_path / "replay").options
    assert options == {"world": "city/19", "events": [{"text": SNOW, "at": 1}], "variation": 1}
    recorder.close()


@pytest.mark.parametrize(
    ("wrap", "message"),
    [
        (lambda env: wrappers.ActionChunks(env, 2.0), "num_actions must be an integer, got 2.0"),
        (lambda env: wrappers.ActionChunks(env, True), "num_actions must be an integer, got True"),
        (lambda env: wrappers.RealTime(env, fps="4"), "fps must be a finite number, got '4'"),
        (lambda env: wrappers.RealTime(env, fps=0), "fps must be positive, got 0"),
        (lambda env: RecordReplay(env, 1.5), "snapshot_every must be an integer, got 1.5"),
        (lambda env: RecordReplay(env, -1), "snapshot_every must be at least 0, got -1"),
        (lambda env: wrappers.RecordVideo(env, 3), "video_folder must be a string or a Path, got 3"),
        (lambda env: wrappers.RecordVideo(env, "a", video_length=1.5), "video_length must be an integer, got 1.5"),
        (lambda env: wrappers.RecordVideo(env, "a", fps=None, name_prefix=3), "name_prefix must be a string, got int"),
    ],
)
def test_wrappers_of_one_world(env, wrap, message):
    with pytest.raises(ValueError) as raised:
        wrap(env)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("wrap", "message"),
    [
        (lambda envs: wrappers.VectorActionChunks(envs, 1.5), "num_actions must be an integer, got 1.5"),
        (lambda envs: wrappers.VectorFrameStack(envs, 2.0), "stack_size must be an integer, got 2.0"),
        (
            lambda envs: wrappers.VectorRecordEpisodeStatistics(envs, 0),
            "buffer_length must be at least 1, got 0",
        ),
    ],
)
def test_wrappers_of_many_worlds(envs, wrap, message):
    with pytest.raises(ValueError) as raised:
        wrap(envs)
    assert str(raised.value) == message


def test_wrappers_of_pictures_and_points():
    env = gym.make("wm_gym/Explore-v0", disable_env_checker=True, **SMALL | {"obs_mode": "rgb+points"})
    size = "resolution must be (height, width) of at least 1 each, got "
    for wrap, message in (
        (lambda: wrappers.Resize(env, (True, True)), size + "(True, True)"),
        (lambda: wrappers.Resize(env, 24), size + "24"),
        (lambda: wrappers.SamplePoints(env, 3.0), "num_points must be an integer, got 3.0"),
    ):  # fmt: skip
        with pytest.raises(ValueError) as raised:
            wrap()
        assert str(raised.value) == message
    assert wrappers.Resize(env, [np.int64(12), 16]).observation_space["rgb"].shape == (12, 16, 3)
    env.close()


@pytest.mark.parametrize("over", [1.0000001, 1.0 + 1e-5])
def test_rounding_of_a_twist_is_taken_for_top_speed(over):
    from wm_gym.envs.actions import Twist

    command = Twist().read(np.array([-over, over, 0.5, -over]), 2)
    assert command.twists.tolist() == [[[-1.0, 1.0, 0.5, -1.0]] * 2]
    with pytest.raises(ValueError, match=r"action must be finite and within -1\.\.1"):
        Twist().read(np.array([-1.0 - 2e-5, 0.0, 0.0, 0.0]), 2)


def test_a_worlds_own_depth_opens_a_world(env):
    settings = SMALL | {"obs_mode": "rgb+depth"}
    source = gym.make("wm_gym/Explore-v0", disable_env_checker=True, **settings).unwrapped
    shown, _ = source.reset(seed=0)
    options = {"image": shown["rgb"], "depth": shown["depth"]}
    opened, _ = source.reset(seed=0, options=options)
    flat, _ = source.reset(seed=0, options=options | {"depth": shown["depth"][..., 0]})
    assert all(np.array_equal(opened[name], flat[name]) for name in opened)
    with pytest.raises(ValueError, match=r"depth must be \(24, 32\) floating point, .* got \(24, 32, 2\) float32"):
        source.reset(options=options | {"depth": np.repeat(shown["depth"], 2, -1)})
    tensors = {"image": torch.from_numpy(shown["rgb"]), "depth": torch.from_numpy(shown["depth"])}
    assert np.array_equal(source.reset(seed=0, options=tensors)[0]["rgb"], opened["rgb"])
    source.close()
