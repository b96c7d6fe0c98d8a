"""Tasks: pure functions over a task state, so that a task forks, saves and replays with its world.

A task sees outcomes (depth, poses, collisions) and never asks which backend made them. `docs/add_a_task.md` writes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_origin, get_type_hints

import gymnasium as gym
import numpy as np

from wm_gym.envs.checking import READERS, read_positive
from wm_gym.envs.markers import Marker
from wm_gym.world.state import Outcome

S = TypeVar("S")


@dataclass(frozen=True)
class StepResult:
    """What a step came to.

    Attributes:
        reward: Of this step.
        is_success: Whether the aim is reached now; the episode ends.
        is_failure: Whether the aim can no longer be reached; the episode ends.
    """

    reward: float
    is_success: bool = False
    is_failure: bool = False

    def __post_init__(self) -> None:
        if self.is_success and self.is_failure:
            raise ValueError("a step must not be a success and a failure at once, got both")


@dataclass(frozen=True)
class TimedEvent:
    """An event asked for at reset.

    Attributes:
        at: Environment steps from now until onset.
        text: What starts or stops.
        steps: Environment steps until it begins to end, or None.
    """

    at: int
    text: str
    steps: int | None = None


@dataclass(frozen=True)
class Task(Generic[S]):
    """Base of all tasks.

    A task is a frozen dataclass whose fields are its settings, each a number, bool or string, or JSON-able; it derives
    from `Task[S]`, where `S`, the task state, is a frozen dataclass of JSON-able fields, with tuples for lists.

    Attributes:
        description: What is to be done, in a sentence.
        goal_space: Space of what `goal` gives, or None without a goal; `goal_box` where it depends on frames.
        state_class: `S`.
    """

    description: ClassVar[str] = ""
    goal_space: ClassVar[gym.spaces.Box | None] = None
    state_class: ClassVar[type[Any]]

    def __init_subclass__(cls) -> None:
        for base in cls.__dict__.get("__orig_bases__", ()):
            if get_origin(base) is Task:
                cls.state_class = get_args(base)[0]

    def __post_init__(self) -> None:
        types = get_type_hints(type(self))
        for field in fields(self):
            if types[field.name] in READERS:
                READERS[types[field.name]](field.name, getattr(self, field.name))

    def _check_positive(self, *names: str) -> None:
        for name in names:
            read_positive(name, getattr(self, name))

    def reset(self, outcome: Outcome, waypoints: np.ndarray, rng: np.random.Generator) -> S:
        """The task state of a world that has just opened. `waypoints` (W, 2) x, y metres can be stood on."""
        raise NotImplementedError(f"{type(self).__name__}.reset(outcome, waypoints, rng) must give a task state")

    def update(self, state: S, outcome: Outcome) -> tuple[S, StepResult]:
        """The task state after a step, and what the step came to."""
        raise NotImplementedError(f"{type(self).__name__}.update(state, outcome) must give a task state and StepResult")

    def goal(self, state: S, body_pose: np.ndarray) -> np.ndarray | None:
        """The goal as a body at `body_pose` (5,) sees it, within `goal_space`; None without one."""
        return None

    def goal_box(self, height: int, width: int) -> gym.spaces.Box | None:
        """Space of what `goal` gives beside frames of H x W pixels."""
        return self.goal_space

    def describe(self, state: S) -> str:
        """What is to be done in this episode, in a sentence."""
        return self.description

    def distance(self, state: S, body_pose: np.ndarray) -> float | None:
        """Metres that a body at `body_pose` (5,) has left to the goal; None where no goal has a place."""
        return None

    def markers(self, state: S) -> Sequence[Marker]:
        """Objects that frames and depth are to show."""
        return ()

    def events(self, state: S) -> Sequence[TimedEvent]:
        """Events of the world that the task asks for when an episode begins."""
        return ()

    def wanted_picture(self, state: S) -> np.ndarray | None:
        """(3,) x, y in metres and yaw in radians from where the task wants to see the world at reset, or None."""
        return None

    def with_picture(self, state: S, picture: np.ndarray) -> S:
        """The task state that knows the picture (H, W, 3) uint8 it wanted."""
        return state

    def info(self, state: S) -> Mapping[str, Any]:
        """The task's part of `info`: names to numbers, bools or arrays, of the same shapes and types at every step."""
        return {}

    def pack(self, state: S) -> dict[str, Any]:
        """JSON-able data that `unpack` turns back into an equal state."""
        return asdict(state)  # type: ignore[call-overload]

    def unpack(self, data: dict[str, Any]) -> S:
        """The state that `pack` was given."""
        return self.state_class(**{name: as_tuples(value) for name, value in data.items()})


def as_tuples(value: Any) -> Any:
    """Lists, which is what JSON makes of tuples, as tuples, in dicts too."""
    if isinstance(value, dict):
        return {name: as_tuples(one) for name, one in value.items()}
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value
