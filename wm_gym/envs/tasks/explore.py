"""`Explore`: see as much of the floor as possible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from wm_gym.envs.tasks.task import StepResult, Task
from wm_gym.geometry.cameras import unproject
from wm_gym.world.state import Outcome

_CELLS_ACROSS = 2**24  # no walk of an episode comes near the half of it


@dataclass(frozen=True)
class ExploreState:
    """Which cells of floor have been seen.

    Attributes:
        cells: Sorted pairs of cell indices along x and y.
    """

    cells: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Explore(Task[ExploreState]):
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

    def reset(self, outcome: Outcome, waypoints: np.ndarray, rng: np.random.Generator) -> ExploreState:
        """Cells of floor that the opening shows; they earn nothing."""
        return ExploreState(tuple(sorted(self._floor_cells(outcome))))

    def update(self, state: ExploreState, outcome: Outcome) -> tuple[ExploreState, StepResult]:
        """Add the cells that the step's last frame shows."""
        known = set(state.cells)
        fresh = self._floor_cells(outcome) - known
        area = len(known | fresh) * self.cell_metres**2
        reward = self.reward_per_square_metre * len(fresh) * self.cell_metres**2
        after = ExploreState(tuple(sorted(known | fresh))) if fresh else state
        return after, StepResult(float(reward), area >= self.target_square_metres)

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
