"""The features extractor over every kind of observation space."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.agents.rl.extractor import FeaturesExtractor, compressed, in_camera_frame, polar
from wm_gym.envs.observations import find_observation_mode
from wm_gym.envs.tasks.joint import WAY_AND_ROLE
from wm_gym.geometry.poses import from_vector

POINT = gym.spaces.Box(-1e6, 1e6, (2,), np.float32)
CORNERS = gym.spaces.Box(-1e6, 1e6, (4,), np.float32)
VECTOR = gym.spaces.Box(-10, 10, (5,), np.float32)
NUM_POINTS = 20


def space_of(obs_mode="rgb+depth+points+pose", size=(36, 48), goal=POINT, **kinds):
    return find_observation_mode(obs_mode, size, 100.0, num_points=NUM_POINTS, **kinds).space(goal)


def seen(space, count=3, seed=0):
    """Observations of so many worlds, by chance, with bounded numbers and half of the points there."""
    rng = np.random.default_rng(seed)
    observation = {}
    for name, box in space.spaces.items():
        shape = (count, *box.shape)
        if name == "points_mask":
            observation[name] = np.tile(np.arange(NUM_POINTS) < NUM_POINTS // 2, (count, 1)).astype(np.int8)
        elif box.dtype == np.uint8:
            observation[name] = rng.integers(256, size=shape, dtype=np.uint8)
        else:
            observation[name] = rng.uniform(0.5, 9.0, shape).astype(np.float32)
    return {name: torch.from_numpy(values) for name, values in observation.items()}


def extractor(space, seed=0):
    torch.manual_seed(seed)
    return FeaturesExtractor(space).eval()


@pytest.mark.parametrize("obs_mode", ["sb3", "rgb", "depth", "pose", "points", "rgb+depth+points+pose", "depth+points"])
@pytest.mark.parametrize("size", [(16, 16), (36, 48), (48, 64), (192, 256)])
def test_every_space_has_features_of_one_size_whatever_the_frames(obs_mode, size):
    space = space_of(obs_mode, size)
    network = extractor(space)
    features = network(seen(space))
    assert features.shape == (3, network.features) and features.isfinite().all()
    assert sum(p.numel() for p in network.parameters()) < 100_000


@pytest.mark.parametrize("goal", [POINT, CORNERS, VECTOR, gym.spaces.Box(0, 255, (36, 48, 3), np.uint8)])
@pytest.mark.parametrize("depth_dtype", ["uint8", "float32"])
def test_every_part_changes_the_features(goal, depth_dtype):
    space = space_of(goal=goal, depth_dtype=depth_dtype)
    network, first, other = extractor(space), seen(space), seen(space, seed=1)
    other["points_mask"] = 1 - first["points_mask"]
    before = network(first)
    for name in space.spaces:
        after = network(first | {name: other[name]})
        assert (after != before).any(1).all(), name


def test_points_that_are_masked_change_nothing():
    space = space_of("points+pose")
    network, observation = extractor(space), seen(space)
    hidden = observation["points_mask"] == 0
    moved = torch.where(hidden[..., None], torch.tensor(7.0), observation["points"])
    assert torch.equal(network(observation), network(observation | {"points": moved}))


def test_no_points_are_no_error():
    space = space_of("points")
    observation = seen(space)
    features = extractor(space)(observation | {"points_mask": torch.zeros_like(observation["points_mask"])})
    assert features.isfinite().all() and not features[:, :-3].any()


@given(st.permutations(range(NUM_POINTS)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_points_changes_nothing(order):
    space = space_of("points+pose")
    network, observation = extractor(space), seen(space)
    shuffled = {name: observation[name][:, order] for name in ("points", "points_mask")}
    torch.testing.assert_close(network(observation), network(observation | shuffled))


def test_points_are_seen_from_the_camera():
    pose = torch.tensor([[1.0, 2.0, 3.0, 0.5, 0.5, -0.5, 0.5]])
    p_camera = torch.tensor([[[0.0, 0.0, 4.0], [1.0, 0.0, 2.0]]])
    p_world = p_camera @ from_vector(pose)[:, :3, :3].mT + pose[:, None, :3]
    torch.testing.assert_close(in_camera_frame(p_world, pose), p_camera)


def test_images_may_have_their_channels_first():
    space = space_of("rgb+depth+pose", goal=gym.spaces.Box(0, 255, (36, 48, 3), np.uint8), depth_dtype="uint8")
    images = ("rgb", "depth", "goal")
    turned = gym.spaces.Dict(
        {
            name: gym.spaces.Box(0, 255, (box.shape[2], *box.shape[:2]), np.uint8) if name in images else box
            for name, box in space.spaces.items()
        }
    )
    observation = seen(space)
    ours, theirs = extractor(space), extractor(turned)
    moved = observation | {name: observation[name].permute(0, 3, 1, 2) for name in images}
    torch.testing.assert_close(ours(observation), theirs(moved))


def test_depth_is_the_same_in_metres_and_as_an_image():
    as_image, in_metres = space_of("depth", goal=None, depth_dtype="uint8"), space_of("depth", goal=None)
    levels = torch.randint(256, (2, 36, 48, 1), dtype=torch.uint8)
    metres = (levels.float() / 255) ** 2 * 100
    torch.testing.assert_close(extractor(as_image)({"depth": levels}), extractor(in_metres)({"depth": metres}))


@given(st.floats(0.1, 1e6), st.floats(-3.1, 3.1))
def test_a_goal_is_a_distance_and_a_direction(metres, angle):
    goal = torch.tensor([[metres * np.cos(angle), metres * np.sin(angle)]], dtype=torch.float64)
    expected = torch.tensor([[np.log1p(metres) / 3, np.cos(angle), np.sin(angle)]], dtype=torch.float64)
    torch.testing.assert_close(polar(goal), expected)


def test_several_places_are_each_a_distance_and_a_direction():
    network = extractor(space_of("pose", goal=CORNERS))
    goal = torch.tensor([[3.0, 4.0, 0.0, -2.0]])
    features = network({"pose": torch.zeros(1, 7), "goal": goal})[0, 7:]
    torch.testing.assert_close(features, polar(goal.reshape(2, 2)).flatten())


def test_what_follows_pairs_of_metres_is_a_number():
    network = extractor(space_of("pose", goal=WAY_AND_ROLE))
    goal = torch.tensor([[3.0, 4.0, 1.0]])
    features = network({"pose": torch.zeros(1, 7), "goal": goal})[0, 7:]
    torch.testing.assert_close(features, torch.cat([polar(goal[:, :2])[0], goal[0, 2:].log1p() / 3]))


def test_a_goal_underfoot_has_no_direction():
    assert not polar(torch.zeros(1, 2)).any()


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_compressing_keeps_order_and_sign(one, other):
    a, b = (compressed(torch.tensor(value, dtype=torch.float64)) for value in (one, other))
    assert (a <= b) == (one <= other) and a.sign() == np.sign(one)
