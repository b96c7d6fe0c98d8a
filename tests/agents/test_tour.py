import numpy as np

from wm_gym.agents.tour import Tour, TourConfig
from wm_gym.geometry.motion import START_BODY_POSE, Body, walk

WAYPOINTS = np.array([[0.0, 0.0], [6.0, 1.0], [3.0, -7.0], [-4.0, 5.0], [9.0, 9.0]])


def _take(tour: Tour, blocked=None) -> np.ndarray:
    body_poses = [START_BODY_POSE]
    while (twist := tour.act(body_poses[-1])) is not None:
        assert np.abs(twist).max() <= 1.0
        body_poses.append(walk(body_poses[-1], np.tile(twist, (4, 1)), Body(), blocked)[-1])
        assert len(body_poses) < 400
    return np.stack(body_poses)


def test_a_tour_ends_exactly_where_it_began():
    body_poses = _take(Tour(WAYPOINTS, seed=3))
    np.testing.assert_allclose(body_poses[-1], START_BODY_POSE, atol=1e-6)
    assert np.linalg.norm(body_poses[:, :2], axis=1).max() > 3.0


def test_a_tour_comes_home_from_between_walls():
    def blocked(positions):
        return (np.abs(positions[:, 0]) > 4.0) | (np.abs(positions[:, 1]) > 2.0)

    body_poses = _take(Tour(WAYPOINTS, seed=1, config=TourConfig(steps_out=30)), blocked)
    np.testing.assert_allclose(body_poses[-1], START_BODY_POSE, atol=1e-6)


def test_equal_seeds_walk_alike():
    assert np.array_equal(_take(Tour(WAYPOINTS, seed=5)), _take(Tour(WAYPOINTS, seed=5)))
