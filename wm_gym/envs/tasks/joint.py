"""`JointTask`: what several bodies of one world have to do together, as pure functions over one state for all.

Agents go by their names. Nothing depends on the order in which they are given, and they may come and go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_origin

import gymnasium as gym
import numpy as np

from wm_gym.envs.tasks.places import FARTHEST_METRES, FLOOR_Z, Spot
from wm_gym.envs.tasks.task import StepResult, Task, as_tuples
from wm_gym.world.state import Outcome

J = TypeVar("J")

WAY_AND_ROLE = gym.spaces.Box(
    np.array([-FARTHEST_METRES, -FARTHEST_METRES, 0.0], np.float32),
    np.array([FARTHEST_METRES, FARTHEST_METRES, 1.0], np.float32),
)
"""Of goals: metres ahead of a body and to its left, and whether it has the task's one role, such as who seeks."""

_CHEST_METRES, _HIDDEN_METRES = 1.1, 0.6
"""Height over the floor of what is seen of a body, and how far before it a surface must be to hide it."""


@dataclass(frozen=True)
class Part(Generic[J]):
    """One agent's part in a joint task.

    Attributes:
        joint: The state of all.
        agent: Its name.
    """

    joint: J
    agent: str


@dataclass(frozen=True)
class JointTask(Task[Part[J]], Generic[J]):
    """Base of tasks of several bodies; derive from `JointTask[J]`, where `J` is the state of all.

    `J` is a frozen dataclass of JSON-able fields, with tuples for lists. `goal`, `describe` and `info` are those of
    `Task`, of one agent's part.
    """

    joint_class: ClassVar[type[Any]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in cls.__dict__.get("__orig_bases__", ()):
            if get_origin(base) is JointTask:
                cls.joint_class = get_args(base)[0]

    def begin(self, outcomes: Mapping[str, Outcome], waypoints: np.ndarray, rng: np.random.Generator) -> J:
        """The state of all when a world has just opened.

        Args:
            outcomes: What it showed each agent.
            waypoints: (W, 2) x, y metres that can be stood on.
            rng: Draws what is left to chance.
        """
        raise NotImplementedError(f"{type(self).__name__}.begin(outcomes, waypoints, rng) must give a state of all")

    def advance(self, joint: J, outcomes: Mapping[str, Outcome]) -> tuple[J, dict[str, StepResult]]:
        """The state of all after a step, and what the step came to for each agent."""
        raise NotImplementedError(f"{type(self).__name__}.advance(joint, outcomes) must give a state and StepResults")

    def joined(self, joint: J, agent: str, outcome: Outcome) -> J:
        """The state of all when an agent has come."""
        raise NotImplementedError(f"{type(self).__name__}.joined(joint, agent, outcome) must give a state of all")

    def left(self, joint: J, agent: str) -> J:
        """The state of all when an agent, not the last one, has gone."""
        raise NotImplementedError(f"{type(self).__name__}.left(joint, agent) must give a state of all")

    def reset(self, outcome: Outcome, waypoints: np.ndarray, rng: np.random.Generator) -> Part[J]:
        """Refuses: one body alone has no part in it.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f"task {type(self).__name__} must be of several bodies (wm_gym.parallel_env), got one")

    def update(self, state: Part[J], outcome: Outcome) -> tuple[Part[J], StepResult]:
        """The part as it was: `advance` settles for all at once what a step came to."""
        return state, StepResult(0.0)

    def pack(self, state: Part[J]) -> dict[str, Any]:
        """JSON-able data that `unpack` turns back into an equal part."""
        return {"joint": asdict(state.joint), "agent": state.agent}  # type: ignore[call-overload]

    def unpack(self, data: dict[str, Any]) -> Part[J]:
        """The part that `pack` was given."""
        return Part(self.joint_class(**as_tuples(data["joint"])), data["agent"])


def in_order(agents: Iterable[str]) -> list[str]:
    """Agents by name, "agent_2" before "agent_10"."""
    return sorted(agents, key=lambda agent: (len(agent), agent))


def spot_of(outcome: Outcome) -> Spot:
    """Where a body is at the last frame."""
    x, y = outcome.body_poses[0, -1, :2]
    return float(x), float(y)


def spots_of(outcomes: Mapping[str, Outcome]) -> dict[str, Spot]:
    """Where each body is at the last frame, by name in order."""
    return {agent: spot_of(outcomes[agent]) for agent in in_order(outcomes)}


def gap(one: Spot, other: Spot) -> float:
    """Metres between two spots."""
    return float(np.hypot(one[0] - other[0], one[1] - other[1]))


def nearest_to(spot: Spot, others: Mapping[str, Spot]) -> tuple[str, float] | None:
    """The nearest of others and its distance in metres, the first by name of equally near ones; None without any."""
    gaps = [(agent, gap(spot, others[agent])) for agent in in_order(others)]
    return min(gaps, key=lambda pair: pair[1], default=None)


def closest_gap(one: Outcome, other: Outcome) -> float:
    """The least distance in metres of two bodies in any frame of a step."""
    return float(np.linalg.norm(one.body_poses[0, :, :2] - other.body_poses[0, :, :2], axis=-1).min())


def sees(outcome: Outcome, spot: Spot) -> bool:
    """Whether the last frame shows the chest of a body at a spot: it is within the frame, and nothing hides it."""
    chunk = outcome.chunk
    assert chunk.depth is not None and chunk.world_from_camera is not None
    pose = chunk.world_from_camera[0, -1].double().numpy()
    x, y, metres = pose[:3, :3].T @ (np.array([*spot, FLOOR_Z + _CHEST_METRES]) - pose[:3, 3])
    if metres <= 0.0:
        return False
    fx, fy, cx, cy = outcome.intrinsics[0].tolist()
    column, row = int(np.floor(fx * x / metres + cx)), int(np.floor(fy * y / metres + cy))
    height, width = chunk.depth.shape[-2:]
    return (
        0 <= row < height and 0 <= column < width and float(chunk.depth[0, -1, row, column]) > metres - _HIDDEN_METRES
    )
