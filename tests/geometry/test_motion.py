import math

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis.extra.numpy import arrays

from wm_gym.geometry import motion, poses
from wm_gym.geometry.motion import KEYS, START_BODY_POSE, Body, body_pose_of, camera_pose, check_twists, walk

BODY = Body()
STANCES = st.tuples(
    st.floats(-50, 50), st.floats(-50, 50), st.floats(-5, 5), st.floats(-3.14, 3.14), st.floats(-1.5, 1.5)
).map(np.array)
TWISTS = arrays(np.float64, st.tuples(st.integers(1, 12), st.just(4)), elements=st.floats(-1, 1))


def pressed(*keys):
    return np.array([key in keys for key in KEYS])


def hold(frames, *keys):
    return np.tile(motion.velocities_from_keys(pressed(*keys)), (frames, 1))


@given(STANCES)
def test_a_body_pose_is_read_back_from_its_camera(body_pose):
    np.testing.assert_allclose(body_pose_of(camera_pose(body_pose)), body_pose, atol=1e-9)


@given(STANCES)
def test_a_single_precision_camera_is_still_read(body_pose):
    np.testing.assert_allclose(body_pose_of(camera_pose(body_pose).astype(np.float32)), body_pose, atol=1e-5)


@given(STANCES)
def test_a_camera_pose_is_rigid_and_right_handed(body_pose):
    rotation = camera_pose(body_pose)[:3, :3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_the_opening_camera_looks_along_x_with_y_on_its_left():
    pose = camera_pose(START_BODY_POSE)
    np.testing.assert_array_equal(pose[:3, 2], [1, 0, 0])
    np.testing.assert_array_equal(pose[:3, 0], [0, -1, 0])
    np.testing.assert_array_equal(pose[:3, 1], [0, 0, -1])


@pytest.mark.parametrize(
    ("key", "moved"),
    [
        ("W", [0.125, 0, 0, 0, 0]),
        ("S", [-0.125, 0, 0, 0, 0]),
        ("A", [0, 0.125, 0, 0, 0]),
        ("D", [0, -0.125, 0, 0, 0]),
        ("I", [0, 0, 0, 0, math.radians(2.5)]),
        ("K", [0, 0, 0, 0, -math.radians(2.5)]),
        ("J", [0, 0, 0, math.radians(4.5), 0]),
        ("L", [0, 0, 0, -math.radians(4.5), 0]),
    ],
)
def test_each_key_does_what_it_says(key, moved):
    np.testing.assert_allclose(walk(START_BODY_POSE, hold(1, key), BODY)[0], moved, atol=1e-15)


def test_opposite_keys_cancel():
    np.testing.assert_array_equal(motion.velocities_from_keys(pressed(*KEYS)), np.zeros(4))


@pytest.mark.parametrize("keys", ["WA", "WD", "SA", "SD"])
def test_walking_aslant_is_no_faster(keys):
    body_pose = walk(START_BODY_POSE, hold(1, *keys), BODY)[0]
    assert np.hypot(*body_pose[:2]) == pytest.approx(BODY.walk_metres_per_frame)


def test_a_twist_aslant_is_no_faster_either():
    body_pose = walk(START_BODY_POSE, np.array([[1.0, -1.0, 0.0, 0.0]]), BODY)[0]
    assert np.hypot(*body_pose[:2]) == pytest.approx(BODY.walk_metres_per_frame)


@given(STANCES, st.integers(1, 30), st.sampled_from(["WS", "AD", "JL"]))
def test_there_and_back_again(body_pose, frames, keys):
    there, back = keys
    velocities = np.concatenate([hold(frames, there), hold(frames, back)])
    end = walk(np.append(body_pose[:4], 0.0), velocities, BODY)[-1]
    np.testing.assert_allclose(camera_pose(end), camera_pose(np.append(body_pose[:4], 0.0)), atol=1e-9)


@given(st.integers(0, 9))
def test_quarter_turns_add_up(quarters):
    end = camera_pose(walk(START_BODY_POSE, hold(20 * quarters + 20, "J"), BODY)[-1])
    angle = (quarters + 1) * math.pi / 2
    np.testing.assert_allclose(end[:3, 2], [math.cos(angle), math.sin(angle), 0], atol=1e-12)


@given(TWISTS)
def test_yaw_stays_within_half_a_turn_and_pitch_within_its_limit(velocities):
    body_poses = walk(START_BODY_POSE, np.tile(velocities, (20, 1)), BODY)
    assert (np.abs(body_poses[:, 3]) <= math.pi).all()
    assert (np.abs(body_poses[:, 4]) <= math.radians(25)).all()
    assert (body_poses[:, 2] == 0).all()


@given(STANCES, TWISTS)
def test_a_walk_in_two_parts_is_the_same_walk(body_pose, velocities):
    body_pose = np.append(body_pose[:4], 0.0)
    whole = walk(body_pose, velocities, BODY)
    first = walk(body_pose, velocities[:1], BODY)
    rest = walk(first[-1], velocities[1:], BODY)
    np.testing.assert_array_equal(np.concatenate([first, rest]), whole)


def test_walking_straight_and_turning_agree_with_the_group():
    # turn first, then go forward: one rotation and one translation of SE(3), in the camera's frame
    turn = torch.tensor([0, 0, 0, 0, -math.radians(4.5), 0], dtype=torch.float64)
    forward = torch.tensor([0, 0, 0.125, 0, 0, 0], dtype=torch.float64)
    twists = torch.stack([turn, forward]).repeat(10, 1)
    by_group = poses.integrate(torch.from_numpy(camera_pose(START_BODY_POSE)), twists)[1::2]
    by_walk = camera_pose(walk(START_BODY_POSE, hold(10, "W", "J"), BODY))
    np.testing.assert_allclose(by_walk, by_group.numpy(), atol=1e-12)


@given(st.lists(STANCES, min_size=1, max_size=4), st.integers(0, 1000))
def test_many_bodies_walk_as_each_would_alone(body_poses, seed):
    velocities = np.random.default_rng(seed).uniform(-1, 1, (len(body_poses), 6, 4))
    together = walk(np.stack(body_poses), velocities, BODY)
    alone = np.stack([walk(s, v, BODY) for s, v in zip(body_poses, velocities, strict=True)])
    np.testing.assert_array_equal(together, alone)


def test_no_frames_give_no_body_poses():
    assert walk(START_BODY_POSE, np.empty((0, 4)), BODY).shape == (0, 5)
    assert walk(np.zeros((3, 5)), np.empty((3, 0, 4)), BODY).shape == (3, 0, 5)


def test_the_start_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        START_BODY_POSE[0] = 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: check_twists(np.zeros(3)), "twists must have shape (..., 4), got (3,)"),
        (lambda: check_twists(np.zeros(4, int)), "twists must be floating point, got int64"),
        (lambda: check_twists(np.array([0, np.nan, 0, 0])), "twists must be finite, got nan"),
        (lambda: check_twists(np.array([0, 0, -np.inf, 0])), "twists must be finite, got -inf"),
        (lambda: check_twists(np.array([0, 0.5, -1.5, 0])), "twists must lie in [-1, 1], got -1.5"),
        (lambda: motion.velocities_from_keys(np.zeros(8)), "keys must be bool, got float64"),
        (lambda: motion.velocities_from_keys(np.zeros(7, bool)), "keys must have shape (..., 8), got (7,)"),
        (lambda: camera_pose(np.zeros(4)), "body_pose must have shape (..., 5), got (4,)"),
        (lambda: body_pose_of(np.eye(3)), "pose must have shape (..., 4, 4), got (3, 3)"),
        (lambda: walk(np.zeros(5), np.zeros(4), BODY), "velocities must have shape (T, 4), got (4,)"),
        (
            lambda: walk(np.zeros((2, 5)), np.zeros((3, 1, 4)), BODY),
            "velocities must have shape (2, T, 4), got (3, 1, 4)",
        ),
        (lambda: Body(radius_metres=0.0), "radius_metres must be positive, got 0.0"),
        (lambda: Body(turn_degrees_per_frame=-1.0), "turn_degrees_per_frame must be at least 0, got -1.0"),
        (
            lambda: Body(walk_metres_per_frame=0.5),
            "walk_metres_per_frame must be at most radius_metres (0.3), got 0.5",
        ),
        (lambda: Body(max_pitch_degrees=90.0), "max_pitch_degrees must be below 90, got 90.0"),
    ],
)
def test_bad_motion_gets_one_sentence(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message


@pytest.mark.parametrize("degrees", [1.0, -30.0, 180.0])
def test_a_rolled_camera_has_no_body_pose(degrees):
    angle = math.radians(degrees)
    roll = np.eye(4)
    roll[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    with pytest.raises(ValueError, match="pose must have no roll, got"):
        body_pose_of(camera_pose(START_BODY_POSE) @ roll)
