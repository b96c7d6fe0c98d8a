"""Tasks: pure functions over a task state, so that a task forks, saves and replays with its world.

A task sees outcomes (depth, poses) and never asks which backend made them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Protocol, TypeVar

import gymnasium as gym
import numpy as np

from wm_gym.backends.naming import check_name
from wm_gym.geometry.cameras import unproject
from wm_gym.world.state import Outcome

S = TypeVar("S")

FARTHEST_METRES = 2.0**21
"""No goal is told to be farther away: four million steps of walking straight from it."""

_CELLS_ACROSS = 2**24  # no walk of an episode comes near the half of it


@dataclass(frozen=True)
class Verdict:
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

    def begin(self, outcome: Outcome, waypoints: np.ndarray, rng: np.random.Generator) -> S:
        """The task state of a world that has just opened. `waypoints` (W, 2) x, y metres can be stood on."""
        ...

    def advance(self, state: S, outcome: Outcome) -> tuple[S, Verdict]:
        """The state after a step, and its verdict."""
        ...

    def goal(self, state: S, stance: np.ndarray) -> np.ndarray | None:
        """The goal as a body at `stance` (5,) sees it, or None."""
        ...

    def pack(self, state: S) -> dict[str, Any]:
        """JSON-able data that `unpack` turns back into an equal state."""
        ...

    def unpack(self, data: dict[str, Any]) -> S:
        """The state that `pack` was given."""
        ...


@dataclass(frozen=True)
class ExploreState:
    """Which cells of floor have been seen.

    Attributes:
        cells: Sorted pairs of cell indices along x and y.
    """

    cells: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Explore:
    """See as much of the floor as possible. A step earns the newly seen area.

    Attributes:
        cell_metres: Side of a cell.
        reach_metres: Floor farther away than this does not count as seen.
        target_square_metres: Success is to have seen this much.
        reward_per_square_metre: Scale of the reward.
        floor_metres: Height of the floor in the world frame.
        tolerance_metres: Surfaces this near to the floor's height are floor.
    """

    cell_metres: float = 1.0
    reach_metres: float = 10.0
    target_square_metres: float = 400.0
    reward_per_square_metre: float = 0.1
    floor_metres: float = -1.6
    tolerance_metres: float = 0.25

    description: ClassVar[str] = "Explore: see as much of the floor as you can."
    goal_space: ClassVar[gym.spaces.Box | None] = None

    def begin(self, outcome: Outcome, waypoints: np.ndarray, rng: np.random.Generator) -> ExploreState:
        """What the opening shows is seen already and earns nothing."""
        return ExploreState(tuple(sorted(self._floor_cells(outcome))))

    def advance(self, state: ExploreState, outcome: Outcome) -> tuple[ExploreState, Verdict]:
        """Add what the step's frames show."""
        known = set(state.cells)
        fresh = self._floor_cells(outcome) - known
        area = len(known | fresh) * self.cell_metres**2
        reward = self.reward_per_square_metre * len(fresh) * self.cell_metres**2
        return ExploreState(tuple(sorted(known | fresh))), Verdict(float(reward), area >= self.target_square_metres)

    def goal(self, state: ExploreState, stance: np.ndarray) -> None:
        """There is no goal to see."""
        return None

    def pack(self, state: ExploreState) -> dict[str, Any]:
        """JSON-able data."""
        return asdict(state)

    def unpack(self, data: dict[str, Any]) -> ExploreState:
        """From JSON-able data."""
        return ExploreState(tuple((int(x), int(y)) for x, y in data["cells"]))

    def _floor_cells(self, outcome: Outcome) -> set[tuple[int, int]]:
        chunk = outcome.chunk
        assert chunk.depth is not None and chunk.moving is not None and chunk.world_from_camera is not None
        depth = chunk.depth[0, -1]
        positions = unproject(depth, outcome.intrinsics[0], chunk.world_from_camera[0, -1])
        near = (depth > 0) & (depth <= self.reach_metres) & ~chunk.moving[0, -1]
        floor = near & ((positions[..., 2] - self.floor_metres).abs() <= self.tolerance_metres)
        cells = np.floor(positions[floor][:, :2].numpy() / self.cell_metres).astype(np.int64)
        # One number for a cell: sorting numbers takes a tenth of the time of sorting pairs.
        numbers = np.unique(cells[:, 0] * _CELLS_ACROSS + cells[:, 1] + _CELLS_ACROSS // 2)
        return {(n // _CELLS_ACROSS, n % _CELLS_ACROSS - _CELLS_ACROSS // 2) for n in numbers.tolist()}


@dataclass(frozen=True)
class PointGoalState:
    """Where to go.

    Attributes:
        goal: x, y in metres, world frame.
        distance_metres: From the body to the goal.
    """

    goal: tuple[float, float]
    distance_metres: float


@dataclass(frozen=True)
class PointGoal:
    """Walk to a point of the floor. A step earns the metres that it came nearer, less a small cost of time.

    Attributes:
        near_metres: No goal is nearer than this to the start, where the place has others.
        far_metres: No goal is farther than this from the start, where the place has others.
        success_metres: Standing this near to the goal is success.
        success_reward: Earned by success.
        step_cost: Cost of a step.
    """

    near_metres: float = 3.0
    far_metres: float = 12.0
    success_metres: float = 0.8
    success_reward: float = 5.0
    step_cost: float = 0.01

    description: ClassVar[str] = "PointGoal: walk to the goal, given as metres ahead and to the left."
    goal_space: ClassVar[gym.spaces.Box | None] = gym.spaces.Box(-FARTHEST_METRES, FARTHEST_METRES, (2,), np.float32)

    def begin(self, outcome: Outcome, waypoints: np.ndarray, rng: np.random.Generator) -> PointGoalState:
        """Draw the goal among the waypoints."""
        here = outcome.stances[0, -1, :2]
        distances = np.linalg.norm(waypoints - here, axis=1)
        fitting = np.flatnonzero((distances >= self.near_metres) & (distances <= self.far_metres))
        chosen = int(rng.choice(fitting)) if len(fitting) else int(distances.argmax())
        x, y = (float(value) for value in waypoints[chosen])
        return PointGoalState((x, y), float(distances[chosen]))

    def advance(self, state: PointGoalState, outcome: Outcome) -> tuple[PointGoalState, Verdict]:
        """Measure the way that is left."""
        here = outcome.stances[0, -1, :2]
        distance = float(np.linalg.norm(np.asarray(state.goal) - here))
        is_success = distance <= self.success_metres
        reward = state.distance_metres - distance - self.step_cost + self.success_reward * is_success
        return replace(state, distance_metres=distance), Verdict(float(reward), is_success)

    def goal(self, state: PointGoalState, stance: np.ndarray) -> np.ndarray:
        """(2,) float32 metres ahead of the body and to its left, at most `FARTHEST_METRES` each."""
        east, north = np.asarray(state.goal) - stance[:2]
        cos, sin = np.cos(stance[3]), np.sin(stance[3])
        way = np.array([east * cos + north * sin, north * cos - east * sin])
        return way.clip(-FARTHEST_METRES, FARTHEST_METRES).astype(np.float32)

    def pack(self, state: PointGoalState) -> dict[str, Any]:
        """JSON-able data."""
        return asdict(state)

    def unpack(self, data: dict[str, Any]) -> PointGoalState:
        """From JSON-able data."""
        return PointGoalState((data["goal"][0], data["goal"][1]), data["distance_metres"])


TASKS: dict[str, type[Explore] | type[PointGoal]] = {"explore": Explore, "point_goal": PointGoal}


def find_task(name: str) -> Task[Any]:
    """The task of that name, with its default settings.

    Raises:
        ValueError: If there is none.
    """
    check_name("task", name, sorted(TASKS))
    return TASKS[name]()
