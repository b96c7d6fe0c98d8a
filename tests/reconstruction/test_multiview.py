import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from wm_gym.reconstruction.joined_depth import believable, enlarged, joined, without_contradicted
from wm_gym.reconstruction.multiview import PosedPictures, near_views, stereo_depth
from wm_gym.reconstruction.stereo_kernels import aggregate, cheapest_planes

HEIGHT, WIDTH = 48, 64
LENS = np.array([55.0, 55.0, WIDTH / 2, HEIGHT / 2])
TEXTURE = 255 * np.random.default_rng(0).random((600, 600))
TEXTURE = np.clip(128 + 5 * (gaussian_filter(TEXTURE, 3) - 127.5), 0, 255)
TEXELS = 60.0  # per metre


def plane(poses, distance=3.0, slope=0.0):
    """Grey and depth of the plane z = distance + slope * x seen by cameras, painted with random texture."""
    v, u = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    rays = np.stack([(u - LENS[2]) / LENS[0], (v - LENS[3]) / LENS[1], np.ones_like(u)], -1)
    greys, depths = [], []
    for pose in poses:
        ways, start = rays @ pose[:3, :3].T, pose[:3, 3]
        depth = (distance + slope * start[0] - start[2]) / (ways[..., 2] - slope * ways[..., 0])
        points = start + depth[..., None] * ways
        at = [300 + TEXELS * points[..., 1], 300 + TEXELS * points[..., 0]]
        greys.append(map_coordinates(TEXTURE, at, order=1, mode="wrap"))
        depths.append(depth)
    return np.array(greys, np.float32), np.array(depths, np.float32)


def cameras(step=0.15):
    """Five cameras beside each other, which turn a little."""
    poses = np.tile(np.eye(4), (5, 1, 1))
    for k, pose in enumerate(poses):
        angle = 0.03 * (k - 2)
        pose[0, [0, 2]], pose[2, [0, 2]] = (np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))
        pose[:3, 3] = step * (k - 2), 0.3 * step * (-1) ** k, 0.1 * step * k
    return poses


def posed(poses, greys, told):
    return PosedPictures(greys, poses, LENS, told.astype(np.float32))


@pytest.mark.parametrize("slope", [0.0, 0.4])
def test_a_painted_plane_lies_where_it_is(slope):
    greys, depths = plane(cameras(), slope=slope)
    found, sure = stereo_depth(posed(cameras(), greys, 1.3 * depths))
    off = np.abs(found / depths - 1)
    assert sure.mean() > 0.7 and np.median(off[sure]) < 0.01 and (off[sure] < 0.03).mean() > 0.95
    inside = (slice(None), slice(6, -6), slice(12, -12))
    assert np.median(off[inside]) < 0.01


def test_with_twice_the_baselines_everything_is_twice_as_far():
    greys, depths = plane(cameras())
    once, sure = stereo_depth(posed(cameras(), greys, depths))
    wider = cameras()
    wider[:, :3, 3] *= 2
    twice, sure_twice = stereo_depth(posed(wider, greys, 2 * depths))
    assert (sure == sure_twice).mean() > 0.99
    np.testing.assert_allclose(twice[sure & sure_twice], 2 * once[sure & sure_twice], rtol=0.01)


def test_a_blank_wall_stays_where_it_is_estimated_and_nobody_is_sure_of_another_depth():
    _, depths = plane(cameras())
    found, _ = stereo_depth(posed(cameras(), np.full_like(depths, 120.0), depths))
    inside = (slice(None), slice(6, -6), slice(12, -12))
    assert np.median(np.abs(found / depths - 1)[inside]) < 0.03


def test_pictures_from_the_same_spot_tell_nothing_and_are_no_views():
    poses = np.tile(np.eye(4), (3, 1, 1))
    greys, depths = plane(poses)
    pictures = posed(poses, greys, depths)
    assert near_views(pictures, 0) in ([], [1, 2])
    away = poses.copy()
    away[1:, 2, 2] = away[1:, 0, 0] = -1.0  # looking back
    assert near_views(posed(away, greys, depths), 0) == []
    found, sure = stereo_depth(posed(away, greys, depths))
    assert not found[0].any() and not sure.any()


def test_costs_are_made_smooth_and_the_cheapest_plane_is_found_between_planes():
    costs = np.ones((5, 6, 8), np.float32)
    costs[..., 3], costs[..., 4] = 0.2, 0.2
    costs[2, 3] = 0.5  # a pixel that tells nothing
    totals = np.empty_like(costs)
    aggregate(costs, np.zeros((5, 6), np.float32), np.float32(0.05), np.float32(0.4), totals)
    place, margin = np.empty((5, 6), np.float32), np.empty((5, 6), np.float32)
    cheapest_planes(totals, 2, place, margin)
    np.testing.assert_allclose(place, 3.5, atol=1e-4)
    assert (margin > 0).all()


def test_what_is_not_sure_is_told_depth_brought_to_what_is_sure_nearby():
    told, depth, sure = np.full((40, 60), 2.0), np.full((40, 60), 9.0), np.zeros((40, 60), bool)
    sure[:, :30] = True
    depth[:, :30] = 3.0
    made = joined(told, depth, sure)
    assert (made[:, :30] == 3.0).all()
    np.testing.assert_allclose(made[:, 30:], 3.0, rtol=0.01)
    assert np.array_equal(joined(told, depth, np.zeros_like(sure)), told)


def test_a_guess_that_would_hide_what_others_surely_see_is_unknown():
    greys, depths = plane(cameras())
    guessed, sure = depths.copy(), np.ones(depths.shape, bool)
    guessed[2, 20:28, 28:36], sure[2, 20:28, 28:36] = 1.0, False
    kept = without_contradicted(posed(cameras(), greys, depths), guessed, sure)
    assert not kept[2, 22:26, 30:34].any()
    assert np.array_equal(kept[sure], depths[sure])


def test_what_nobody_confirms_stays_on_blank_surfaces_but_at_no_edge():
    grey = np.full((1, 30, 40), 100.0, np.float32)
    grey[0, :, 20:] = TEXTURE[:30, :20]
    depth = np.full(grey.shape, 3.0, np.float32)
    depth[0, 15:] = 6.0
    nothing = np.zeros(grey.shape, bool)
    kept = believable(grey, depth, nothing)[0]
    assert kept[3:13, :16].all() and not kept[14:16].any() and not kept[:, 24:].all()
    assert believable(grey, depth, ~nothing).all()


def test_enlarging_never_mixes_surfaces():
    small = np.zeros((6, 8, 3), np.float32)
    small[:, 4:] = 200.0
    depth = np.where(small[..., 0] > 0, 2.0, 5.0).astype(np.float32)
    large = np.zeros((12, 16, 3), np.uint8)
    large[:, 7:] = 200  # the edge lies half a small pixel farther left
    made = enlarged(depth, small, large)
    np.testing.assert_allclose(made[:, :7], 5.0, rtol=1e-5)
    np.testing.assert_allclose(made[:, 7:], 2.0, rtol=1e-5)
