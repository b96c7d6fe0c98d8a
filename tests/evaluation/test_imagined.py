"""Laws of depth that agrees with itself, of things that are followed, and of the scores of ways out."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.evaluation.accumulator import Accumulator
from wm_gym.evaluation.geometry import depth_self_errors, render_depth
from wm_gym.evaluation.realism import RealismClassifier, RealismConfig, RealismNetwork
from wm_gym.evaluation.scores import score_outbound, score_tracks
from wm_gym.evaluation.tracks import MOST_FRAMES, Track, shared_length, tracks_of, with_camera
from wm_gym.evaluation.trajectories import Trajectory
from wm_gym.geometry.cameras import intrinsics_from_fov, rays
from wm_gym.geometry.motion import camera_pose
from wm_gym.geometry.poses import inverse, transform
from wm_gym.world_model import ModelSpec

HEIGHT, WIDTH, FAR = 24, 32, 100.0
LENS = intrinsics_from_fov(60.0, HEIGHT, WIDTH)
SPEC = ModelSpec("twin", HEIGHT, WIDTH, frames_per_step=4, fps=17.5, far_metres=FAR)
WALL_METRES = 12.0


def _walk(body_poses: np.ndarray, slant: float = 0.0, seed: int = 0) -> Trajectory:
    """Before the plane x = WALL_METRES + slant * y."""
    frames = np.random.default_rng(seed).integers(0, 256, (len(body_poses), HEIGHT, WIDTH, 3), dtype=np.uint8)
    poses = torch.from_numpy(camera_pose(body_poses)).float()
    ways = rays(LENS, HEIGHT, WIDTH) @ poses[:, None, :3, :3].mT
    normal = torch.tensor([1.0, -slant, 0.0])
    depth = (WALL_METRES - poses[:, :3, 3] @ normal)[:, None, None] / (ways @ normal)
    still = torch.zeros(len(body_poses), HEIGHT, WIDTH, dtype=torch.bool)
    return Trajectory(SPEC, "city", False, body_poses, torch.from_numpy(frames), depth, still, LENS)


def _path(count: int, step: tuple[float, float, float]) -> np.ndarray:
    """Stances that go on by (x, y, yaw)."""
    body_poses = np.zeros((count, 5))
    body_poses[:, [0, 1, 3]] = np.arange(count)[:, None] * np.array(step)
    return body_poses


steps = st.tuples(st.floats(-0.3, 0.5), st.floats(-0.5, 0.5), st.floats(-0.1, 0.1))


@given(steps, st.floats(-0.5, 0.5))
def test_a_plane_that_stands_still_agrees_with_itself(step, slant):
    errors = depth_self_errors(_walk(_path(3, step), slant), torch.arange(3))
    assert errors.isfinite().float().mean() > 0.5
    assert errors.nanmean() < 0.02


@given(st.floats(0.5, 2.0))
def test_a_world_that_breathes_disagrees_by_as_much(factor):
    walk = _walk(_path(2, (0.0, 0.0, 0.0)))
    walk.depth[1] *= factor
    errors = depth_self_errors(walk, torch.arange(2))
    torch.testing.assert_close(errors, torch.full_like(errors, abs(1 / factor - 1)), atol=1e-4, rtol=1e-4)


def test_the_sky_what_moves_and_the_unknown_are_not_compared():
    walk = _walk(_path(2, (0.0, 0.0, 0.0)))
    walk.depth[0, 0] = FAR
    walk.moving[0, 1] = walk.moving[1, 2] = True
    walk.depth[0, 3] = walk.depth[1, 4] = 0.0
    compared = depth_self_errors(walk, torch.arange(2))[0].isfinite()
    assert not compared[:5].any()
    assert compared[5:].all()


@given(steps)
def test_from_its_own_pose_depth_comes_back(step):
    walk = _walk(_path(2, step), slant=0.3)
    poses = walk.world_from_camera
    torch.testing.assert_close(render_depth(walk.depth, LENS, poses, poses), walk.depth, atol=1e-4, rtol=1e-5)


def test_the_nearest_point_wins():
    depth = torch.full((1, HEIGHT, WIDTH), 8.0)
    depth[0, :, WIDTH // 2] = 2.0
    poses = torch.from_numpy(camera_pose(_path(2, (0.0, 0.5, 0.0)))).float()
    seen = render_depth(depth, LENS, poses[:1], poses[1:])[0]
    point = torch.tensor([[0.5 / LENS[0] * 2.0, 0.5 / LENS[1] * 2.0, 2.0]])
    there = transform(inverse(poses[1]), transform(poses[0], point))[0]
    column = int(LENS[0] * there[0] / there[2] + LENS[2])
    assert seen[HEIGHT // 2, column] == pytest.approx(2.0, abs=1e-4)


def _square(count: int, start: tuple[int, int], step: tuple[int, int], side: int = 5) -> np.ndarray:
    """The mask of a square that walks, a frame for every step; the first shows where it starts."""
    masks = np.zeros((count + 1, 48, 64), bool)
    for k, mask in enumerate(masks):
        row, column = (max(0, a + k * b) for a, b in zip(start, step, strict=True))
        mask[row : row + side, column : column + side] = True
    return masks


@given(st.integers(-2, 2), st.integers(-2, 2), st.integers(4, 6))
def test_a_square_that_walks_is_followed_to_its_end(down, right, side):
    masks = _square(8, (20, 28), (down, right), side)
    assert tracks_of(masks) == [Track(8, left=False)]


def test_a_square_that_is_gone_is_followed_until_then():
    masks = _square(10, (20, 10), (0, 2))
    masks[5:] = False
    assert tracks_of(masks) == [Track(4, left=False)]


def test_a_square_that_reaches_the_border_has_left():
    masks = _square(10, (20, 50), (0, 3))
    assert tracks_of(masks) == [Track(2, left=True)]  # columns 50 to 54, then 53 and 56; 59 to 63 touch


def test_what_swells_or_jumps_is_another_thing():
    swollen, jumped = _square(4, (20, 20), (0, 0)), _square(4, (10, 10), (0, 0))
    swollen[2:] |= _square(2, (16, 16), (0, 0), side=12)
    jumped[3:] = _square(1, (10, 18), (0, 0))
    assert tracks_of(swollen) == [Track(1, left=False)]
    assert tracks_of(jumped) == [Track(2, left=False)]


def test_specks_and_things_at_the_border_are_not_followed():
    for start, side in (((20, 20), 3), ((0, 20), 6)):
        masks = _square(4, start, (0, 0), side)
        assert tracks_of(masks) == []


def test_tracks_have_an_end():
    masks = _square(MOST_FRAMES + 9, (20, 20), (0, 0))
    assert tracks_of(masks) == [Track(MOST_FRAMES, left=False)]


def test_counting_ends_for_both_where_the_truth_leaves():
    assert shared_length(Track(30, left=False), Track(12, left=True)) == 12
    assert shared_length(Track(30, left=False), Track(12, left=False)) == 30
    assert shared_length(Track(3, left=True), Track(12, left=True)) == 3


def _standing(path: np.ndarray, half_metres: float = 0.3) -> Trajectory:
    """A post that moves without going anywhere, 3 m ahead of where the path begins."""
    walk = _walk(path)
    there = torch.tensor([[3.0, 0.0, 0.0]])
    for k, pose in enumerate(walk.world_from_camera):
        p_camera = transform(inverse(pose), there)[0]
        centre = LENS[:2] * p_camera[:2] / p_camera[2] + LENS[2:]
        columns = (torch.arange(WIDTH) + 0.5 - centre[0]).abs() < LENS[0] * half_metres / p_camera[2]
        walk.moving[k, 8:16] = columns
        walk.depth[k] = torch.where(walk.moving[k], p_camera[2], walk.depth[k])
    return walk


@pytest.mark.parametrize("step", [(0.0, 0.0, 0.0), (0.0, 0.0, 0.2), (0.0, -0.5, 0.0), (0.05, 0.02, -0.02)])
def test_what_only_the_camera_moves_is_followed(step):
    walk = _standing(_path(3, step))
    assert tracks_of(walk.moving.numpy(), with_camera(walk)) == [Track(2, left=False)]


def test_a_turn_loses_what_is_narrow_unless_it_is_looked_for_where_it_is():
    walk = _standing(_path(3, (0.0, 0.0, 0.2)), half_metres=0.15)
    assert tracks_of(walk.moving.numpy()) == [Track(0, left=False)]
    assert tracks_of(walk.moving.numpy(), with_camera(walk)) == [Track(2, left=False)]


def test_what_the_camera_passes_or_turns_from_has_left():
    for step in ((3.5, 0.0, 0.0), (0.0, 0.0, 1.5)):
        walk = _standing(_path(2, step))
        assert tracks_of(walk.moving.numpy(), with_camera(walk)) == [Track(0, left=True)]


def test_tracks_are_scored_beside_the_twins():
    walk = _standing(_path(9, (0.0, 0.0, 0.0)))
    opening, truth = walk.part(0, 1), walk.part(1, 9)
    made = replace(truth, moving=truth.moving.clone())
    made.moving[4:] = False
    accumulator = Accumulator()
    score_tracks(accumulator, made, truth, opening)
    assert accumulator.figures() == {
        "moving_tracks_per_walk": 1.0,
        "moving_track_length": 4.0,
        "moving_track_ratio": 0.5,
        "steady_track_length": 4.0,
        "steady_track_ratio": 0.5,
    }


def _judge(threshold: float) -> RealismClassifier:
    return RealismClassifier(RealismNetwork(RealismConfig(channels=(4,), hidden=4)), threshold)


@pytest.mark.parametrize(("threshold", "structure"), [(-1e9, 1.0), (1e9, 0.0)])
def test_a_true_way_out_is_as_sharp_as_itself_and_agrees_with_itself(threshold: float, structure: float):
    accumulator, truth = Accumulator(), _walk(_path(40, (0.1, 0.0, 0.0)))
    score_outbound(accumulator, truth, truth, _judge(threshold))
    figures = accumulator.figures()
    assert figures["structure"] == structure
    assert figures["outbound_sharpness_ratio"] == figures["outbound_sharpness_last_ratio"] == 1.0
    assert figures["depth_self_absrel"] == pytest.approx(0.0, abs=1e-5)
    assert figures["depth_self_median_absrel"] == pytest.approx(0.0, abs=1e-5)


def test_only_what_lies_far_out_is_judged():
    accumulator, truth = Accumulator(), _walk(_path(64, (0.1, 0.0, 0.0)))
    made = replace(truth, frames=truth.frames.clone(), depth=truth.depth.clone())
    made.frames[:28], made.depth[:28] = 0, 1.0  # chunks 1 to 7
    made.frames[-16:] = 0
    score_outbound(accumulator, made, truth, _judge(-1e9))
    figures = accumulator.figures()
    assert figures["outbound_sharpness_ratio"] == pytest.approx(20 / 36, abs=0.02)
    assert figures["outbound_sharpness_last_ratio"] == 0.0
    assert figures["depth_self_absrel"] == pytest.approx(0.0, abs=1e-5)


def test_a_way_that_ends_too_soon_has_no_figures():
    accumulator, truth = Accumulator(), _walk(_path(8, (0.1, 0.0, 0.0)))
    score_outbound(accumulator, truth, truth, _judge(0.0))
    assert all(np.isnan(value) for value in accumulator.figures().values())


def test_what_is_counted_apart_and_taken_in_is_as_if_counted_at_once():
    parts, at_once = [Accumulator(), Accumulator()], Accumulator()
    for part, values in zip(parts, ([1.0, float("nan")], [3.0, 5.0]), strict=True):
        for accumulator in (part, at_once):
            accumulator.add("list", values, of=[2.0, 2.0])
            accumulator.mean_of("mean", values)
    whole = Accumulator()
    for part in parts:
        whole.include(part)
    assert whole.figures() == at_once.figures()
