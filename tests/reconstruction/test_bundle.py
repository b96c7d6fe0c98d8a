import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from wm_gym.reconstruction.bundle import Bundle, Lens, Observations, adjusted, depth_errors, pixel_errors
from wm_gym.reconstruction.tracks import joined_matches

INTRINSICS = np.array([100.0, 100.0, 64.0, 48.0])


def walk(count=8, points=120):
    """Poses of a walk ahead that turns a little, and points before it."""
    rng = np.random.default_rng(0)
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, :3] = Rotation.from_rotvec(np.radians(2.0) * np.arange(count)[:, None] * [0.0, 1.0, 0.0]).as_matrix()
    poses[:, :3, 3] = np.arange(count)[:, None] * [0.05, 0.0, 0.2]
    return poses, rng.uniform([-3, -1, 4], [3, 1, 9], (points, 3))


def sightings(poses, points, factor=1.0):
    """All that lie in the pictures, with their depth times a factor as what is told."""
    rows = []
    for number, point in enumerate(points):
        for picture, pose in enumerate(poses):
            x, y, z = pose[:3, :3].T @ (point - pose[:3, 3])
            u, v = 100 * x / z + 64, 100 * y / z + 48
            if 0 < u < 128 and 0 < v < 96:
                rows.append((number, picture, u, v, np.log(factor * z)))
    table = np.array(rows)
    return Observations(table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2:4], table[:, 4])


def shaken(poses, points):
    rng = np.random.default_rng(1)
    moved = poses.copy()
    turns = Rotation.from_rotvec(0.02 * rng.normal(size=(len(poses), 3))).as_matrix()
    moved[1:, :3, :3] = moved[1:, :3, :3] @ turns[1:]
    moved[1:, :3, 3] += 0.03 * rng.normal(size=(len(poses) - 1, 3))
    return Bundle(moved, points * np.exp(0.1 * rng.normal(size=(len(points), 1))))


def test_a_shaken_walk_is_found_again():
    poses, points = walk()
    seen, lens = sightings(poses, points), Lens.of(INTRINSICS, 0.25)
    found = adjusted(shaken(poses, points), seen, lens)
    assert pixel_errors(found, seen, lens).max() < 0.05 and np.abs(depth_errors(found, seen)).max() < 0.01
    np.testing.assert_allclose(found.poses, poses, atol=0.01)


def test_sightings_that_are_wrong_change_little():
    poses, points = walk()
    seen, lens = sightings(poses, points), Lens.of(INTRINSICS, 0.25)
    seen.pixel[::17] += 25.0
    found = adjusted(shaken(poses, points), seen, lens)
    np.testing.assert_allclose(found.poses[:, :3, 3], poses[:, :3, 3], atol=0.03)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_told_depth_sets_the_scale(factor):
    poses, points = walk()
    seen, lens = sightings(poses, points, factor), Lens.of(INTRINSICS, 0.25)
    found = adjusted(shaken(poses, points), seen, lens)
    np.testing.assert_allclose(found.poses[:, :3, 3], factor * poses[:, :3, 3], atol=0.03)


def test_matches_become_tracks_but_for_those_that_meet_a_picture_twice():
    pixels = {k: np.arange(6.0).reshape(3, 2) + 10 * k for k in range(3)}
    pairs = [
        (0, 1, np.array([[0, 0], [1, 1]])),
        (1, 2, np.array([[0, 0], [1, 1]])),
        (0, 2, np.array([[2, 1]])),  # features 1 and 2 of the first picture now meet
    ]
    tracks = joined_matches(pixels, pairs)
    assert tracks.point.tolist() == [0, 0, 0] and tracks.picture.tolist() == [0, 1, 2]
    assert tracks.pixel.tolist() == [[0, 1], [10, 11], [20, 21]]


def test_pictures_without_matches_have_no_tracks():
    tracks = joined_matches({0: np.zeros((2, 2)), 1: np.zeros((0, 2))}, [])
    assert len(tracks.point) == len(tracks.picture) == len(tracks.pixel) == 0
