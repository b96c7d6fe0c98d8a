import numpy as np
import pytest
from drawn_logs import FOCAL, HEIGHT, WIDTH, camera, draw

from wm_gym.reconstruction.camera_path import PosedPath, find_path
from wm_gym.reconstruction.odometry import RgbdFrame
from wm_gym.reconstruction.sameness import path_sameness, share_alike
from wm_gym.reconstruction.structure import camera_path

LENS = np.array([FOCAL, FOCAL, WIDTH / 2, HEIGHT / 2])


@pytest.fixture(scope="module")
def turning():
    """Poses of a camera that turns by twelve degrees from picture to picture as it walks, and its pictures."""
    poses = [camera(0.1 * k, 0.03 * k, 12.0 * k, z=0.1) for k in range(6)]
    drawn = (draw(pose, is_varied=True) for pose in poses)
    return poses, [RgbdFrame(colour, depth.astype(np.float32)) for colour, depth in drawn]


@pytest.mark.parametrize("has_colmap", [False, True])
def test_a_camera_that_turns_fast_is_followed(turning, has_colmap, monkeypatch):
    if has_colmap:
        pytest.importorskip("pycolmap")
    monkeypatch.setattr("wm_gym.reconstruction.camera_path.has_colmap", lambda: has_colmap)
    poses, frames = turning
    found = find_path(frames, LENS)
    assert isinstance(found, PosedPath) and found.sameness > 0.7
    true = [np.linalg.inv(poses[0]) @ pose for pose in poses]
    off = [np.linalg.norm(one[:3, 3] - two[:3, 3]) for one, two in zip(found.first_from_camera, true, strict=True)]
    assert max(off) < 0.1


def test_the_true_way_explains_more_of_the_pictures_than_another(turning):
    poses, frames = turning
    away = [poses[0], *(pose @ camera(0, 0, 5) @ np.linalg.inv(camera(0, 0, 0)) for pose in poses[1:])]
    assert path_sameness(frames, poses, LENS) > path_sameness(frames, away, LENS) + 0.15
    assert share_alike(frames[0], frames[0], np.eye(4), LENS) == 1.0
    nothing = RgbdFrame(frames[0].colour, np.zeros_like(frames[0].depth))
    assert share_alike(frames[0], nothing, np.eye(4), LENS) == 0.0


def test_pictures_of_nothing_cannot_be_put_together():
    pytest.importorskip("pycolmap")
    grey = RgbdFrame(np.full((HEIGHT, WIDTH, 3), 90, np.uint8), np.ones((HEIGHT, WIDTH), np.float32))
    assert camera_path([grey] * 4, LENS) == []
