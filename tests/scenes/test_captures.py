import re

import numpy as np
import pytest
import torch

from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.scenes.captures import load_capture, save_capture
from wm_gym.scenes.keyframe_scale import reduced
from wm_gym.world_model import Capture, Opening, Place


def make_opening(count=3, height=8, width=12, lead=0, seed=0):
    rng = np.random.default_rng(seed)
    body_poses = np.zeros((count, 5))
    body_poses[1:, :2], body_poses[1:, 3] = rng.uniform(-3, 3, (count - 1, 2)), rng.uniform(-3, 3, count - 1)
    intrinsics = torch.tensor([10.0, 10.0, width / 2, height / 2])
    capture = Capture(
        frames=torch.from_numpy(rng.integers(0, 256, (count, height, width, 3), np.uint8)),
        depth=torch.from_numpy(rng.uniform(0.5, 20, (count, height, width)).astype(np.float16).astype(np.float32)),
        moving=torch.from_numpy(rng.random((count, height, width)) < 0.2),
        world_from_camera=torch.from_numpy(camera_pose(body_poses)).float(),
        intrinsics=intrinsics,
        lead=lead,
    )
    waypoints = torch.tensor([[0.0, 0.0], [1.0, 2.0]])
    return Opening("hall/1", "A hall — blue.", intrinsics, waypoints, Place("rooms", 1, "simple"), capture)


def plain_arrays(count=2, height=4, width=6):
    """What a phone app would write."""
    return {
        "version": 1,
        "frames": np.full((count, height, width, 3), 90, np.uint8),
        "depth": np.full((count, height, width), 2.0, np.float32),
        "world_from_camera": np.tile(camera_pose(START_BODY_POSE), (count, 1, 1)),
        "intrinsics": np.array([5.0, 5.0, 3.0, 2.0]),
    }


@pytest.mark.parametrize("lead", [0, 2])
def test_a_saved_capture_loads_unchanged(tmp_path, lead):
    opening = make_opening(lead=lead)
    save_capture(tmp_path / "a.npz", opening)
    again = load_capture(tmp_path / "a.npz", 8, 12)
    assert (again.name, again.prompt, again.place) == (opening.name, opening.prompt, opening.place)
    assert torch.equal(again.waypoints, opening.waypoints) and torch.equal(again.intrinsics, opening.intrinsics)
    for name, value in vars(opening.capture).items():
        assert np.array_equal(getattr(again.capture, name), value), name


@pytest.mark.parametrize("lead", [-1, 2, 0.5])
def test_the_number_of_context_frames_must_be_below_that_of_keyframes(tmp_path, lead):
    np.savez(tmp_path / "a.npz", **plain_arrays(), lead=lead)
    with pytest.raises(ValueError, match=r"^lead must be a number of keyframes, 0 to 1, got .* in .*a.npz$"):
        load_capture(tmp_path / "a.npz", 4, 6)


def test_equal_captures_give_equal_bytes_and_numpy_reads_them(tmp_path):
    for name in ("a.npz", "b.npz"):
        save_capture(tmp_path / name, make_opening())
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with np.load(tmp_path / "a.npz") as file:
        assert np.array_equal(file["frames"], make_opening().capture.frames.numpy())


def test_a_plain_npz_with_the_required_arrays_loads(tmp_path):
    np.savez(tmp_path / "phone.npz", **plain_arrays())
    opening = load_capture(tmp_path / "phone.npz", 4, 6)
    assert opening.name == "phone" and opening.prompt == "" and opening.place is None
    assert not opening.capture.moving.any() and opening.waypoints.shape == (2, 2)


