"""`ImageGoal`: walk to where a picture was taken."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import gymnasium as gym
import numpy as np
from PIL import Image

from wm_gym.envs.tasks.places import Spot, check_distances, draw_goal, metres_between
from wm_gym.envs.tasks.task import StepResult, Task
from wm_gym.world.state import Outcome


@dataclass(frozen=True)
class ImageGoalState:
    """Where the picture was taken.

    Attributes:
        goal: x, y in metres, world frame.
        yaw_radians: Where the camera looked.
        distance_metres: From the body to the goal.
        picture: PNG as base64; empty until the world has shown it.
    """

    goal: Spot
    yaw_radians: float
    distance_metres: float
    picture: str = ""


@dataclass(frozen=True)
class ImageGoal(Task[ImageGoalState]):
    """Walk to where a picture was taken. A step earns the metres that it came nearer, less a small cost of time.

    The picture is what the world shows, when it opens, to a body that stands there.

    Attributes:
        near_metres: No goal is nearer than this to the start, where the place has others.
        far_metres: No goal is farther than this from the start, where the place has others.
        success_metres: Standing this near to the goal is success.
        success_degrees: Success is also to look within this angle of where the picture looks; 180 for any way.
        success_reward: Earned by success.
        step_cost: Cost of a step.
    """

    near_metres: float = 3.0
    far_metres: float = 10.0
    success_metres: float = 1.0
    success_degrees: float = 180.0
    success_reward: float = 5.0
    step_cost: float = 0.01

    description: ClassVar[str] = "ImageGoal: walk to where the picture was taken."

    def __post_init__(self) -> None:
        super().__post_init__()
        check_distances(self.near_metres, self.far_metres)
        self._check_positive("success_metres", "success_degrees")

    def reset(self, outcome: Outcome, waypoints: np.ndarray, rng: np.random.Generator) -> ImageGoalState:
        """Draw a waypoint and a heading."""
        here = outcome.body_poses[0, -1]
        goal = draw_goal(waypoints, here[:2], self.near_metres, self.far_metres, rng)
        return ImageGoalState(goal, float(rng.uniform(-np.pi, np.pi)), metres_between(goal, here))

    def wanted_picture(self, state: ImageGoalState) -> np.ndarray:
        """(3,) x, y and yaw of the goal."""
        return np.array([*state.goal, state.yaw_radians])

    def with_picture(self, state: ImageGoalState, picture: np.ndarray) -> ImageGoalState:
        """The state that holds the picture."""
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        return replace(state, picture=base64.b64encode(file.getvalue()).decode())

    def update(self, state: ImageGoalState, outcome: Outcome) -> tuple[ImageGoalState, StepResult]:
        """Measure the distance that is left."""
        pose = outcome.body_poses[0, -1]
        distance = metres_between(state.goal, pose)
        turn = math.degrees(abs(math.remainder(float(pose[3]) - state.yaw_radians, 2.0 * math.pi)))
        is_success = distance <= self.success_metres and turn <= self.success_degrees
        reward = state.distance_metres - distance - self.step_cost + self.success_reward * is_success
        return replace(state, distance_metres=distance), StepResult(float(reward), is_success)

    def goal_box(self, height: int, width: int) -> gym.spaces.Box:
        """Pictures of the size of frames."""
        return gym.spaces.Box(0, 255, (height, width, 3), np.uint8)

    def goal(self, state: ImageGoalState, body_pose: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8, the picture."""
        return _read(state.picture).copy()

    def distance(self, state: ImageGoalState, body_pose: np.ndarray) -> float:
        """Metres to the goal, as the crow flies."""
        return metres_between(state.goal, body_pose)


@lru_cache(maxsize=64)
def _read(picture: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))
