"""`Follow`: one leads, the others stay behind it and near."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from wm_gym.envs.checking import read_count
from wm_gym.envs.tasks.joint import WAY_AND_ROLE, JointTask, Part, gap, in_order, spot_of, spots_of
from wm_gym.envs.tasks.places import Spot, check_distances, draw_goal, seen_from
from wm_gym.envs.tasks.task import StepResult
from wm_gym.world.state import Outcome


@dataclass(frozen=True)
class FollowState:
    """Who leads where, and where all are.

    Attributes:
        leader: Name of the one who leads.
        route: x, y in metres of the spots that it still has to go to, world frame.
        spots: x, y in metres of each.
    """

    leader: str
    route: tuple[Spot, ...]
    spots: dict[str, Spot]


@dataclass(frozen=True)
class Follow(JointTask[FollowState]):
    """One leads along drawn spots, by whatever policy acts for it; the others stay behind it, near and not too near.

    Attributes:
        num_spots: Spots of the route.
        leg_near_metres: No leg of the route is shorter than this, where the place has such waypoints.
        leg_far_metres: No leg of the route is longer than this, where the place has such waypoints.
        reach_metres: A leader this near to a spot has reached it.
        near_metres: Who follows nearer than this earns nothing.
        far_metres: Who follows farther away than this earns nothing.
        lost_metres: Who is farther than this from the leader has failed.
        lead_reward: Earned by the leader for each metre that it came nearer to its spot.
        follow_reward: Earned at each step by who is behind the leader between the two distances.
        success_reward: Earned at the end of the route by the leader and by who is near enough.
        step_cost: Cost of a step.
    """

    num_spots: int = 4
    leg_near_metres: float = 2.0
    leg_far_metres: float = 6.0
    reach_metres: float = 0.8
    near_metres: float = 0.8
    far_metres: float = 3.0
    lost_metres: float = 20.0
    lead_reward: float = 0.5
    follow_reward: float = 0.1
    success_reward: float = 5.0
    step_cost: float = 0.01

    description: ClassVar[str] = "Follow: walk to the spots of the route if you lead, and else stay behind who leads."
    goal_space: ClassVar[gym.spaces.Box | None] = WAY_AND_ROLE

    def __post_init__(self) -> None:
        super().__post_init__()
        read_count("num_spots", self.num_spots)
        check_distances(self.leg_near_metres, self.leg_far_metres)
        check_distances(self.near_metres, self.far_metres)
        self._check_positive("reach_metres")
        if not self.lost_metres > self.far_metres:
            raise ValueError(
                f"lost_metres must be more than far_metres ({self.far_metres:g}), got {self.lost_metres:g}"
            )

    def begin(self, outcomes: Mapping[str, Outcome], waypoints: np.ndarray, rng: np.random.Generator) -> FollowState:
        """The first by name leads; draw its route among the waypoints."""
        spots = spots_of(outcomes)
        leader = next(iter(spots))
        route, here = [], spots[leader]
        for _ in range(self.num_spots):
            here = draw_goal(waypoints, np.array(here), self.leg_near_metres, self.leg_far_metres, rng)
            route.append(here)
        return FollowState(leader, tuple(route), spots)

    def advance(self, joint: FollowState, outcomes: Mapping[str, Outcome]) -> tuple[FollowState, dict[str, StepResult]]:
        """See how far the leader has come, and who is behind it."""
        spots, leader = spots_of(outcomes), joint.leader
        nearer = gap(joint.spots[leader], joint.route[0]) - gap(spots[leader], joint.route[0])
        route = joint.route[1:] if gap(spots[leader], joint.route[0]) <= self.reach_metres else joint.route
        pose = outcomes[leader].body_poses[0, -1]
        results = {agent: self._result(spots, agent, leader, pose, not route) for agent in spots if agent != leader}
        reward = self.lead_reward * nearer - self.step_cost + self.success_reward * (not route)
        results[leader] = StepResult(reward, is_success=not route)
        # an empty route would leave a leader that goes on without a goal; its last spot stays
        return replace(joint, route=route or joint.route, spots=spots), results

    def joined(self, joint: FollowState, agent: str, outcome: Outcome) -> FollowState:
        """Who comes follows."""
        return replace(joint, spots=joint.spots | {agent: spot_of(outcome)})

    def left(self, joint: FollowState, agent: str) -> FollowState:
        """Where the leader goes, the next by name leads on along the route."""
        spots = {name: spot for name, spot in joint.spots.items() if name != agent}
        return replace(joint, spots=spots, leader=in_order(spots)[0] if agent == joint.leader else joint.leader)

    def goal(self, state: Part[FollowState], body_pose: np.ndarray) -> np.ndarray:
        """(3,) float32: metres ahead and to the left of the next spot, or of the leader; 1 for who leads."""
        joint, leads = state.joint, state.agent == state.joint.leader
        aim = joint.route[0] if leads else joint.spots[joint.leader]
        return np.array([*seen_from(body_pose, [aim])[0], float(leads)], np.float32)

    def describe(self, state: Part[FollowState]) -> str:
        """What the agent has to do now."""
        leads = state.agent == state.joint.leader
        return "Follow: walk to the spots of the route." if leads else "Follow: stay behind who leads, and near."

    def info(self, state: Part[FollowState]) -> dict[str, Any]:
        """`is_leader`, `spots_left` of the route and `leader_metres` to the leader."""
        joint = state.joint
        return {
            "is_leader": state.agent == joint.leader,
            "spots_left": len(joint.route),
            "leader_metres": gap(joint.spots[state.agent], joint.spots[joint.leader]),
        }

    def _result(
        self, spots: Mapping[str, Spot], agent: str, leader: str, leader_pose: np.ndarray, has_ended: bool
    ) -> StepResult:
        metres = gap(spots[agent], spots[leader])
        ahead = float(seen_from(leader_pose, [spots[agent]])[0, 0])
        is_lost, is_near = metres > self.lost_metres, metres <= self.far_metres
        reward = self.follow_reward * (is_near and metres >= self.near_metres and ahead <= 0.0) - self.step_cost
        reward += self.success_reward * (has_ended and is_near)
        return StepResult(reward, is_success=has_ended and is_near, is_failure=is_lost or (has_ended and not is_near))
