"""What an environment that is recorded may not be, and what is said of it."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from test_environments import ID, SOURCE, recorded
from toy_room import HEIGHT, WIDTH, ToyRoom

from wm_gym.train_world.data.collect_config import CollectConfig
from wm_gym.train_world.data.environments.actions import Acts
from wm_gym.train_world.data.environments.config import EnvironmentConfig
from wm_gym.train_world.data.environments.recording import make_environment

FULL = np.full((HEIGHT, WIDTH), 2.0)


class Tells(ToyRoom):
    """A room that also tells something wrong."""

    def __init__(self, value):
        super().__init__()
        self.value = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("rgb", FULL, r"source.rgb must be a picture \(H, W, 3\) uint8, got \(24, 32\) float64 at 'env.value'"),
        (
            "depth",
            np.where(FULL > 0, np.nan, 0),
            r"source.depth must be at least 0 everywhere \(0 unknown, infinity sky\), got 100% NaN and 0% below 0",
        ),
        (
            "depth",
            -FULL,
            r"source.depth must be at least 0 everywhere \(0 unknown, infinity sky\), got 0% NaN and 100% below 0",
        ),
        (
            "depth",
            FULL[1:],
            r"source.depth must be numbers of shape \(24, 32\), as the picture, got \(23, 32\) float64",
        ),
        (
            "depth",
            FULL / 1000,
            r"depth must have a median of 0.1 to 60 m, got 0.002 m with 1 units to a metre; sou",
        ),
        ("moving", FULL, r"source.moving must be a mask of shape \(24, 32\), as the picture, got \(24, 32\) float64"),
        (
            "pose",
            np.full(5, np.nan),
            r"source.pose must be 3, 4 or 5 numbers .* with source.pose_is=body, got \[nan",
        ),
        ("pose", np.zeros(7), "source.pose must be 3, 4 or 5 numbers"),
    ],
)
def test_what_is_told_wrongly_is_refused(path, value, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        recorded(replace(SOURCE, **{path: "env.value"}), env=Tells(value))


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"rgb": "observation.rgb"}, "source.rgb must be among ['seen'], got 'observation.rgb'"),
        ({"rgb": "observatoin"}, "source.rgb must begin with one of ['observation', 'info', 'render', 'env'] or be "
         "'module:function', got 'observatoin'; did you mean 'observation'?"),
        ({"pose": "env.of_boddy"}, "source.pose must be there, got 'env.of_boddy': ToyRoom has no 'of_boddy'; did you "
         "mean 'of_body'?"),
        ({"pose": "toy_room:nothing"}, "source.pose must name a function that can be imported, got 'toy_room:not"),
        ({"actions": {}}, "source.actions must say which action each chord of keys is, such as {W: 2, J: 0, L: 1}, "
         "got none for Discrete(5)"),
        ({"actions": {"W": 9}}, "source.actions.W must be an action of Discrete(5), got 9"),
        ({"actions": {"noop": 4}}, "source.actions must hold a chord that moves the camera, got ['noop']"),
        ({"actions": {"forward": [1.0]}}, "source.actions must name chords for actions that are no Box, got ['for"),
        ({"pose": "env.of_camera", "pose_is": "camera", "up": "y"}, "the camera must open without roll, got "),
        ({"metres_per_unit": 4.0}, "poses, depth and intrinsics must agree in at least 50% of what frames see "),
        ({"rgb": "env.render"}, "height and width must be those of the environment's pictures, 24 x 32, or smaller in "
         "the same proportions, got 24 x 30"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_the_environment_are_refused(told, message):
    with pytest.raises(ValueError) as refused:
        recorded(replace(SOURCE, **told), width=30 if told == {"rgb": "env.render"} else WIDTH)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pose_is": "matrix"}, "source.pose_is must be one of ['body', 'camera', 'camera_opengl', 'quaternion'], got "
         "'matrix'"),
        ({"up": "x"}, "source.up must be one of ['z', 'y'], got 'x'"),
        ({"fps": 0.0}, "source.fps must be positive, got 0.0"),
        ({"frames_per_step": 0}, "source.frames_per_step must be at least 1, got 0"),
        ({"warm_up": -1}, "source.warm_up must be at least 0, got -1"),
        ({"fov_degrees": 200.0}, "source.fov_degrees must be from 5 to 160, got 200.0"),
        ({"intrinsics": [1.0]}, "source.intrinsics must be [fx,fy,cx,cy] or empty, got [1.0]"),
        ({"actions": {"X": 1}}, "source.actions must have chords of W A S D I J K L, 'noop' or forward, left, yaw, "
         "pitch for names, got 'X'"),
        ({"actions": {"forward": [1], "W": 2}}, "source.actions must be among ['forward', 'left', 'yaw', 'pitch'], got "
         "'W'"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError) as refused:
        EnvironmentConfig(**settings)
    assert str(refused.value) == message


@pytest.mark.parametrize("name", ["toy_room:NoRoom-v0", "no_such_module:Room-v0", "ToyRum-v0"])
def test_an_environment_that_is_none_is_refused(name):
    with pytest.raises(
        ValueError, match=r"^env must be a Gymnasium environment 'MODULE:ID' that source.settings make, got"
    ):
        make_environment(name, SOURCE)


def test_settings_of_the_other_source_must_be_left_alone():
    with pytest.raises(ValueError, match=r"^source must be left alone without env=MODULE:ID, got settings of an envir"):
        CollectConfig(source=SOURCE)
    with pytest.raises(
        ValueError, match=r"^event_share must be left alone with env='toy_room:ToyRoom-v0', since it is of"
    ):
        CollectConfig(env=ID, source=SOURCE, event_share=0.0)


def test_a_box_needs_vectors_of_its_size():
    with pytest.raises(ValueError, match=r"^source.actions.W must be an action of Box\(.*\), got array"):
        Acts({"forward": [2.0]}, gym.spaces.Box(-1, 1, (1,)))
