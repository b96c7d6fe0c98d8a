import numpy as np

from wm_gym.geometry.motion import Body
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