def test_halving_takes_mean_colours_and_depths_of_single_pixels(tmp_path):
    arrays = plain_arrays(1, 2, 4)
    arrays["frames"][0, :, :2] = np.arange(4).reshape(2, 2, 1) * 10
    arrays["depth"][0] = [[1.0, 9.0, 0.0, 0.0], [9.0, 2.0, 0.0, 5.0]]
    arrays["moving"] = arrays["depth"] == 5.0
    arrays["intrinsics"] = np.array([5.0, 5.0, 2.0, 1.0])
    np.savez(tmp_path / "big.npz", **arrays)
    half = reduced(load_capture(tmp_path / "big.npz", 1, 2).capture, 1, 2)
    assert half.frames[0, 0].tolist() == [[15, 15, 15], [90, 90, 90]]
    assert half.depth.tolist() == [[[2.0, 5.0]]]
    assert half.moving.tolist() == [[[False, True]]]
    assert half.intrinsics.tolist() == [2.5, 2.5, 1.0, 0.5]


@pytest.mark.parametrize(
    ("size", "kept"),
    [((24, 36), (24, 36)), ((12, 18), (24, 36)), ((6, 9), (24, 36)), ((4, 6), (16, 24)), ((2, 3), (8, 12))],
)
def test_keyframes_are_downsampled_to_four_times_the_size_of_frames(tmp_path, size, kept):
    save_capture(tmp_path / "a.npz", make_opening(height=24, width=36))
    opening = load_capture(tmp_path / "a.npz", *size)
    assert opening.capture.depth.shape[1:] == kept
    assert opening.intrinsics.tolist() == pytest.approx([10 * size[0] / 24] * 2 + [size[1] / 2, size[0] / 2])
    assert opening.capture.intrinsics[0] == pytest.approx(10 * kept[0] / 24)


def test_a_size_that_does_not_divide_takes_the_depth_at_the_middle():
    capture = make_opening(1, 8, 12).capture
    small = reduced(capture, 6, 9)
    middles = np.ix_([0], [0, 2, 3, 4, 6, 7], [0, 2, 3, 4, 6, 7, 8, 10, 11])
    assert np.array_equal(small.depth, capture.depth.numpy()[middles])
    assert abs(float(small.frames.float().mean() - capture.frames.float().mean())) < 8


@pytest.mark.parametrize("size", [(3, 6), (4, 4), (8, 12)])
def test_other_aspect_ratios_and_larger_frames_are_refused(tmp_path, size):
    np.savez(tmp_path / "a.npz", **plain_arrays())
    message = f"keyframes must be as large as {size[0]} x {size[1]} pixels or larger in both alike, got 4 x 6 in "
    with pytest.raises(ValueError, match=re.escape(message)):
        load_capture(tmp_path / "a.npz", *size)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "must be a capture of version 1, got 2"),
        ({"frames": np.zeros((2, 4, 6, 3))}, r"frames must be \(K, H, W, 3\) uint8"),
        ({"depth": np.ones((2, 4, 5))}, r"depth must have shape \(2, 4, 6\)"),
        ({"depth": np.full((2, 4, 6), np.nan)}, "depth must be finite floating point"),
        ({"depth": np.full((2, 4, 6), -1.0)}, "depth must be at least 0"),
        ({"moving": np.zeros((2, 4, 6))}, "moving must be bool"),
        ({"world_from_camera": np.tile(np.eye(4), (2, 1, 1))}, "the first pose of .* must be the world's"),
    ],
)
def test_arrays_that_are_no_capture_are_refused(tmp_path, change, message):
    np.savez(tmp_path / "a.npz", **(plain_arrays() | change))
    with pytest.raises(ValueError, match=message):
        load_capture(tmp_path / "a.npz", 4, 6)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    save_capture(tmp_path / "a.npz", make_opening())
    (tmp_path / "cut.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:700])
    for name in ("cut.npz", "none.npz"):
        with pytest.raises(ValueError, match="must be a capture"):
            load_capture(tmp_path / name, 8, 12)
    arrays = plain_arrays()
    del arrays["depth"]
    np.savez(tmp_path / "b.npz", **arrays)
    with pytest.raises(ValueError, match="without 'depth'"):
        load_capture(tmp_path / "b.npz", 4, 6)


def test_an_opening_without_a_capture_is_refused(tmp_path):
    opening = Opening("x", "", torch.zeros(4), torch.zeros(1, 2))
    with pytest.raises(ValueError, match="must have a capture to be saved"):
        save_capture(tmp_path / "a.npz", opening)
    assert not list(tmp_path.iterdir())
