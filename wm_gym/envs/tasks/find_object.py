"""`FindObject`: walk to the object that a sentence names, among others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from wm_gym.envs.checking import read_count
from wm_gym.envs.markers import Marker
from wm_gym.envs.tasks.places import FLOOR_Z, Spot, check_distances, draw_spots, metres_between
from wm_gym.envs.tasks.task import StepResult, Task
from wm_gym.world.state import Outcome

COLOURS = ("red", "green", "blue", "yellow")
SHAPES = ("ball", "cone", "cube", "pillar")
"""Numbers of the goal in this order, colours first."""

_RADIUS_METRES = {"ball": 0.5, "cone": 0.5, "cube": 0.45, "pillar": 0.3}
_APART_METRES = 1.4


@dataclass(frozen=True)
class FindObjectState:
    """What lies where.

    Attributes:
        kinds: Colour and shape of each object; the first is the one to find.
        spots: x, y of each, metres, world frame.
        distance_metres: From the body to the first.
        touched: Numbers of the wrong ones that were touched.
    """

    kinds: tuple[tuple[str, str], ...]
    spots: tuple[Spot, ...]
    distance_metres: float
    touched: tuple[int, ...] = ()


@dataclass(frozen=True)
class FindObject(Task[FindObjectState]):
    """Walk to the object that a sentence names. A step earns the metres that it came nearer, less a small cost of time.

    Attributes:
        num_objects: Most objects, 1 to 16, all of different colour or shape; fewer lie where the place has fewer
            waypoints for them.
        near_metres: No object is nearer than this to the start, where the place has others.
        far_metres: No object is farther than this from the start, where the place has others.
        touch_metres: A body whose middle comes this near touches an object.
        wrong_ends: Whether touching a wrong object is failure; else it only costs.
        wrong_cost: Cost of touching a wrong object, once for each.
        success_reward: Earned by touching the right one.
        step_cost: Cost of a step.
    """

    num_objects: int = 4
    near_metres: float = 2.5
    far_metres: float = 10.0
    touch_metres: float = 0.9
    wrong_ends: bool = True
    wrong_cost: float = 1.0
    success_reward: float = 5.0
    step_cost: float = 0.01

    description: ClassVar[str] = "FindObject: walk to the object that is named, and to no other."
    goal_space: ClassVar[gym.spaces.Box | None] = gym.spaces.Box(0.0, 1.0, (len(COLOURS) + len(SHAPES),), np.float32)

    def __post_init__(self) -> None:
        super().__post_init__()
        most = len(COLOURS) * len(SHAPES)
        if read_count("num_objects", self.num_objects) > most:
            raise ValueError(f"num_objects must be at most {most}, got {self.num_objects}")
        check_distances(self.near_metres, self.far_metres)
        self._check_positive("touch_metres")

    def reset(self, outcome: Outcome, waypoints: np.ndarray, rng: np.random.Generator) -> FindObjectState:
        """Draw objects, all different, at waypoints."""
        here = outcome.body_poses[0, -1]
        bounds = self.near_metres, self.far_metres, _APART_METRES
        spots = draw_spots(waypoints, here[:2], self.num_objects, bounds, rng)
        drawn = rng.permutation(len(COLOURS) * len(SHAPES))[: len(spots)]
        kinds = tuple((COLOURS[k % len(COLOURS)], SHAPES[k // len(COLOURS)]) for k in drawn)
        return FindObjectState(kinds, spots, metres_between(spots[0], here))

    def update(self, state: FindObjectState, outcome: Outcome) -> tuple[FindObjectState, StepResult]:
        """See what the body touched in any frame of the step; of several objects the first touched counts."""
        first = self._first_touched(state, outcome)
        distance, found = metres_between(state.spots[0], outcome.body_poses[0, -1]), first == 0
        is_wrong = first is not None and not found
        reward = state.distance_metres - distance - self.step_cost
        reward += self.success_reward * found - self.wrong_cost * is_wrong
        touched = (*state.touched, first) if first is not None and is_wrong else state.touched
        after = replace(state, distance_metres=distance, touched=touched)
        return after, StepResult(float(reward), found, is_wrong and self.wrong_ends)

    def goal(self, state: FindObjectState, body_pose: np.ndarray) -> np.ndarray:
        """(8,) float32: 1 at the colour and at the shape of the right object, else 0."""
        colour, shape = state.kinds[0]
        return np.array([*(colour == one for one in COLOURS), *(shape == one for one in SHAPES)], np.float32)

    def describe(self, state: FindObjectState) -> str:
        """Such as "find the red ball"."""
        return "find the {} {}".format(*state.kinds[0])

    def distance(self, state: FindObjectState, body_pose: np.ndarray) -> float:
        """Metres to the right object, as the crow flies."""
        return metres_between(state.spots[0], body_pose)

    def markers(self, state: FindObjectState) -> tuple[Marker, ...]:
        """All objects, on the floor."""
        return tuple(
            Marker.standing(shape, colour, spot, FLOOR_Z, _RADIUS_METRES[shape])
            for (colour, shape), spot in zip(state.kinds, state.spots, strict=True)
        )

    def info(self, state: FindObjectState) -> dict[str, Any]:
        """`wrong_touched`."""
        return {"wrong_touched": len(state.touched)}

    def _first_touched(self, state: FindObjectState, outcome: Outcome) -> int | None:
        """Number of the object that the body came to first, but for the wrong ones that were touched before."""
        for pose in outcome.body_poses[0]:
            for k, spot in enumerate(state.spots):
                if k not in state.touched and metres_between(spot, pose) <= self.touch_metres:
                    return k
        return None
