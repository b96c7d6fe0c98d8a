"""Rows of episodes as arrays over policies and starts. Knows nothing of figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from wm_gym.evaluation.trust.records import TWIN, WORLD

Row = Mapping[str, Any]


class Table:
    """The episodes of some policies in one task.

    Args:
        rows: Of episodes; those of other tasks and policies are left out.
        task: Name of the task.
        policies: P names.

    Raises:
        ValueError: If no start was played by all policies in the world and in the twin.

    Attributes:
        task: Name of the task.
        policies: P names.
        numbers: E numbers of starts that all policies have played in the world and in the twin.
    """

    def __init__(self, rows: Sequence[Row], task: str, policies: Sequence[str]) -> None:
        self.task, self.policies = task, tuple(policies)
        self._rows = {
            (row["policy"], row["place"], row["number"]): row
            for row in rows
            if row["task"] == task and row["policy"] in self.policies
        }
        self.numbers = self._common(WORLD, TWIN)
        if not self.numbers:
            raise ValueError(f"task {task!r} must have a start that all of {list(policies)} have played, got none")

    def values(self, place: str, name: str) -> np.ndarray:
        """(P, E) values of one column, over the starts that all policies have in that place, E of the common ones."""
        numbers = self.numbers if place in (WORLD, TWIN) else self._common(place)
        return np.array([[self._rows[policy, place, n][name] for n in numbers] for policy in self.policies], np.float64)

    def compared(self) -> Iterator[tuple[int, int, Row]]:
        """Index of the policy, index of the start and row of each episode of the world, with its "lockstep"."""
        for p, policy in enumerate(self.policies):
            for e, number in enumerate(self.numbers):
                yield p, e, self._rows[policy, WORLD, number]

    def _common(self, *places: str) -> list[int]:
        played = [
            {number for policy, there, number in self._rows if (policy, there) == (name, place)}
            for place in places
            for name in self.policies
        ]
        return sorted(set.intersection(*played)) if played else []
