"""Size, speeds, height and lens of the body, in SI units, on generated worlds and on the twin."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
import torch

import wm_gym
from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.envs.body import BodySettings
from wm_gym.geometry.motion import Body

SIZE = (24, 32)
SMALL = {"world": "city/29", "resolution": SIZE, "finer": 1, "disable_env_checker": True}


@pytest.fixture(params=["memory_only", "twin"])
def make(request):
    made = []

    def _make(**settings):
        made.append(gym.make("wm_gym/Explore-v0", backend=request.param, **SMALL | settings))
        return made[-1]

    yield _make
    for env in made:
        env.close()


def test_the_default_body_is_the_one_of_the_loop():
    assert BodySettings().at(17.5) == Body()


def test_speeds_are_metres_and_degrees_per_second(make):
    env = make(body={"walk_metres_per_second": 1.4, "turn_degrees_per_second": 35.0, "pitch_degrees_per_second": 17.5})
    env.reset(seed=0)
    seconds = env.unwrapped.metadata["frames_per_step"] / env.unwrapped.metadata["video_fps"]
    env.step(1)
    assert env.unwrapped.now.world.body_poses[0, 0] == pytest.approx(1.4 * seconds)
    env.step(6)
    env.step(5)
    yaw, pitch = np.degrees(env.unwrapped.now.world.body_poses[0, 3:])
    assert (yaw, pitch) == pytest.approx((35.0 * seconds, 17.5 * seconds))


@pytest.mark.parametrize("eye_height", [0.8, 1.9])
def test_the_camera_is_at_the_height_of_the_eyes_from_the_first_observation_on(make, eye_height):
    env = make(body={"eye_height_metres": eye_height})
    observation, info = env.reset(seed=0)
    assert env.unwrapped.core.steps(env.unwrapped.now) == 0
    for _ in range(2):
        heights = observation["pose"][2], info["world_from_camera"][2, 3]
        assert heights == pytest.approx((eye_height - 1.6,) * 2)
        observation, *_, info = env.step(0)
    fy, cy = info["intrinsics"][1], info["intrinsics"][3]
    ground = observation["depth"][-1, SIZE[1] // 2 - 2 : SIZE[1] // 2 + 2, 0]
    assert np.median(ground) == pytest.approx(eye_height * fy / (SIZE[0] - 0.5 - cy), rel=0.15)


@pytest.mark.parametrize("fov", [50.0, 78.0])
def test_the_lens_has_the_asked_field_of_view(make, fov):
    env = make(fov_degrees=fov)
    _, info = env.reset(seed=0)
    assert 2 * np.degrees(np.arctan(SIZE[1] / 2 / info["intrinsics"][0])) == pytest.approx(fov)
    observation, *_, info = env.step(0)
    ground = observation["depth"][-1, SIZE[1] // 2 - 2 : SIZE[1] // 2 + 2, 0]
    assert np.median(ground) == pytest.approx(1.6 * info["intrinsics"][1] / (SIZE[0] / 2 - 0.5), rel=0.15)


def test_a_wide_body_stops_farther_from_walls(make):
    stops = {}
    for radius in (0.3, 1.0):
        env = make(body={"radius_metres": radius})
        env.reset(seed=0)
        for _ in range(20):
            env.step(2)
        assert env.unwrapped.now.outcome.collided[0]
        stops[radius] = env.unwrapped.now.world.body_poses[0, 1]
    assert stops[0.3] - stops[1.0] > 0.5


def test_a_simulator_that_cannot_show_so_wide_says_so():
    env = gym.make("wm_gym/Explore-v0", backend="twin", fov_degrees=110, **SMALL)
    with pytest.raises(ValueError, match="backend 'twin' shows fields of view up to about 80 degrees, got 110"):
        env.reset(seed=0)
    env.close()


def test_worlds_of_a_batch_open_as_alone_at_another_height():
    settings = {name: value for name, value in SMALL.items() if name != "disable_env_checker"}
    settings |= {"backend": "video", "resolution": (36, 48), "body": {"eye_height_metres": 1.0}, "fov_degrees": 60.0}
    envs, env = gym.make_vec("wm_gym/Explore-v0", 2, **settings), gym.make("wm_gym/Explore-v0", **settings)
    batch, alone = envs.reset(seed=3)[0], env.reset(seed=4)[0]
    assert all(np.array_equal(batch[name][1], alone[name]) for name in alone)
    saved = env.unwrapped.state_to_bytes(env.unwrapped.get_state())
    after = env.step(1)[0]
    env.unwrapped.set_state(saved)
    assert all(np.array_equal(after[name], value) for name, value in env.step(1)[0].items())
    assert torch.equal(env.unwrapped.now.outcome.intrinsics, envs.sub_envs[0].now.outcome.intrinsics)
    env.close()
    envs.close()


class Keyed(MemoryOnlyModel):
    """A backend that is steered by keys."""

    def __init__(self, height, width):
        super().__init__(height, width)
        self.spec = replace(self.spec, name="keyed", steered_by="keys")


@pytest.mark.parametrize(
    ("settings", "came"),
    [
        ({"body": {"eye_height_metres": 1.2}}, "{'eye_height_metres': 1.2}"),
        ({"fov_degrees": 60}, "60.0"),
        ({"idle_drift": 0.1}, "0.1"),
    ],
)
def test_a_backend_that_goes_by_keys_refuses_what_only_poses_can_do(settings, came):
    with pytest.raises(ValueError) as raised:
        gym.make("wm_gym/Explore-v0", backend=f"{__name__}:Keyed", **SMALL | settings)
    (name,) = settings
    assert str(raised.value) == f"{name} must be left out for backend 'keyed', which goes by keys, got {came}"


def test_several_bodies_need_poses():
    with pytest.raises(ValueError) as raised:
        wm_gym.parallel_env(2, backend=f"{__name__}:Keyed", world="city/9", resolution=SIZE, finer=1)
    assert str(raised.value) == "several bodies need a backend that is steered by poses, got 'keyed'"
