"""Bad input is refused in one sentence that says what must be and what came."""

import gymnasium as gym
import numpy as np
import pytest

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.envs.options import read_options
from wm_gym.envs.tasks.registry import TASKS
from wm_gym.scenes.named import shipped_scenes

WORLDS = (
    "world must be a family of ['city', 'courtyard', 'joined', 'park', 'rooms', 'warehouse'], a place 'family/number', "
    "'family/*', a capture's .npz or 'imagined', got {!r}; shipped are " + ", ".join(shipped_scenes())
)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"backend": "nonesuch"},
            "backend must be one of ['detailed', 'memory_only', 'sglang', 'twin', 'video', 'vllm_omni'] or "
            "'package.module:Class', "
            "got 'nonesuch'",
        ),
        (
            {"backend": "nonesuch:Model"},
            "backend 'nonesuch:Model' must name a class that can be imported, got: No module named 'nonesuch'",
        ),
        (
            {"backend": "video", "backend_settings": {"wheels": 4}},
            "settings of backend 'video' must be among ['attention', 'batch_invariant', 'device', 'dtype', "
            "'num_steps', 'threads', 'weights'], got 'wheels'",
        ),
        (
            {"backend": "memory_only", "backend_settings": {"wheels": 4}},
            "settings of MemoryOnlyModel must be among [], got 'wheels'",
        ),
        ({"world": "moon"}, WORLDS.format("moon")),
        ({"world": "city/x"}, WORLDS.format("city/x")),
        ({"difficulty": "brutal"}, "difficulty must be one of ['simple', 'medium', 'full'], got 'brutal'"),
        ({"action_mode": "mouse"}, "action_mode must be one of ['discrete', 'keys', 'twist'], got 'mouse'"),
        (
            {"obs_mode": "rgb+smell"},
            "obs_mode must join some of ['rgb', 'depth', 'points', 'pose'] by '+' or be one of ['sb3'], "
            "got 'rgb+smell'",
        ),
        ({"resolution": (0, 64)}, "resolution must be (height, width) of at least 16 each, got (0, 64)"),
        ({"finer": 0}, "finer must be at least 1, got 0"),
        ({"plan_ahead_metres": 2}, "plan_ahead_metres must be within 4..60, got 2"),
        ({"render_mode": "hologram"}, "render_mode must be None or one of ['rgb_array', 'human'], got 'hologram'"),
        ({"depth_dtype": "int8"}, "depth_dtype must be 'float32' or 'uint8', got 'int8'"),
        ({"num_points": 0}, "num_points must be at least 1, got 0"),
        ({"idle_drift": 2.0}, "idle_drift must be within 0..1, got 2.0"),
        (
            {"task": "nap"},
            f"task must be one of {sorted(TASKS)} or 'package.module:Class', got 'nap'",
        ),
    ],
)
def test_settings(settings, message):
    with pytest.raises(ValueError) as raised:
        gym.make("wm_gym/Explore-v0", disable_env_checker=True, **settings)
    assert str(raised.value) == message


def test_a_window_without_a_display(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(RuntimeError, match="must have a display, got none"):
        gym.make("wm_gym/Explore-v0", render_mode="human", disable_env_checker=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"weather": "snow"},
            "reset options must be among ['prompt', 'image', 'depth', 'video', 'events', 'state', 'world'], "
            "got 'weather'",
        ),
        ({"depth": np.ones((48, 64))}, "option 'depth' must come with option 'image'"),
        ({"image": "a.png", "world": "city"}, "option 'world' must come without option 'image'"),
        ({"prompt": 3}, "option 'prompt' must be a string, got int"),
        ({"events": "snow"}, "option 'events' must be a YAML file that can be read, got 'snow'"),
        (
            {"events": [{"when": 3}]},
            "an event must be a dict of 'text' and, at will, 'at' and 'for', got {'when': 3}",
        ),
        ({"events": [{"text": "it starts to snow", "at": -1}]}, "an event's 'at' must be a step number from 0, got -1"),
        (
            {"events": [{"text": "it starts to snow", "for": 0}]},
            "an event's 'for' must be a number of steps from 1, got 0",
        ),
        ({"events": [{"text": 5}]}, "an event's 'text' must be a string, got int"),
    ],
)
def test_options(options, message):
    with pytest.raises(ValueError) as raised:
        read_options(options)
    assert str(raised.value) == message


