import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from wm_gym.geometry.motion import Body, walk
from wm_gym.world.movement import walk_all

BODY = Body()


def _nothing(spots):
    return np.zeros(len(spots), bool)


def _walked(starts, groups, steps=20):
    twists = np.tile([1.0, 0.0, 0.0, 0.0], (len(starts), 4, 1))
    for _ in range(steps):
        paths, collided = walk_all(starts, twists, BODY, [_nothing] * len(starts), groups)
        starts = paths[:, -1]
    return starts, collided


def test_bodies_of_one_group_stop_at_two_radii_from_one_another():
    face_to_face = np.array([[0.0, 0, 0, 0, 0], [5.0, 0, 0, np.pi, 0]])
    ends, collided = _walked(face_to_face, [0, 0])
    gap = np.linalg.norm(ends[0, :2] - ends[1, :2])
    assert 0.6 <= gap < 0.6 + BODY.walk_metres_per_frame and collided == (True, True)


def test_bodies_of_different_groups_pass_through_one_another():
    face_to_face = np.array([[0.0, 0, 0, 0, 0], [5.0, 0, 0, np.pi, 0]])
    ends, collided = _walked(face_to_face, [0, 1])
    np.testing.assert_allclose(ends[:, 0], [10.0, -5.0])
    assert collided == (False, False)


def test_bodies_that_overlap_may_part():
    back_to_back = np.array([[0.0, 0, 0, 0, 0], [0.0, 0, 0, np.pi, 0]])
    ends, _ = _walked(back_to_back, [0, 0], steps=2)
    np.testing.assert_allclose(ends[:, 0], [1.0, -1.0])


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.floats(0.0, 1.2))
def test_bodies_stop_and_slide_as_each_does_that_is_asked_for_at_every_frame(seed, wall):
    def behind_a_wall(spots):
        return (spots[:, 0] > wall) | (spots[:, 1] < -0.4)

    rng = np.random.default_rng(seed)
    starts, twists = rng.uniform(-1, 1, (3, 5)), rng.uniform(-1, 1, (3, 6, 4))
    twists[rng.random((3, 6)) < 0.3] = 0.0
    paths, collided = walk_all(starts, twists, BODY, [behind_a_wall] * 3, range(3))
    alone = [walk(start, twist, BODY, behind_a_wall) for start, twist in zip(starts, twists, strict=True)]
    free = walk(starts, twists, BODY)
    np.testing.assert_array_equal(paths, np.stack(alone))
    assert collided == tuple(bool((path != one).any()) for path, one in zip(alone, free, strict=True))


def test_a_body_that_only_turns_asks_for_no_obstacle():
    def refuse(spots):
        raise AssertionError("asked")

    turning = np.tile([0.0, 0.0, 1.0, 0.5], (1, 4, 1))
    paths, collided = walk_all(np.zeros((1, 5)), turning, BODY, [refuse], [0])
    assert collided == (False,) and (np.diff(paths[0, :, 3]) > 0).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.permutations(range(4)))
def test_bodies_that_meet_go_the_same_ways_in_any_order(seed, order):
    rng = np.random.default_rng(seed)
    starts, twists = np.zeros((4, 5)), rng.uniform(-1, 1, (4, 6, 4))
    starts[:, :2] = np.array([[0, 0], [0.7, 0], [0, 0.7], [0.7, 0.7]]) + rng.uniform(-0.04, 0.04, (4, 2))
    starts[:, 3] = rng.uniform(-3, 3, 4)

    def walls(spots):
        return spots[:, 0] > 1.0

    paths, collided = walk_all(starts, twists, BODY, [walls] * 4, [0] * 4)
    other_way, also = walk_all(starts[list(order)], twists[list(order)], BODY, [walls] * 4, [0] * 4)
    np.testing.assert_array_equal(paths[list(order)], other_way)
    assert tuple(collided[n] for n in order) == also
    gaps = np.linalg.norm(paths[:, None, :, :2] - paths[None, :, :, :2], axis=-1)[np.triu_indices(4, 1)]
    assert gaps.min() >= 0.6 - 1e-9 and not walls(paths[..., :2].reshape(-1, 2)).any()
