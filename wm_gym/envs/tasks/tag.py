"""`Tag`: one seeks, the others flee."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from wm_gym.envs.checking import read_count
from wm_gym.envs.tasks.joint import (
    WAY_AND_ROLE,
    JointTask,
    Part,
    closest_gap,
    gap,
    in_order,
    nearest_to,
    spot_of,
    spots_of,
)
from wm_gym.envs.tasks.places import Spot, seen_from
from wm_gym.envs.tasks.task import StepResult
from wm_gym.world.state import Outcome


@dataclass(frozen=True)
class TagState:
    """Who seeks, and where all are.

    Attributes:
        seeker: Name of the one who seeks.
        spots: x, y in metres of each, world frame.
        rest_steps: Steps until a touch counts again.
        touches: Touches so far.
    """

    seeker: str
    spots: dict[str, Spot]
    rest_steps: int = 0
    touches: int = 0


@dataclass(frozen=True)
class Tag(JointTask[TagState]):
    """One seeks, the others flee; who is touched seeks then, or is out.

    Attributes:
        touch_metres: A seeker whose middle comes this near in any frame of a step touches; the nearest one, if several.
        swaps: Whether the touched one seeks from then on; else it is out, and the seeker has won when all are.
        rest_steps: Steps after a swap in which no touch counts.
        touch_reward: Earned by a touch, and paid by the touched one.
        approach_reward: Earned by the seeker for each metre that it came nearer to the nearest one, and paid by each
            who flees for each metre that the seeker came nearer.
        step_reward: Earned by those who flee at each step, and paid by the seeker.
    """

    touch_metres: float = 0.9
    swaps: bool = True
    rest_steps: int = 4
    touch_reward: float = 1.0
    approach_reward: float = 0.1
    step_reward: float = 0.01

    description: ClassVar[str] = "Tag: touch one of the others if you seek, and else keep away from the one who does."
    goal_space: ClassVar[gym.spaces.Box | None] = WAY_AND_ROLE

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_positive("touch_metres")
        read_count("rest_steps", self.rest_steps, 0)

    def begin(self, outcomes: Mapping[str, Outcome], waypoints: np.ndarray, rng: np.random.Generator) -> TagState:
        """Draw who seeks."""
        spots = spots_of(outcomes)
        return TagState(list(spots)[int(rng.integers(len(spots)))], spots)

    def advance(self, joint: TagState, outcomes: Mapping[str, Outcome]) -> tuple[TagState, dict[str, StepResult]]:
        """Look whom the seeker touches, and measure how far it is from all."""
        spots, seeker = spots_of(outcomes), joint.seeker
        touched = self._touched(joint, outcomes)
        results = {agent: self._result(joint, spots, agent, touched) for agent in spots if agent != seeker}
        results[seeker] = self._result_of_seeker(joint, spots, touched)
        after = replace(
            joint,
            seeker=touched if touched and self.swaps else seeker,
            spots=spots,
            rest_steps=self.rest_steps if touched and self.swaps else max(0, joint.rest_steps - 1),
            touches=joint.touches + bool(touched),
        )
        return after, results

    def joined(self, joint: TagState, agent: str, outcome: Outcome) -> TagState:
        """Who comes flees."""
        return replace(joint, spots=joint.spots | {agent: spot_of(outcome)})

    def left(self, joint: TagState, agent: str) -> TagState:
        """Where the seeker goes, the one who was nearest to it seeks."""
        spots = {name: spot for name, spot in joint.spots.items() if name != agent}
        found = nearest_to(joint.spots[agent], spots)
        assert found is not None
        return replace(joint, spots=spots, seeker=found[0] if agent == joint.seeker else joint.seeker)

    def goal(self, state: Part[TagState], body_pose: np.ndarray) -> np.ndarray:
        """(3,) float32: metres ahead and to the left of the nearest one, or of the seeker; 1 for who seeks."""
        joint, seeks = state.joint, state.agent == state.joint.seeker
        found = self._aim(joint.spots, joint.seeker) if seeks else (joint.seeker, 0.0)
        way = (0.0, 0.0) if found is None else seen_from(body_pose, [joint.spots[found[0]]])[0]
        return np.array([*way, float(seeks)], np.float32)

    def describe(self, state: Part[TagState]) -> str:
        """What the agent has to do now."""
        seeks = state.agent == state.joint.seeker
        return "Tag: touch one of the others." if seeks else "Tag: keep away from the one who seeks."

    def info(self, state: Part[TagState]) -> dict[str, Any]:
        """`is_seeker` and `touches`."""
        return {"is_seeker": state.agent == state.joint.seeker, "touches": state.joint.touches}

    def _touched(self, joint: TagState, outcomes: Mapping[str, Outcome]) -> str | None:
        if joint.rest_steps:
            return None
        others = [agent for agent in in_order(outcomes) if agent != joint.seeker]
        gaps = [(closest_gap(outcomes[joint.seeker], outcomes[agent]), agent) for agent in others]
        metres, agent = min(gaps, key=lambda pair: pair[0], default=(np.inf, ""))
        return agent if metres <= self.touch_metres else None

    def _aim(self, spots: Mapping[str, Spot], seeker: str) -> tuple[str, float] | None:
        return nearest_to(spots[seeker], {agent: spot for agent, spot in spots.items() if agent != seeker})

    def _result_of_seeker(self, joint: TagState, spots: Mapping[str, Spot], touched: str | None) -> StepResult:
        before, now = self._aim(joint.spots, joint.seeker), self._aim(spots, joint.seeker)
        nearer = 0.0 if before is None or now is None else before[1] - now[1]
        reward = self.approach_reward * nearer - self.step_reward + self.touch_reward * bool(touched)
        return StepResult(reward, is_success=bool(touched) and not self.swaps and len(spots) == 2)

    def _result(self, joint: TagState, spots: Mapping[str, Spot], agent: str, touched: str | None) -> StepResult:
        nearer = gap(joint.spots[agent], joint.spots[joint.seeker]) - gap(spots[agent], spots[joint.seeker])
        is_touched = agent == touched
        reward = self.step_reward - self.approach_reward * nearer - self.touch_reward * is_touched
        return StepResult(reward, is_failure=is_touched and not self.swaps)