def test_options_of_other_libraries_are_let_through():
    foreign = {"reset_mask": np.ones(2, bool), "minari_autoseed": True, "variation": ["light"], "options": 1}
    assert read_options(foreign) == read_options({})


@pytest.fixture(scope="module")
def env():
    env = gym.make("wm_gym/Explore-v0", backend="memory_only", world="rooms/9", disable_env_checker=True).unwrapped
    env.reset(seed=0)
    yield env
    env.close()


def test_use_before_reset():
    fresh = gym.make("wm_gym/Explore-v0", backend="memory_only", disable_env_checker=True).unwrapped
    with pytest.raises(RuntimeError, match="the environment must be reset before it is used"):
        fresh.step(0)
    fresh.close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "event text must say what happens, got ''"),
        (" .", "event text must say what happens, got ' .'"),
        (7, "event text must be a string, got int"),
    ],
)
def test_a_refused_event_leaves_the_episode_as_it_was(env, text, message):
    before = env.get_state()
    with pytest.raises(ValueError) as raised:
        env.trigger_event(text)
    assert str(raised.value) == message
    assert env.get_state().world is before.world


@pytest.mark.parametrize("action", [9, -1, 1.5, "W", True])
def test_discrete_actions(env, action):
    with pytest.raises(ValueError, match=r"action must be an integer in 0\.\.8"):
        env.step(action)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ([0.0, 0.0, 0.0], "action must be 4 numbers"),
        ([0.0, np.nan, 0.0, 0.0], "action must be finite and within -1..1"),
        ([0.0, 2.0, 0.0, 0.0], "action must be finite and within -1..1"),
        (["a", "b", "c", "d"], "action must be 4 numbers"),
    ],
)
def test_twists(action, message):
    from wm_gym.envs.actions import Twist

    with pytest.raises(ValueError, match=message):
        Twist().read(action, 4)


def test_chords():
    from wm_gym.envs.actions import Keys

    with pytest.raises(ValueError, match=r"action must be 8 zeros or ones for the keys W\+A\+S\+D\+I\+J\+K\+L"):
        Keys().read([1, 0, 2, 0, 0, 0, 0, 0], 4)


def test_pictures_that_no_world_can_open_on(env):
    with pytest.raises(ValueError, match=r"image must be a path or \(H, W, 3\) uint8, got \(48, 64\) uint8"):
        env.reset(options={"image": np.zeros((48, 64), np.uint8)})
    with pytest.raises(ValueError, match="option 'video' must be the path of a film, got ndarray"):
        env.reset(options={"video": np.zeros((2, 48, 64, 3), np.uint8)})
    with pytest.raises(ValueError, match=r"option 'video' must be a film that is there, got 'no\.mp4', which is not"):
        env.reset(options={"video": "no.mp4"})
    with pytest.raises(ValueError, match="must be a film that can be read whole, got "):
        env.reset(options={"video": __file__})


def test_an_image_cannot_open_a_simulator():
    twin = gym.make("wm_gym/Explore-v0", backend="twin", disable_env_checker=True).unwrapped
    with pytest.raises(ValueError, match="backend 'twin' cannot open from option 'image'"):
        twin.reset(options={"image": np.zeros((48, 64, 3), np.uint8)})
    twin.close()


def test_an_unknown_world_at_reset(env):
    with pytest.raises(ValueError, match=r"world must be a family .* got ''; shipped are city/9"):
        env.reset(options={"world": ""})


@pytest.mark.parametrize("state", [b"nonsense", 7])
def test_states_that_are_none(env, state):
    with pytest.raises(ValueError, match="must be"):
        env.set_state(state)
