"""One frame with the geometry that effects need: colour, depth, and the surface and instance in each pixel.

Positions are map metres: along the map's axes, in metres. Knows nothing of the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.raycast import Surfaces


@dataclass(frozen=True)
class Ground:
    """The place, as effects need it.

    Attributes:
        surfaces: The map, map units.
        units: (3,) map units per metre along the map's axes.
        lamps: (N, 3) positions of lamps, map metres.
    """

    surfaces: Surfaces
    units: NDArray[np.float64]
    lamps: NDArray[np.float64]


@dataclass
class Scene:
    """A frame while it is rendered; effects change `colour`, `depth` and `moving` in place.

    Attributes:
        ground: The place.
        colour: (H, W, 3) float32, 0..255.
        depth: (H, W) float32 planar metres.
        moving: (H, W) bool.
        surface_ids: (H, W) int16 surface numbers of the ray caster.
        instances: (H, W) uint8 instance numbers.
        instance_names: Actor class of each instance.
        eye: (3,) map metres.
        ray_from_pixel: (3, 3) from (u, v, 1) to the point at depth 1 m, map metres from the eye.
        far: Depth of the sky, metres.
        night: Strength of the night, 0..1, which darkens fog and snow too.
        objects: (H, W) bool for each kind of object in view: pixels to whose colour it gives anything.
    """

    ground: Ground
    colour: NDArray[np.float32]
    depth: NDArray[np.float32]
    moving: NDArray[np.bool_]
    surface_ids: NDArray[np.int16]
    instances: NDArray[np.uint8]
    instance_names: Mapping[int, str]
    eye: NDArray[np.float64]
    ray_from_pixel: NDArray[np.float64]
    far: float
    night: float = 0.0
    objects: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    def mask_of(self, prefix: str) -> NDArray[np.bool_]:
        """(H, W) bool, the pixels of actors whose class begins with `prefix`."""
        numbers = [number for number, name in self.instance_names.items() if name.startswith(prefix)]
        return np.isin(self.instances, numbers) if numbers else np.zeros(self.instances.shape, np.bool_)
