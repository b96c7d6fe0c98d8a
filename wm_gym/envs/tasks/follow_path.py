"""`FollowPath`: walk along a polyline of waypoints."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from wm_gym.envs.checking import read_count
from wm_gym.envs.markers import Marker
from wm_gym.envs.tasks.places import FARTHEST_METRES, FLOOR_Z, Spot, check_distances, seen_from
from wm_gym.envs.tasks.task import StepResult, Task
from wm_gym.world.state import Outcome

_SHARPEST_TURN_RADIANS = math.radians(100.0)
_WINDOW_METRES = 0.5
"""The nearest point is looked for this far on and back along the path, frame by frame, so that no loop is cut off."""
_BEAD_RADIUS_METRES = 0.18
_DRAWN = 8


@dataclass(frozen=True)
class FollowPathState:
    """The path and how far the body has come.

    Attributes:
        points: x, y of its corners, metres, world frame; the first is the start.
        progress_metres: Along the path, of its point that is nearest to the body.
        deviation_metres: From that point to the body.
    """

    points: tuple[Spot, ...]
    progress_metres: float = 0.0
    deviation_metres: float = 0.0


@dataclass(frozen=True)
class FollowPath(Task[FollowPathState]):
    """Walk along a path. A step earns the metres of path that it went on, less a cost of being beside it.

    Attributes:
        num_points: Corners after the start; fewer where the place has no more that fit.
        near_metres: No leg is shorter than this.
        far_metres: No leg is longer than this, where the place has such waypoints.
        success_metres: Standing this near to the end, with all but this much of the path behind, is success.
        lost_metres: Being farther than this from the path is failure.
        deviation_cost: Cost of a metre beside the path, at every step.
        success_reward: Earned by success.
        step_cost: Cost of a step.
        shows_corners: Whether frames show a blue ball at each corner that is ahead.
    """

    num_points: int = 5
    near_metres: float = 1.0
    far_metres: float = 3.0
    success_metres: float = 0.6
    lost_metres: float = 2.5
    deviation_cost: float = 0.1
    success_reward: float = 5.0
    step_cost: float = 0.01
    shows_corners: bool = True

    description: ClassVar[str] = "FollowPath: walk along the path, whose next two corners are given as ahead and left."
    goal_space: ClassVar[gym.spaces.Box | None] = gym.spaces.Box(-FARTHEST_METRES, FARTHEST_METRES, (4,), np.float32)

    def __post_init__(self) -> None:
        super().__post_init__()
        read_count("num_points", self.num_points)
        check_distances(self.near_metres, self.far_metres)
        self._check_positive("success_metres", "lost_metres")

    def reset(self, outcome: Outcome, waypoints: np.ndarray, rng: np.random.Generator) -> FollowPathState:
        """Draw some paths of corners, each near the one before and not back from where the path came; the longest."""
        start = outcome.body_poses[0, -1]
        return FollowPathState(max((self._drawn(start, waypoints, rng) for _ in range(_DRAWN)), key=len))

    def update(self, state: FollowPathState, outcome: Outcome) -> tuple[FollowPathState, StepResult]:
        """Find the point of the path that is nearest to the body, frame by frame."""
        progress, deviation, farthest = state.progress_metres, 0.0, 0.0
        for pose in outcome.body_poses[0]:
            progress, deviation = _nearest(np.asarray(state.points), pose[:2], progress)
            farthest = max(farthest, deviation)
        left = _length(state.points) - progress + deviation
        is_success = left <= self.success_metres
        reward = progress - state.progress_metres - self.deviation_cost * deviation - self.step_cost
        after = replace(state, progress_metres=progress, deviation_metres=deviation)
        is_lost = farthest > self.lost_metres and not is_success
        return after, StepResult(float(reward + self.success_reward * is_success), is_success, is_lost)

    def goal(self, state: FollowPathState, body_pose: np.ndarray) -> np.ndarray:
        """(4,) float32: metres ahead and to the left of the next corner, then of the one after; the last one twice."""
        ahead = self._ahead(state)
        return seen_from(body_pose, (*ahead[:2], ahead[-1])[:2]).ravel()

    def distance(self, state: FollowPathState, body_pose: np.ndarray) -> float:
        """Metres of path that are left, and those from the body to the path."""
        progress, deviation = _nearest(np.asarray(state.points), body_pose[:2], state.progress_metres)
        return _length(state.points) - progress + deviation

    def markers(self, state: FollowPathState) -> tuple[Marker, ...]:
        """The corners that are ahead."""
        shown = self._ahead(state) if self.shows_corners else ()
        return tuple(Marker.standing("ball", "blue", spot, FLOOR_Z, _BEAD_RADIUS_METRES) for spot in shown)

    def info(self, state: FollowPathState) -> dict[str, Any]:
        """`progress_metres` and `deviation_metres`."""
        return {"progress_metres": state.progress_metres, "deviation_metres": state.deviation_metres}

    def _drawn(self, start: np.ndarray, waypoints: np.ndarray, rng: np.random.Generator) -> tuple[Spot, ...]:
        x, y, _, yaw, _ = start.tolist()
        points = [(x, y)]
        for _ in range(self.num_points):
            following = self._following(points, yaw, waypoints, rng)
            if following is None:
                break
            yaw = math.atan2(following[1] - points[-1][1], following[0] - points[-1][0])
            points.append(following)
        return tuple(points)

    def _following(
        self, points: list[Spot], yaw: float, waypoints: np.ndarray, rng: np.random.Generator
    ) -> Spot | None:
        """A corner after the last of `points`, to which the path comes with heading `yaw`; None where none fits."""
        way = waypoints - points[-1]
        metres = np.linalg.norm(way, axis=1)
        turns = np.abs((np.arctan2(way[:, 1], way[:, 0]) - yaw + np.pi) % (2.0 * np.pi) - np.pi)
        is_new = np.linalg.norm(waypoints[:, None] - np.asarray(points), axis=2).min(axis=1) >= self.near_metres
        fitting = np.flatnonzero(is_new & (metres <= self.far_metres) & (turns <= _SHARPEST_TURN_RADIANS))
        if not len(fitting) and len(points) == 1:  # a path has one leg at least
            fitting = np.array([np.where(is_new, metres, np.inf).argmin()])
        if not len(fitting):
            return None
        x, y = waypoints[int(rng.choice(fitting))].tolist()
        return x, y

    def _ahead(self, state: FollowPathState) -> tuple[Spot, ...]:
        """The corners that progress has not come to, at least the last."""
        ends = np.cumsum(_legs(state.points))
        return state.points[1:][min(int((ends <= state.progress_metres).sum()), len(ends) - 1) :]


def _legs(points: tuple[Spot, ...]) -> np.ndarray:
    return np.linalg.norm(np.diff(np.asarray(points), axis=0), axis=1)


def _length(points: tuple[Spot, ...]) -> float:
    return float(_legs(points).sum())


def _nearest(points: np.ndarray, here: np.ndarray, progress: float) -> tuple[float, float]:
    """Of the path's points near `progress`, the one nearest to `here`: metres along the path, and to `here`."""
    ways = np.diff(points, axis=0)
    legs = np.linalg.norm(ways, axis=1)
    starts = np.cumsum(legs) - legs
    low, high = progress - _WINDOW_METRES - starts, progress + _WINDOW_METRES - starts
    along = ((here - points[:-1]) * ways).sum(axis=1) / np.maximum(legs, 1e-9)
    along = np.clip(along, np.clip(low, 0.0, legs), np.clip(high, 0.0, legs))
    away = np.linalg.norm(points[:-1] + ways * (along / np.maximum(legs, 1e-9))[:, None] - here, axis=1)
    away[(high < 0.0) | (low > legs)] = np.inf
    k = int(away.argmin())
    return float(starts[k] + along[k]), float(away[k])
