"""`Avoid`: reach a goal and keep away from people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from wm_gym.envs.checking import read_count
from wm_gym.envs.tasks.places import FARTHEST_METRES, Spot, check_distances, draw_goal, metres_between, seen_from
from wm_gym.envs.tasks.task import StepResult, Task, TimedEvent
from wm_gym.world.state import Outcome

_WALKERS = ("a man walks by", "a woman walks by")
_NOBODY = -1.0


@dataclass(frozen=True)
class AvoidState:
    """Where to go, and when people come.

    Attributes:
        goal: x, y in metres, world frame.
        distance_metres: From the body to the goal.
        onsets: Step at which each walker appears.
        walker_metres: From the body to the nearest walker that is known; -1 without any.
    """

    goal: Spot
    distance_metres: float
    onsets: tuple[int, ...]
    walker_metres: float = _NOBODY


@dataclass(frozen=True)
class Avoid(Task[AvoidState]):
    """Reach a point and come near to nobody. A step earns the metres that it came nearer, less a small cost of time.

    Attributes:
        num_walkers: People who appear, besides those who are there.
        last_onset: The last step at which one appears.
        near_metres: No goal is nearer than this to the start, where the place has others.
        far_metres: No goal is farther than this from the start, where the place has others.
        keep_metres: Being nearer than this to a walker is failure.
        success_metres: Standing this near to the goal is success.
        success_reward: Earned by success.
        failure_cost: Cost of failure.
        step_cost: Cost of a step.
    """

    num_walkers: int = 3
    last_onset: int = 12
    near_metres: float = 4.0
    far_metres: float = 12.0
    keep_metres: float = 1.0
    success_metres: float = 0.8
    success_reward: float = 5.0
    failure_cost: float = 5.0
    step_cost: float = 0.01

    description: ClassVar[str] = "Avoid: walk to the goal, given as metres ahead and to the left, and near nobody."
    goal_space: ClassVar[gym.spaces.Box | None] = gym.spaces.Box(-FARTHEST_METRES, FARTHEST_METRES, (2,), np.float32)

    def __post_init__(self) -> None:
        super().__post_init__()
        read_count("num_walkers", self.num_walkers, 0)
        read_count("last_onset", self.last_onset, 0)
        check_distances(self.near_metres, self.far_metres)
        self._check_positive("keep_metres", "success_metres")

    def reset(self, outcome: Outcome, waypoints: np.ndarray, rng: np.random.Generator) -> AvoidState:
        """Draw the goal among the waypoints, and the steps at which walkers appear."""
        here = outcome.body_poses[0, -1]
        goal = draw_goal(waypoints, here[:2], self.near_metres, self.far_metres, rng)
        onsets = sorted(rng.integers(0, self.last_onset + 1, self.num_walkers).tolist())
        return AvoidState(goal, metres_between(goal, here), tuple(onsets), _nearest_walker(outcome))

    def events(self, state: AvoidState) -> tuple[TimedEvent, ...]:
        """The walkers that appear."""
        return tuple(TimedEvent(at, _WALKERS[k % len(_WALKERS)]) for k, at in enumerate(state.onsets))

    def update(self, state: AvoidState, outcome: Outcome) -> tuple[AvoidState, StepResult]:
        """Measure the distances to the goal and to the nearest walker."""
        distance, walker = metres_between(state.goal, outcome.body_poses[0, -1]), _nearest_walker(outcome)
        is_failure = 0.0 <= walker < self.keep_metres
        is_success = distance <= self.success_metres and not is_failure
        reward = state.distance_metres - distance - self.step_cost
        reward += self.success_reward * is_success - self.failure_cost * is_failure
        after = replace(state, distance_metres=distance, walker_metres=walker)
        return after, StepResult(float(reward), is_success, is_failure)

    def goal(self, state: AvoidState, body_pose: np.ndarray) -> np.ndarray:
        """(2,) float32 metres ahead of the body and to its left."""
        return seen_from(body_pose, [state.goal])[0]

    def distance(self, state: AvoidState, body_pose: np.ndarray) -> float:
        """Metres to the goal, as the crow flies."""
        return metres_between(state.goal, body_pose)

    def info(self, state: AvoidState) -> dict[str, Any]:
        """`walker_metres`."""
        return {"walker_metres": state.walker_metres}


def _nearest_walker(outcome: Outcome) -> float:
    """Metres from the body to the nearest walker at the last frame, or -1."""
    pose = outcome.body_poses[0, -1]
    walkers = [thing.position[:2] for things in outcome.things for thing in things if thing.kind == "walker"]
    return min((metres_between((x, y), pose) for x, y in walkers), default=_NOBODY)
