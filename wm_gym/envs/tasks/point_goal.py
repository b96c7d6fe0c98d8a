"""`PointGoal`: walk to a point of the floor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import gymnasium as gym
import numpy as np

from wm_gym.envs.tasks.places import FARTHEST_METRES, draw_goal, metres_between, seen_from
from wm_gym.envs.tasks.task import StepResult, Task
from wm_gym.world.state import Outcome


@dataclass(frozen=True)
class PointGoalState:
    """Where to go.

    Attributes:
        goal: x, y in metres, world frame.
        distance_metres: From the body to the goal.
    """

    goal: tuple[float, float]
    distance_metres: float


@dataclass(frozen=True)
class PointGoal(Task[PointGoalState]):
    """Walk to a point of the floor. A step earns the metres that it came nearer, less a small cost of time.

    Attributes:
        near_metres: No goal is nearer than this to the start, where the place has others.
        far_metres: No goal is farther than this from the start, where the place has others.
        success_metres: Standing this near to the goal is success.
        success_reward: Earned by success.
        step_cost: Cost of a step.
    """

    near_metres: float = 3.0
    far_metres: float = 12.0
    success_metres: float = 0.8
    success_reward: float = 5.0
    step_cost: float = 0.01

    description: ClassVar[str] = "PointGoal: walk to the goal, given as metres ahead and to the left."
    goal_space: ClassVar[gym.spaces.Box | None] = gym.spaces.Box(-FARTHEST_METRES, FARTHEST_METRES, (2,), np.float32)

    def reset(self, outcome: Outcome, waypoints: np.ndarray, rng: np.random.Generator) -> PointGoalState:
        """Draw the goal among the waypoints."""
        here = outcome.body_poses[0, -1]
        goal = draw_goal(waypoints, here[:2], self.near_metres, self.far_metres, rng)
        return PointGoalState(goal, metres_between(goal, here))

    def update(self, state: PointGoalState, outcome: Outcome) -> tuple[PointGoalState, StepResult]:
        """Measure the distance that is left."""
        distance = metres_between(state.goal, outcome.body_poses[0, -1])
        is_success = distance <= self.success_metres
        reward = state.distance_metres - distance - self.step_cost + self.success_reward * is_success
        return replace(state, distance_metres=distance), StepResult(float(reward), is_success)

    def goal(self, state: PointGoalState, body_pose: np.ndarray) -> np.ndarray:
        """(2,) float32 metres ahead of the body and to its left, at most `FARTHEST_METRES` each."""
        return seen_from(body_pose, [state.goal])[0]

    def distance(self, state: PointGoalState, body_pose: np.ndarray) -> float:
        """Metres to the goal, as the crow flies."""
        return metres_between(state.goal, body_pose)
