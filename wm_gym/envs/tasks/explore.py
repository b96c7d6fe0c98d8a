"""`Explore`: see as much of the floor as possible."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numba import njit

from wm_gym.envs.tasks.task import StepResult, Task
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
        return ExploreState(tuple(sorted(self.floor_cells(outcome))))

    def update(self, state: ExploreState, outcome: Outcome) -> tuple[ExploreState, StepResult]:
        """Add the cells that the step's last frame shows."""
        known = set(state.cells)
        fresh = self.floor_cells(outcome) - known
        area = len(known | fresh) * self.cell_metres**2
        reward = self.reward_per_square_metre * len(fresh) * self.cell_metres**2
        after = ExploreState(tuple(sorted(known | fresh))) if fresh else state
        return after, StepResult(float(reward), area >= self.target_square_metres)

    def floor_cells(self, outcome: Outcome) -> set[tuple[int, int]]:
        """The cells of floor that the last frame shows."""
        chunk = outcome.chunk
        assert chunk.depth is not None and chunk.moving is not None and chunk.world_from_camera is not None
        last = chunk.depth[0, -1], chunk.moving[0, -1], outcome.intrinsics[0], chunk.world_from_camera[0, -1]
        depth, moving, lens, pose = (t.contiguous().numpy() for t in last)
        bounds = self.reach_metres, self.floor_metres, self.tolerance_metres
        numbers = np.unique(_cells_in_view(depth, moving, lens, pose, bounds, self.cell_metres))
        return {(n // _CELLS_ACROSS, n % _CELLS_ACROSS - _CELLS_ACROSS // 2) for n in numbers.tolist()}


@njit(nogil=True, cache=True, error_model="numpy")
def _cells_in_view(depth, moving, intrinsics, world_from_camera, bounds, cell_metres):
    """The cells of floor that one frame shows, (K,) int64, as one number each; a cell may come more than once.

    Args:
        depth: (H, W) float32 metres; 0 where it is unknown.
        moving: (H, W) bool.
        intrinsics: (4,) float32 fx, fy, cx, cy in pixels.
        world_from_camera: (4, 4) float32.
        bounds: Metres: the largest depth, the height of the floor, and how far from it a point may be.
        cell_metres: Side of a cell.
    """
    (reach, floor, tolerance), pose = bounds, world_from_camera
    numbers, count = np.empty(depth.size, np.int64), 0
    for row in range(depth.shape[0]):
        y = (row + 0.5 - intrinsics[3]) / intrinsics[1]
        for column in range(depth.shape[1]):
            metres, x = depth[row, column], (column + 0.5 - intrinsics[2]) / intrinsics[0]
            if moving[row, column] or not 0 < metres <= reach:
                continue
            height = (pose[2, 0] * x + pose[2, 1] * y + pose[2, 2]) * metres + pose[2, 3]
            if abs(height - floor) <= tolerance:
                east = (pose[0, 0] * x + pose[0, 1] * y + pose[0, 2]) * metres + pose[0, 3]
                north = (pose[1, 0] * x + pose[1, 1] * y + pose[1, 2]) * metres + pose[1, 3]
                across = math.floor(east / cell_metres) * _CELLS_ACROSS
                numbers[count] = across + math.floor(north / cell_metres) + _CELLS_ACROSS // 2
                count += 1
    return numbers[:count]
