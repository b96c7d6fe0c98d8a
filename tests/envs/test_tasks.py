import numpy as np
import pytest
from plains import on_a_plain

from wm_gym.envs.tasks.explore import Explore
from wm_gym.envs.tasks.point_goal import PointGoal


def test_exploring_pays_for_new_floor_only():
    task, rng = Explore(), np.random.default_rng(0)
    state = task.reset(on_a_plain((0, 0)), np.zeros((1, 2)), rng)
    state, verdict = task.update(state, on_a_plain((0, 0)))
    assert verdict.reward == 0.0
    state, verdict = task.update(state, on_a_plain((0, 0), yaw=np.pi))
    assert verdict.reward > 1.0
    assert task.update(state, on_a_plain((0, 0), yaw=np.pi))[1].reward == 0.0


def test_exploring_succeeds_when_enough_is_seen():
    task = Explore(target_square_metres=20.0)
    state = task.reset(on_a_plain((0, 0)), np.zeros((1, 2)), np.random.default_rng(0))
    assert task.update(state, on_a_plain((0, 0), yaw=np.pi))[1].is_success


def test_a_goal_pays_for_coming_nearer():
    task = PointGoal()
    state = task.reset(on_a_plain((0, 0)), np.array([[0.0, 0.0], [5.0, 0.0]]), np.random.default_rng(0))
    assert state.goal == (5.0, 0.0)
    state, verdict = task.update(state, on_a_plain((1.0, 0.0)))
    assert verdict.reward == pytest.approx(1.0 - task.step_cost)
    _, verdict = task.update(state, on_a_plain((4.5, 0.0)))
    assert verdict.is_success and verdict.reward > task.success_reward


def test_a_goal_is_told_as_ahead_and_left():
    task = PointGoal()
    state = task.reset(on_a_plain((0, 0)), np.array([[0.0, 5.0]]), np.random.default_rng(0))
    np.testing.assert_allclose(task.goal(state, np.zeros(5)), [0.0, 5.0], atol=1e-6)
    np.testing.assert_allclose(task.goal(state, np.array([0, 0, 0, np.pi / 2, 0])), [5.0, 0.0], atol=1e-6)


@pytest.mark.parametrize("task", [Explore(), PointGoal()])
def test_task_states_survive_packing(task):
    state = task.reset(on_a_plain((0, 0)), np.array([[4.0, 1.0]]), np.random.default_rng(0))
    assert task.unpack(task.pack(state)) == state
