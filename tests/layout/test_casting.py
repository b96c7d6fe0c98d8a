"""The caster against geometry that is known, and what it says of pixels that it was not asked for or cannot know."""

import numpy as np
import pytest
from tiny_layout import tiny_tiles

from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.geometry.motion import camera_pose
from wm_gym.layout.casting import SKY, SURFACE, UNASKED, UNDECIDED, Board, cast
from wm_gym.layout.cells import INDEX, OBJECTS, UNKNOWN
from wm_gym.layout.theme import imagine_theme

H, W, EYE, FAR = 24, 32, 1.6, 100.0
LENS = intrinsics_from_fov(65.0, H, W).numpy()
EVERYWHERE = np.ones((H, W), bool)


def board(cells, objects=(), corner=-10.0):
    rows = np.array([(OBJECTS.index(kind), x, y) for kind, x, y in objects], np.float64).reshape(-1, 3)
    return Board(cells, (corner, corner), -EYE, rows)


def room(wall=4.0):
    """Forty cells of a room, closed off `wall` metres ahead of the world's origin."""
    cells = np.full((40, 40), INDEX["room_0"], np.uint8)
    cells[int(2 * (10 + wall)) :], cells[0], cells[:, 0], cells[:, -1] = (INDEX["solid"],) * 4
    return cells


def looked(one, yaw=0.0, pitch=0.0, asked=EVERYWHERE):
    pose = camera_pose(np.array([0.0, 0.0, 0.0, yaw, pitch]))
    return cast(one, imagine_theme(tiny_tiles(), 1), pose, LENS, asked, FAR)


@pytest.mark.parametrize("pitch", [-0.3, 0.0, 0.2])
def test_depth_is_that_of_the_nearest_of_wall_floor_and_ceiling(pitch):
    shown = looked(board(room()), pitch=pitch)
    pose = camera_pose(np.array([0.0, 0.0, 0.0, 0.0, pitch]))
    rows, columns = np.mgrid[:H, :W] + 0.5
    rays = np.stack([(columns - LENS[2]) / LENS[0], (rows - LENS[3]) / LENS[1], np.ones((H, W))], -1) @ pose[:3, :3].T
    with np.errstate(divide="ignore"):
        wall = 4.0 / rays[..., 0]
        level = np.where(rays[..., 2] < 0, -EYE / rays[..., 2], (3.75 - EYE) / rays[..., 2])
        sides = np.where(rays[..., 1] > 0, 9.5, -9.5) / rays[..., 1]
    expected = np.minimum(np.minimum(np.where(wall > 0, wall, np.inf), level), np.abs(sides))
    assert (shown.met == SURFACE).all()
    assert np.allclose(shown.depth, expected, rtol=1e-4)


def test_only_what_is_asked_for_is_cast():
    asked = np.zeros((H, W), bool)
    asked[3, 5] = True
    shown = looked(board(room()), asked=asked)
    assert (shown.met != UNASKED).sum() == 1 and shown.depth[~asked].max() == 0
    assert np.array_equal(shown.colour[3, 5], looked(board(room())).colour[3, 5])


def test_open_ground_lies_under_the_sky():
    shown = looked(board(np.full((500, 500), INDEX["lawn"], np.uint8), corner=-125.0))
    assert (shown.met[0] == SKY).all() and (shown.depth[0] == FAR).all()
    assert (shown.met[-1] == SURFACE).all()


def test_what_is_undecided_is_said_to_be():
    cells = np.full((40, 40), INDEX["lawn"], np.uint8)
    cells[32:] = UNKNOWN
    shown = looked(board(cells))
    below = shown.met[H // 2 + 1 :]
    assert (below == UNDECIDED).any() and (shown.met[-1] == SURFACE).all()
    assert (shown.depth[shown.met == UNDECIDED] > 0).all()


def test_a_thing_stands_before_what_is_behind_it_and_not_before_what_is_nearer():
    plain, tree = looked(board(room())), looked(board(room(), [("tree", 3.0, 0.0)]))
    nearer = tree.depth < plain.depth - 1e-3
    assert np.allclose(tree.depth[nearer], 3.0, atol=0.2)
    hidden = looked(board(room(), [("tree", 6.0, 0.0)]))
    assert np.array_equal(hidden.colour, plain.colour)


def test_a_camera_outside_of_what_is_decided_sees_a_guess():
    shown = looked(board(np.full((40, 40), UNKNOWN, np.uint8)))
    assert (shown.met == UNDECIDED).all() and (shown.depth > 0).all()


def test_looks_follow_from_seed_and_sentence():
    first, again, other = (imagine_theme(tiny_tiles(), seed, "") for seed in (1, 1, 2))
    assert np.array_equal(first.pixels, again.pixels) and not np.array_equal(first.pixels, other.pixels)
    assert not np.array_equal(imagine_theme(tiny_tiles(), 1, "a street with red houses").pixels, first.pixels)
