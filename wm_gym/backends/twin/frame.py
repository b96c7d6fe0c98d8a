"""The transform between the world frame (metres from the opening camera) and a map (map units).

Knows nothing of the engine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EYE_HEIGHT_METRES = 1.6
UNITS_ACROSS = 32.0
UNITS_UP = 32.0 / 1.2


@dataclass(frozen=True)
class MapFrame:
    """The world frame on a map.

    Attributes:
        x: x of the world's origin, map units.
        y: y of the world's origin, map units.
        eye_z: Height of the opening camera, map units.
        heading_radians: Direction of the world's x axis on the map, counter-clockwise from the map's +x.
    """

    x: float
    y: float
    eye_z: float
    heading_radians: float

    def map_from_world(self, points_metres: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 3) metres in the world frame to map units."""
        across = np.asarray(points_metres)[..., :2] @ self._turn().T * UNITS_ACROSS + np.array([self.x, self.y])
        up = np.asarray(points_metres)[..., 2:] * UNITS_UP + self.eye_z
        return np.concatenate([across, up], axis=-1)

    def world_from_map(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 3) map units to metres in the world frame."""
        across = (np.asarray(points)[..., :2] - np.array([self.x, self.y])) @ self._turn() / UNITS_ACROSS
        up = (np.asarray(points)[..., 2:] - self.eye_z) / UNITS_UP
        return np.concatenate([across, up], axis=-1)

    def _turn(self) -> NDArray[np.float64]:
        cos, sin = np.cos(self.heading_radians), np.sin(self.heading_radians)
        return np.array([[cos, -sin], [sin, cos]])
