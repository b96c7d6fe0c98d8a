"""Rates come from the model and are those of its time; positions stay within their bounds however far one walks."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
import torch

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.backends.memory_only import MemoryOnlyModel
from wm_gym.envs import window
from wm_gym.envs.observations import EXTENT_METRES
from wm_gym.envs.tasks.point_goal import FARTHEST_METRES, PointGoal, PointGoalState
from wm_gym.geometry.motion import Body, camera_pose, walk
from wm_gym.geometry.poses import to_vector

SMALL = {"backend": "memory_only", "world": "city/9", "resolution": (24, 32), "finer": 1}


class Slow(MemoryOnlyModel):
    """The backend `memory_only` at ten frames a second."""

    def __init__(self, height, width):
        super().__init__(height, width)
        self.spec = replace(self.spec, fps=10.0)


@pytest.mark.parametrize(("backend", "rate"), [("memory_only", 4.375), (f"{__name__}:Slow", 2.5)])
def test_the_rate_of_steps_is_the_models(backend, rate):
    settings = SMALL | {"backend": backend, "obs_mode": "pose"}
    one, many = gym.make("wm_gym/Explore-v0", **settings), gym.make_vec("wm_gym/Explore-v0", 2, **settings)
    for env in (one, many):
        assert env.metadata["render_fps"] == rate == env.metadata["video_fps"] / env.metadata["frames_per_step"]
        env.close()


class Clock:
    """Time that passes by sleep and by work alone."""

    def __init__(self):
        self.now, self.slept = 100.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(round(seconds, 6))
        self.now += seconds


def test_frames_that_come_early_wait_and_those_that_are_late_do_not():
    clock = Clock()
    pace = window.Pace(10.0, clock, clock.sleep)
    for work in (0.0, 0.02, 0.1, 0.5, 0.03):
        clock.now += work
        pace.wait()
    assert clock.slept == [0.08, 0.07], "a late frame is shown at once, and the next is due a period after it"


def test_the_window_keeps_the_time_of_the_world(monkeypatch):
    pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    clock = Clock()
    monkeypatch.setattr(window, "Pace", lambda fps: _Pace(fps, clock, clock.sleep))
    env = gym.make("wm_gym/Explore-v0", render_mode="human", obs_mode="pose", disable_env_checker=True, **SMALL)
    env.reset(seed=0)
    for _ in range(2):
        env.step(0)
    np.testing.assert_allclose(clock.slept, [1 / 17.5] * 8, atol=1e-6)
    env.close()


_Pace = window.Pace


def far_away(env, x):
    """The environment, its body put so far to the east."""
    state = env.unwrapped.get_state()
    body_poses = state.outcome.body_poses.copy()
    body_poses[..., 0] = x
    world = replace(state.world, body_poses=body_poses[:, -1])
    return replace(state, world=world, outcome=replace(state.outcome, body_poses=body_poses))


@pytest.mark.parametrize("x", [1024.5, 2049 * 0.5, EXTENT_METRES, EXTENT_METRES + 0.5, 1e9])
def test_no_walk_leaves_the_observation_space(x):
    env = gym.make("wm_gym/PointGoal-v0", obs_mode="points+pose", disable_env_checker=True, **SMALL)
    env.reset(seed=0)
    env.unwrapped.set_state(far_away(env, x))
    observation, *_ = env.step(0)
    assert env.observation_space.contains(observation)
    assert observation["pose"][0] == min(x, EXTENT_METRES)
    env.close()


def test_positions_are_told_to_the_frame_within_the_bounds():
    stride = np.float32(Body().walk_metres_per_frame)
    assert np.float32(EXTENT_METRES) - stride < np.float32(EXTENT_METRES)
    assert EXTENT_METRES / (4 * stride) > 2_000_000 and 2 * EXTENT_METRES <= FARTHEST_METRES


def test_a_goal_far_behind_stays_in_its_space():
    state = PointGoalState((3.0, 0.0), 3.0)
    goal = PointGoal().goal(state, np.array([-1e9, 5.0, 0.0, 0.0, 0.0]))
    assert goal.tolist() == [FARTHEST_METRES, -5.0] and PointGoal.goal_space.contains(goal)


def turn(degrees, pitch=0.0):
    """Quaternions of a camera that stands and turns in steps of the discrete action, from looking `degrees` left."""
    body_poses = [np.array([0.0, 0.0, 0.0, np.radians(degrees), pitch])]
    for _ in range(20):
        body_poses.append(walk(body_poses[-1], np.array([[0.0, 0.0, 1.0, 0.0]] * 4), Body())[-1])
    return to_vector(torch.from_numpy(camera_pose(np.array(body_poses))))[:, 3:].float().numpy()


@pytest.mark.parametrize("pitch", [0.0, 0.3, -0.3])
@pytest.mark.parametrize("start", [-90.0, 0.0, 90.0, 7.0])
def test_a_full_turn_meets_one_change_of_sign(start, pitch):
    quaternions = turn(start, pitch)
    flips = (quaternions[1:] * quaternions[:-1]).sum(1) < 0
    assert flips.sum() == 1 and (quaternions[:, 0] > -1e-6).all()
    np.testing.assert_allclose(quaternions[0], quaternions[-1], atol=1e-6)


@pytest.mark.parametrize("rounding", [-1e-15, 1e-15, -1e-9, 1e-9])
def test_rounding_does_not_choose_the_sign(rounding):
    body_pose = np.array([0.0, 0.0, 0.0, -np.pi / 2 + rounding, 0.0])
    vector = to_vector(torch.from_numpy(camera_pose(body_pose)))
    np.testing.assert_allclose(vector[3:], [0.0, 0.0, 0.5**0.5, -(0.5**0.5)], atol=1e-8)
