"""`ExploreTogether`: see as much of the floor as possible, each its part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from wm_gym.envs.tasks.explore import Explore
from wm_gym.envs.tasks.joint import JointTask, Part, in_order
from wm_gym.envs.tasks.task import StepResult
from wm_gym.world.state import Outcome


@dataclass(frozen=True)
class ExploreTogetherState:
    """Which cells of floor any of them has seen.

    Attributes:
        cells: Sorted pairs of cell indices along x and y.
        parts: Square metres that each was the first to see.
    """

    cells: tuple[tuple[int, int], ...]
    parts: dict[str, float]


@dataclass(frozen=True)
class ExploreTogether(JointTask[ExploreTogetherState]):
    """See as much of the floor as possible together. A step earns the newly seen area; who sees it at once share it.

    Attributes:
        cell_metres: Side of a cell.
        reach_metres: Floor farther away than this does not count as seen.
        target_square_metres: Success of all is that they have seen this much together.
        reward_per_square_metre: Scale of the reward.
        floor_metres: Height of the floor in the world frame.
        tolerance_metres: Surfaces this near to the floor's height are floor.
    """

    cell_metres: float = 1.0
    reach_metres: float = 10.0
    target_square_metres: float = 600.0
    reward_per_square_metre: float = 0.1
    floor_metres: float = -1.6
    tolerance_metres: float = 0.25

    description: ClassVar[str] = "Explore: see as much of the floor as you can, where none of the others has been."

    def begin(
        self, outcomes: Mapping[str, Outcome], waypoints: np.ndarray, rng: np.random.Generator
    ) -> ExploreTogetherState:
        """Cells of floor that the openings show; they earn nothing."""
        cells = set().union(*(self._cells(outcome) for outcome in outcomes.values()))
        return ExploreTogetherState(tuple(sorted(cells)), dict.fromkeys(in_order(outcomes), 0.0))

    def advance(
        self, joint: ExploreTogetherState, outcomes: Mapping[str, Outcome]
    ) -> tuple[ExploreTogetherState, dict[str, StepResult]]:
        """Add the cells that the last frames show; each new one is shared by those who see it."""
        known = set(joint.cells)
        fresh = {agent: self._cells(outcomes[agent]) - known for agent in in_order(outcomes)}
        seen_by = Counter(cell for cells in fresh.values() for cell in cells)
        # summed in the order of cells, so that the last bit does not depend on that of a set
        parts = {
            agent: self.cell_metres**2 * sum(1.0 / seen_by[cell] for cell in sorted(cells))
            for agent, cells in fresh.items()
        }
        cells = tuple(sorted(known | set(seen_by))) if seen_by else joint.cells
        found = len(cells) * self.cell_metres**2 >= self.target_square_metres
        after = ExploreTogetherState(cells, {agent: joint.parts[agent] + part for agent, part in parts.items()})
        return after, {agent: StepResult(self.reward_per_square_metre * part, found) for agent, part in parts.items()}

    def joined(self, joint: ExploreTogetherState, agent: str, outcome: Outcome) -> ExploreTogetherState:
        """What who comes sees at once earns nothing."""
        cells = set(joint.cells) | self._cells(outcome)
        return replace(joint, cells=tuple(sorted(cells)), parts=joint.parts | {agent: 0.0})

    def left(self, joint: ExploreTogetherState, agent: str) -> ExploreTogetherState:
        """What who goes has seen stays seen."""
        return replace(joint, parts={name: part for name, part in joint.parts.items() if name != agent})

    def info(self, state: Part[ExploreTogetherState]) -> dict[str, Any]:
        """`seen_square_metres` by all together, and `own_square_metres` that the agent was the first to see."""
        seen = len(state.joint.cells) * self.cell_metres**2
        return {"seen_square_metres": float(seen), "own_square_metres": float(state.joint.parts[state.agent])}

    def _cells(self, outcome: Outcome) -> set[tuple[int, int]]:
        alone = Explore(
            cell_metres=self.cell_metres,
            reach_metres=self.reach_metres,
            floor_metres=self.floor_metres,
            tolerance_metres=self.tolerance_metres,
        )
        return alone.floor_cells(outcome)
