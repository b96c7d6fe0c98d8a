from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.evaluation.known import known_pixels
from wm_gym.evaluation.trajectories import Trajectory, open_cold, open_grounded, repeat, seen_from, warm_up
from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.geometry.poses import compose, inverse
from wm_gym.world_model import Capture, ModelSpec, Opening

HEIGHT, WIDTH, FAR = 6, 8, 100.0
WALL_METRES = 5.0
LENS = intrinsics_from_fov(60.0, HEIGHT, WIDTH)
SPEC = ModelSpec("twin", HEIGHT, WIDTH, frames_per_step=4, fps=17.5, far_metres=FAR)


def _walk(body_poses: np.ndarray) -> Trajectory:
    """Before a wall across the x axis: every frame has a colour of its own."""
    count = len(body_poses)
    frames = torch.arange(count, dtype=torch.uint8)[:, None, None, None].expand(-1, HEIGHT, WIDTH, 3).clone()
    depth = torch.from_numpy(WALL_METRES - body_poses[:, 0]).float()[:, None, None].expand(-1, HEIGHT, WIDTH).clone()
    return Trajectory(
        SPEC, "rooms", False, body_poses, frames, depth, torch.zeros(count, HEIGHT, WIDTH, dtype=torch.bool), LENS
    )


def _ahead(count: int, metres: float = 0.1) -> np.ndarray:
    body_poses = np.tile(START_BODY_POSE, (count, 1))
    body_poses[:, 0] = metres * np.arange(count)
    return body_poses


def _opening(walk: Trajectory, frames: list[int]) -> Opening:
    capture = Capture(
        walk.frames[frames], walk.depth[frames], walk.moving[frames], walk.world_from_camera[frames], LENS
    )
    return Opening("rooms/9", "A room.", LENS, torch.zeros(1, 2), capture=capture)


body_pose = st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.just(0.0), st.floats(-3, 3), st.floats(-0.4, 0.4))
level = st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.just(0.0), st.floats(-3, 3), st.just(0.0))


@given(body_pose, level)
def test_a_stance_seen_from_another_keeps_the_pose_between_them(there, origin):
    there, origin = np.array(there), np.array(origin)
    pose, start = torch.from_numpy(camera_pose(there)), torch.from_numpy(camera_pose(origin))
    moved = torch.from_numpy(camera_pose(seen_from(there, origin)))
    opened = torch.from_numpy(camera_pose(START_BODY_POSE))
    torch.testing.assert_close(
        compose(inverse(opened), moved), compose(inverse(start), pose), atol=1e-9, rtol=0.0, check_dtype=True
    )


def test_every_stance_is_the_start_when_seen_from_itself():
    here = np.array([1.0, -2.0, 0.0, 0.7, 0.0])
    np.testing.assert_allclose(seen_from(here, here), START_BODY_POSE, atol=1e-12)


def test_the_context_frames_end_at_the_start():
    context = warm_up(0.1, 4)
    assert context.shape == (4, 5)
    np.testing.assert_allclose(context[:, 3], [-0.3, -0.2, -0.1, 0.0])


def test_a_cold_opening_is_one_chunk_of_truth_that_ends_in_its_first_keyframe():
    walk = _walk(_ahead(12))
    capture = open_cold(_opening(walk, [0]), walk, 7).capture
    assert capture is not None
    assert capture.frames[:, 0, 0, 0].tolist() == [7, 4, 5, 6]
    start = torch.from_numpy(camera_pose(START_BODY_POSE)).float()
    torch.testing.assert_close(capture.world_from_camera[0], start)
    back = capture.world_from_camera[1:, 0, 3]
    torch.testing.assert_close(back, torch.tensor([-0.3, -0.2, -0.1]), atol=1e-5, rtol=0.0)


@pytest.mark.parametrize(("frame", "kept"), [(3, [3, 8, 9, 0, 1, 2]), (7, [7, 3, 8, 4, 5, 6])])
def test_a_grounded_opening_keeps_the_number_of_keyframes_and_ends_with_its_lead(frame: int, kept: list[int]):
    walk = _walk(_ahead(12))
    walk = replace(walk, body_poses=seen_from(walk.body_poses, walk.body_poses[3]))
    capture = open_grounded(_opening(walk, [3, 8, 9, 10, 11, 4]), walk, frame).capture
    assert capture is not None and capture.lead == 3
    assert capture.frames[:, 0, 0, 0].tolist() == kept
    places = (torch.tensor(kept) - frame) * 0.1
    torch.testing.assert_close(capture.world_from_camera[:, 0, 3], places, atol=1e-5, rtol=0.0)


def test_repeating_a_frame_keeps_the_way_and_loses_the_pictures():
    walk = _walk(_ahead(12))
    still = repeat(walk, 3, 4)
    assert still.frames[:, 0, 0, 0].tolist() == [3] * 4
    np.testing.assert_allclose(still.body_poses, walk.body_poses[4:8])


def test_what_a_keyframe_showed_is_known():
    walk = _walk(_ahead(4))
    capture = _opening(walk, [0]).capture
    assert capture is not None
    assert known_pixels(walk, capture).all()


def test_what_lies_behind_or_before_the_known_surface_is_not_known():
    walk = _walk(_ahead(1))
    capture = _opening(walk, [0]).capture
    assert capture is not None
    walk.depth[0, 0] = 4.0  # something has come between
    walk.depth[0, 1] = 6.0  # the wall is gone
    known = known_pixels(walk, capture)[0]
    assert not known[:2].any()
    assert known[2:].all()


def test_what_moves_and_what_is_behind_the_camera_is_not_known():
    body_poses = np.stack([START_BODY_POSE, [0, 0, 0, np.pi, 0]])
    walk = _walk(body_poses)
    walk.moving[0, 0] = True
    capture = _opening(_walk(body_poses), [0]).capture
    assert capture is not None
    known = known_pixels(walk, capture)
    assert not known[0, 0].any()
    assert known[0, 1:].all()
    assert not known[1].any()


def test_the_sky_is_known_by_its_direction():
    walk = _walk(_ahead(3, metres=30.0))
    walk.depth[:] = FAR
    capture = _opening(walk, [0]).capture
    assert capture is not None
    assert known_pixels(walk, capture).all()
