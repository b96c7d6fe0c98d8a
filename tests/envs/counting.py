"""A task that counts steps and ends after a few, so that the episodes of a batch end at different times."""

from dataclasses import dataclass, replace
from typing import ClassVar

import gymnasium as gym
import numpy as np

from wm_gym.envs.tasks.task import StepResult, Task

LENGTHS = (1, 2, 4)


@dataclass(frozen=True)
class Counted:
    count: int
    length: int


@dataclass(frozen=True)
class Count(Task[Counted]):
    """The goal is the number of steps so far, and so is the reward; the length is drawn."""

    description: ClassVar[str] = "Count."
    goal_space: ClassVar[gym.spaces.Box] = gym.spaces.Box(0.0, 100.0, (1,), np.float32)

    def reset(self, outcome, waypoints, rng):
        return Counted(0, int(rng.choice(LENGTHS)))

    def update(self, state, outcome):
        state = replace(state, count=state.count + 1)
        return state, StepResult(float(state.count), state.count >= state.length)

    def goal(self, state, body_pose):
        return np.array([state.count], np.float32)
