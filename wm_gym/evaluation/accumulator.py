"""Figures accumulated over trajectories: each is one sum over another, so that pixels need not be kept.

Knows nothing of what is counted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

Figures = dict[str, "float | list[float]"]


class Accumulator:
    """Named quotients of sums; a quotient may be a list."""

    def __init__(self) -> None:
        """Without any figure."""
        self._sums: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def add(self, name: str, amount: ArrayLike, of: ArrayLike = 1.0) -> None:
        """Add `amount` over `of`; NaN adds nothing.

        Args:
            name: Name of the figure.
            amount: Numerator, a number or a list.
            of: Denominator, of the same shape or a number.
        """
        amount = np.asarray(amount, np.float64)
        valid = np.isfinite(amount)
        amount, of = np.where(valid, amount, 0.0), np.where(valid, of, 0.0)
        self._increase(name, amount, of)

    def mean_of(self, name: str, values: ArrayLike) -> None:
        """Add every value that is a number to the figure's mean."""
        values = np.asarray(values, np.float64).ravel()
        known = values[np.isfinite(values)]
        self.add(name, known.sum(), len(known))

    def include(self, other: Accumulator) -> None:
        """Add the sums of another accumulator."""
        for name, (amount, of) in other._sums.items():
            self._increase(name, amount, of)

    def _increase(self, name: str, amount: np.ndarray, of: np.ndarray) -> None:
        before = self._sums.get(name, (0.0, 0.0))
        self._sums[name] = (before[0] + amount, before[1] + of)

    def figures(self) -> Figures:
        """Every quotient, NaN where nothing was counted."""
        with np.errstate(invalid="ignore", divide="ignore"):
            quotients = {name: np.asarray(amount / of) for name, (amount, of) in self._sums.items()}
        return {name: value.tolist() for name, value in quotients.items()}


def with_prefix(prefix: str, figures: Mapping[str, float | list[float]]) -> Figures:
    """The figures under longer names."""
    return {f"{prefix}{name}": value for name, value in figures.items()}
