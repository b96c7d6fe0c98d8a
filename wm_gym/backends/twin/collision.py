"""Collision of bodies with a map: blocking lines and standing things."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.frame import UNITS_ACROSS, MapFrame
from wm_gym.backends.twin.maps import TwinMap


class TwinObstacles:
    """The obstacles of one place, in the world frame.

    Args:
        place: The map.
        frame: Where the world frame lies on it.
    """

    def __init__(self, place: TwinMap, frame: MapFrame) -> None:
        ends = place.lines[place.blocking].reshape(-1, 2, 2)
        flat = np.zeros((*ends.shape[:-1], 3))
        flat[..., :2] = ends
        ends_metres = frame.world_from_map(flat)[..., :2]
        self._starts, self._edges = ends_metres[:, 0], ends_metres[:, 1] - ends_metres[:, 0]
        solids = np.zeros((len(place.solids), 3))
        solids[:, :2] = place.solids[:, :2]
        self._centres = frame.world_from_map(solids)[:, :2]
        self._radii = place.solids[:, 2] / UNITS_ACROSS

    def blocked(self, positions: NDArray[np.float64], radius: float) -> NDArray[np.bool_]:
        """Whether a body at each position overlaps an obstacle, (M,) bool.

        Args:
            positions: (M, 2) metres, world frame.
            radius: Metres.
        """
        positions = np.asarray(positions, np.float64)
        if positions.ndim != 2 or positions.shape[1] != 2:
            raise ValueError(f"positions must have shape (M, 2), got {positions.shape}")
        return self._touches_line(positions, radius) | self._touches_solid(positions, radius)

    def _touches_line(self, positions: NDArray[np.float64], radius: float) -> NDArray[np.bool_]:
        offsets = positions[:, None] - self._starts
        lengths_squared = np.maximum((self._edges**2).sum(-1), 1e-12)
        along = np.clip((offsets * self._edges).sum(-1) / lengths_squared, 0.0, 1.0)
        distances_squared = ((offsets - along[..., None] * self._edges) ** 2).sum(-1)
        return (distances_squared < radius**2).any(axis=1)

    def _touches_solid(self, positions: NDArray[np.float64], radius: float) -> NDArray[np.bool_]:
        distances_squared = ((positions[:, None] - self._centres) ** 2).sum(-1)
        return (distances_squared < (radius + self._radii) ** 2).any(axis=1)
