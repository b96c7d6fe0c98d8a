"""What entities can bump into, stand on and stand under, as far as they ask."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Surroundings(Protocol):
    """The place around entities, world frame, metres."""

    def floor_z(self, position: NDArray[np.float64]) -> float:
        """Height of the ground at a position (2,)."""
        ...

    def blocked(self, positions: NDArray[np.float64], radius_metres: float) -> NDArray[np.bool_]:
        """Whether something solid stands within `radius_metres` of positions (M, 2), (M,) bool."""
        ...

    def roof_z(self, position: NDArray[np.float64]) -> float | None:
        """Height of the ceiling over a position (2,), or None under the open sky."""
        ...
