"""The info of a task, checked: flat, with names of its own, and with the same shapes and types at every step."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np


class TaskInfo:
    """Checks the info of one task at every step against that of the first.

    Args:
        taken: Names that the environment's own info has.
    """

    def __init__(self, taken: Collection[str]) -> None:
        self._taken = frozenset(taken)
        self._first: dict[str, tuple[tuple[int, ...], np.dtype]] | None = None

    def check(self, info: Mapping[str, Any]) -> dict[str, Any]:
        """The info with its arrays copied.

        Raises:
            ValueError: If a name is taken, a value is no number, bool or array of them, or shapes or types change.
        """
        shapes = {name: self._shape(name, value) for name, value in info.items()}
        if self._first is None:
            self._first = shapes
        if shapes != self._first:
            raise ValueError(f"info of a task must keep its names, shapes and types {self._first}, got {shapes}")
        return {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in info.items()}

    def _shape(self, name: str, value: Any) -> tuple[tuple[int, ...], np.dtype]:
        if name in self._taken:
            raise ValueError(f"info of a task must have names of its own, got {name!r}")
        array = np.asarray(value) if isinstance(value, bool | int | float | np.generic | np.ndarray) else None
        if array is None or array.dtype.kind not in "biuf":
            raise ValueError(f"info of a task must be numbers, bools or arrays of them, got {value!r} for {name!r}")
        return array.shape, array.dtype
