"""Measures of an episode, the same for every task, named as LeRobot and Habitat name them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from wm_gym.world.state import Outcome

MEASURES = ("spl", "distance_to_goal", "collisions", "path_metres")
"""Their names in `info`; success is `is_success`."""

_NOWHERE = -1.0


@dataclass(frozen=True)
class Measures:
    """How an episode has gone so far.

    Attributes:
        start_metres: Shortest known way to the goal from where the episode began; -1 where no goal has a place.
        distance_to_goal: Metres that are left; -1 where no goal has a place.
        path_metres: Length of the way on the ground, frame by frame.
        collisions: Steps in which something stood in the way.
        spl: Success weighted by path length, 0..1; 0 before success, and where no goal has a place.
            Source: Anderson et al. 2018, On Evaluation of Embodied Navigation Agents.
    """

    start_metres: float = _NOWHERE
    distance_to_goal: float = _NOWHERE
    path_metres: float = 0.0
    collisions: int = 0
    spl: float = 0.0

    @classmethod
    def at_start(cls, distance: float | None) -> Measures:
        """Those of an episode that begins so many metres from its goal, or without a place to go to."""
        metres = _NOWHERE if distance is None else float(distance)
        return cls(start_metres=metres, distance_to_goal=metres)

    def after(self, here: np.ndarray, outcome: Outcome, distance: float | None, *, is_success: bool) -> Measures:
        """Those after a step.

        Args:
            here: (5,) body pose before it.
            outcome: Of the step.
            distance: Metres that are left to the goal, or None.
            is_success: Whether the step was a success.
        """
        way = np.concatenate([here[None, :2], outcome.body_poses[0, :, :2]])
        walked = self.path_metres + float(np.linalg.norm(np.diff(way, axis=0), axis=1).sum())
        return replace(
            self,
            distance_to_goal=_NOWHERE if distance is None else float(distance),
            path_metres=walked,
            collisions=self.collisions + bool(outcome.collided[0]),
            spl=self._spl(walked) if is_success else 0.0,
        )

    def to_info(self) -> dict[str, float | int]:
        """Their part of `info`."""
        return {name: getattr(self, name) for name in MEASURES}

    def _spl(self, walked: float) -> float:
        if self.start_metres < 0.0:
            return 0.0
        return 1.0 if walked <= self.start_metres else self.start_metres / walked
