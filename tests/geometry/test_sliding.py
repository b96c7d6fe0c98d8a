import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from wm_gym.geometry.motion import START_BODY_POSE, Body, walk

BODY = Body()
ROOM = np.array([[[-3, -3], [3, -3]], [[3, -3], [3, 3]], [[3, 3], [-3, 3]], [[-3, 3], [-3, -3]]], dtype=float)
INNER = np.array(
    [[[1, -1], [1, 1.5]], [[-2, 1], [0, 1]], [[-1.5, -3], [-1.5, -1]], [[0.2, -2.4], [2, -1.6]]], dtype=float
)


def distances(positions, walls):
    """(M, W) distance of each position to each wall, a segment between two corners."""
    start, along = walls[:, 0], walls[:, 1] - walls[:, 0]
    fraction = ((positions[:, None] - start) * along).sum(-1) / (along**2).sum(-1)
    nearest = start + np.clip(fraction, 0, 1)[..., None] * along
    return np.linalg.norm(positions[:, None] - nearest, axis=-1)


def blocked_by(walls):
    return lambda positions: (distances(positions, walls) < BODY.radius_metres).any(axis=-1)


def go(position, heading_degrees, frames, walls):
    body_pose = np.array([*position, 0.0, math.radians(heading_degrees), 0.0])
    return walk(body_pose, np.tile([1.0, 0.0, 0.0, 0.0], (frames, 1)), BODY, blocked_by(walls))


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.booleans())
def test_no_walk_ever_touches_a_wall(seed, furnished):
    walls = np.concatenate([ROOM, INNER]) if furnished else ROOM
    velocities = np.random.default_rng(seed).uniform(-1, 1, (120, 4))
    velocities[:, 0] = np.abs(velocities[:, 0])
    body_poses = walk(START_BODY_POSE, velocities, BODY, blocked_by(walls))
    assert (distances(body_poses[:, :2], walls) >= BODY.radius_metres).all()
    assert (np.abs(body_poses[:, :2]) < 3).all()


def test_a_head_on_wall_stops_the_body():
    end = go((0, 0), 0, 60, ROOM)[-1]
    assert 3 - BODY.radius_metres - BODY.walk_metres_per_frame <= end[0] <= 3 - BODY.radius_metres
    assert end[1] == 0


@pytest.mark.parametrize("heading", [30, 60, -45, 120, 200, 315])
def test_a_body_slides_along_a_wall_into_the_corner(heading):
    end = go((0, 0), heading, 200, ROOM)[-1]
    assert (np.abs(np.abs(end[:2]) - 2.7) <= BODY.walk_metres_per_frame).all()


def test_a_held_body_can_turn_and_walk_away():
    end = go((0, 0), 0, 60, ROOM)[-1]
    away = go(end[:2], 180, 10, ROOM)[-1]
    assert away[0] == pytest.approx(end[0] - 10 * BODY.walk_metres_per_frame)


@pytest.mark.parametrize("heading", [180, 150, 210, 120, 240, 90, 270])
def test_an_overlapping_body_may_walk_away_or_along(heading):
    start = np.array([2.8, 0.0])
    path = go(start, heading, 8, ROOM)
    travelled = np.linalg.norm(path[-1, :2] - start)
    assert travelled >= 0.99 * 8 * BODY.walk_metres_per_frame


@pytest.mark.parametrize("heading", [0, 45, -45, 80, -80, 10])
@pytest.mark.parametrize("x", [2.71, 2.8, 2.9, 2.95])
def test_an_overlapping_body_never_gets_deeper_nor_through(heading, x):
    path = go((x, 0), heading, 12, ROOM)
    # overlap is told apart in twelfths of the radius
    assert (path[:, 0] <= x + BODY.radius_metres / 12).all()


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.floats(0.05, 0.29), st.floats(-1, 1))
def test_a_body_that_overlaps_stays_on_its_side_of_the_wall(seed, distance, y):
    velocities = np.random.default_rng(seed).uniform(-1, 1, (100, 4))
    body_pose = np.array([3 - distance, y, 0.0, 0.0, 0.0])
    body_poses = walk(body_pose, velocities, BODY, blocked_by(ROOM))
    assert (np.abs(body_poses[:, :2]) < 3).all()


@settings(max_examples=60)
@given(st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_a_body_squeezed_into_a_corner_gets_out(dx, dy):
    end = go((3 - dx, 3 - dy), 225, 20, ROOM)[-1]
    assert not blocked_by(ROOM)(end[None, :2])[0]


def test_a_body_buried_in_something_solid_can_leave_it():
    def in_the_block(positions):
        return (np.abs(positions) < 2).all(axis=-1)

    body_poses = walk(START_BODY_POSE, np.tile([1.0, 0.0, 0.0, 0.0], (30, 1)), BODY, in_the_block)
    assert not in_the_block(body_poses[-1:, :2])[0]


def test_a_standing_body_needs_no_collision_query():
    def refuse(positions):
        raise AssertionError("asked")

    assert (walk(START_BODY_POSE, np.zeros((5, 4)), BODY, refuse) == START_BODY_POSE).all()


def test_bodies_of_a_batch_do_not_push_each_other():
    generator = np.random.default_rng(3)
    body_poses = np.zeros((6, 5))
    body_poses[:, 0] = [0, 2.8, -2.9, 0.8, 2.0, -1.0]
    velocities = generator.uniform(-1, 1, (6, 60, 4))
    blocked = blocked_by(np.concatenate([ROOM, INNER]))
    together = walk(body_poses, velocities, BODY, blocked)
    alone = np.stack([walk(s, v, BODY, blocked) for s, v in zip(body_poses, velocities, strict=True)])
    np.testing.assert_array_equal(together, alone)
