import numpy as np
import pytest
import torch

from wm_gym.envs.tasks.explore import Explore
from wm_gym.envs.tasks.point_goal import PointGoal
from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.geometry.motion import camera_pose
from wm_gym.memory.hints import Hints
from wm_gym.world.state import Outcome
from wm_gym.world_model import Chunk

SIZE = (24, 32)


def _on_a_plain(x: float, y: float, yaw: float = 0.0) -> Outcome:
    """A body on an endless floor 1.6 m under its eyes, under a sky."""
    intrinsics = intrinsics_from_fov(70.0, *SIZE)[None].float()
    rows = (torch.arange(SIZE[0]) + 0.5 - intrinsics[0, 3]) / intrinsics[0, 1]
    depth = torch.where(rows > 0, 1.6 / rows.clamp(min=1e-3), torch.tensor(100.0)).clamp(max=100.0)
    depth = depth[None, None, :, None].expand(1, 1, *SIZE).contiguous()
    body_poses = np.array([[[x, y, 0.0, yaw, 0.0]]])
    frames = torch.zeros(1, 1, *SIZE, 3, dtype=torch.uint8)
    nothing = torch.zeros(1, 1, *SIZE, dtype=torch.bool)
    chunk = Chunk(frames, depth, nothing, torch.from_numpy(camera_pose(body_poses)).float())
    hints = Hints(frames, depth * 0, nothing, nothing, nothing.int(), nothing, nothing.float())
    return Outcome(chunk, hints, body_poses, intrinsics, (False,), (0.0,))


def test_exploring_pays_for_new_floor_only():
    task, rng = Explore(), np.random.default_rng(0)
    state = task.reset(_on_a_plain(0, 0), np.zeros((1, 2)), rng)
    state, verdict = task.update(state, _on_a_plain(0, 0))
    assert verdict.reward == 0.0
    state, verdict = task.update(state, _on_a_plain(0, 0, yaw=np.pi))
    assert verdict.reward > 1.0
    assert task.update(state, _on_a_plain(0, 0, yaw=np.pi))[1].reward == 0.0


def test_exploring_succeeds_when_enough_is_seen():
    task = Explore(target_square_metres=20.0)
    state = task.reset(_on_a_plain(0, 0), np.zeros((1, 2)), np.random.default_rng(0))
    assert task.update(state, _on_a_plain(0, 0, yaw=np.pi))[1].is_success


def test_a_goal_pays_for_coming_nearer():
    task = PointGoal()
    state = task.reset(_on_a_plain(0, 0), np.array([[0.0, 0.0], [5.0, 0.0]]), np.random.default_rng(0))
    assert state.goal == (5.0, 0.0)
    state, verdict = task.update(state, _on_a_plain(1.0, 0.0))
    assert verdict.reward == pytest.approx(1.0 - task.step_cost)
    _, verdict = task.update(state, _on_a_plain(4.5, 0.0))
    assert verdict.is_success and verdict.reward > task.success_reward


def test_a_goal_is_told_as_ahead_and_left():
    task = PointGoal()
    state = task.reset(_on_a_plain(0, 0), np.array([[0.0, 5.0]]), np.random.default_rng(0))
    np.testing.assert_allclose(task.goal(state, np.zeros(5)), [0.0, 5.0], atol=1e-6)
    np.testing.assert_allclose(task.goal(state, np.array([0, 0, 0, np.pi / 2, 0])), [5.0, 0.0], atol=1e-6)


@pytest.mark.parametrize("task", [Explore(), PointGoal()])
def test_task_states_survive_packing(task):
    state = task.reset(_on_a_plain(0, 0), np.array([[4.0, 1.0]]), np.random.default_rng(0))
    assert task.unpack(task.pack(state)) == state
