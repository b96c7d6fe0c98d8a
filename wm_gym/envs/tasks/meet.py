"""`Meet`: come together and see one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from wm_gym.envs.tasks.joint import JointTask, Part, gap, sees, spot_of, spots_of
from wm_gym.envs.tasks.places import FARTHEST_METRES, Spot, seen_from
from wm_gym.envs.tasks.task import StepResult
from wm_gym.world.state import Outcome


@dataclass(frozen=True)
class MeetState:
    """Where all are.

    Attributes:
        spots: x, y in metres of each, world frame.
        widest_metres: The largest distance between two of them.
        seen_share: Share of all pairs (who looks, who is looked at) in which the first sees the second.
    """

    spots: dict[str, Spot]
    widest_metres: float
    seen_share: float


@dataclass(frozen=True)
class Meet(JointTask[MeetState]):
    """Come together, all of them, and see one another. All succeed at once; one alone has nobody to meet.

    Attributes:
        meet_metres: Success is that no two are farther apart than this.
        seen_share: Success is also that this share of all pairs (who looks, who is looked at) are in sight; many bodies
            that stand together cannot all see all.
        approach_reward: Earned for each metre that the mean distance to the others has shrunk.
        success_reward: Earned by all at success.
        step_cost: Cost of a step.
    """

    meet_metres: float = 2.5
    seen_share: float = 1.0
    approach_reward: float = 0.5
    success_reward: float = 5.0
    step_cost: float = 0.01

    description: ClassVar[str] = "Meet: come together with all the others, and look at one another."
    goal_space: ClassVar[gym.spaces.Box | None] = gym.spaces.Box(-FARTHEST_METRES, FARTHEST_METRES, (2,), np.float32)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_positive("meet_metres")
        if not 0.0 <= self.seen_share <= 1.0:
            raise ValueError(f"seen_share must be within 0..1, got {self.seen_share:g}")

    def begin(self, outcomes: Mapping[str, Outcome], waypoints: np.ndarray, rng: np.random.Generator) -> MeetState:
        """Measure how far apart all are."""
        return _measured(outcomes)

    def advance(self, joint: MeetState, outcomes: Mapping[str, Outcome]) -> tuple[MeetState, dict[str, StepResult]]:
        """Measure how far apart all are, and who sees whom."""
        after = _measured(outcomes)
        met = len(outcomes) > 1 and after.widest_metres <= self.meet_metres and after.seen_share >= self.seen_share
        return after, {agent: self._result(joint, after, agent, met) for agent in after.spots}

    def joined(self, joint: MeetState, agent: str, outcome: Outcome) -> MeetState:
        """One more to be met."""
        return replace(joint, spots=joint.spots | {agent: spot_of(outcome)})

    def left(self, joint: MeetState, agent: str) -> MeetState:
        """One less to be met."""
        return replace(joint, spots={name: spot for name, spot in joint.spots.items() if name != agent})

    def goal(self, state: Part[MeetState], body_pose: np.ndarray) -> np.ndarray:
        """(2,) float32 metres ahead and to the left of the middle of the others; zeros without any."""
        others = [spot for agent, spot in state.joint.spots.items() if agent != state.agent]
        if not others:
            return np.zeros(2, np.float32)
        x, y = np.mean(others, axis=0)
        return seen_from(body_pose, [(float(x), float(y))])[0]

    def info(self, state: Part[MeetState]) -> dict[str, Any]:
        """`widest_metres` and `seen_share`."""
        return {"widest_metres": state.joint.widest_metres, "seen_share": state.joint.seen_share}

    def _result(self, before: MeetState, after: MeetState, agent: str, met: bool) -> StepResult:
        nearer = _mean_gap(before.spots, agent) - _mean_gap(after.spots, agent)
        return StepResult(self.approach_reward * nearer - self.step_cost + self.success_reward * met, met)


def _measured(outcomes: Mapping[str, Outcome]) -> MeetState:
    spots = spots_of(outcomes)
    pairs = [(one, other) for one in spots for other in spots if one != other]
    widest = max((gap(spots[one], spots[other]) for one, other in pairs), default=0.0)
    seen = sum(sees(outcomes[one], spots[other]) for one, other in pairs)
    return MeetState(spots, widest, seen / len(pairs) if pairs else 0.0)


def _mean_gap(spots: Mapping[str, Spot], agent: str) -> float:
    """From an agent to the others, metres; 0 without any."""
    gaps = [gap(spots[agent], spot) for name, spot in spots.items() if name != agent]
    return sum(gaps) / len(gaps) if gaps else 0.0
