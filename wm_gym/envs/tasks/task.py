"""Tasks: pure functions over a task state, so that a task forks, saves and replays with its world.

A task sees outcomes (depth, poses) and never asks which backend made them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

import gymnasium as gym
import numpy as np

from wm_gym.world.state import Outcome

S = TypeVar("S")


@dataclass(frozen=True)
class StepResult:
    """What a task says of one step.

    Attributes:
        reward: Of this step.
        is_success: Whether the aim is reached now.
    """

    reward: float
    is_success: bool


class Task(Protocol[S]):
    """One task. `S` is a frozen dataclass of JSON-able fields."""

    description: ClassVar[str]
    goal_space: ClassVar[gym.spaces.Box | None]

    def reset(self, outcome: Outcome, waypoints: np.ndarray, rng: np.random.Generator) -> S:
        """The task state of a world that has just opened. `waypoints` (W, 2) x, y metres can be stood on."""
        ...

    def update(self, state: S, outcome: Outcome) -> tuple[S, StepResult]:
        """The state after a step, and its verdict."""
        ...

    def goal(self, state: S, body_pose: np.ndarray) -> np.ndarray | None:
        """The goal as a body at `body_pose` (5,) sees it, or None."""
        ...

    def pack(self, state: S) -> dict[str, Any]:
        """JSON-able data that `unpack` turns back into an equal state."""
        ...

    def unpack(self, data: dict[str, Any]) -> S:
        """The state that `pack` was given."""
        ...
