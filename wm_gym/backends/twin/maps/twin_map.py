"""The result of map building: WAD, geometry, free ground and caption of one procedural place.

Lengths are map units (MU): 32 MU = 1 m across, and z_metres = z_MU * 1.2 / 32. Knows nothing of the engine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAP_UNITS_PER_METRE = 32.0
MAP_UNITS_PER_METRE_UP = 32.0 / 1.2


@dataclass(frozen=True)
class TwinMap:
    """One place that the twin renders.

    Attributes:
        wad: PWAD bytes with map MAP01, the actors, the palette and all textures and sprites.
        lines: (L, 4) x1, y1, x2, y2 in MU.
        line_sides: (L, 2) front and back sector, back -1 where there is none; the front is on the right of v1 -> v2.
        floor_heights: (S,) MU.
        ceiling_heights: (S,) MU.
        sky: (S,) whether the ceiling is sky.
        blocking: (L,) whether a walking body cannot cross the line.
        solids: (B, 3) x, y, radius in MU of standing things that block a body.
        start: x, y in MU and heading in degrees, counter-clockwise from +x.
        waypoints: (W, 2) free positions in MU that can be walked to from the start, which is row 0; W is at least 32.
        lamps: (N, 3) x, y, z in MU of lamps.
        caption: One sentence that describes the place.
        clothes: (P, 3) colours of what people of each look wear over the waist, 0..1.
    """

    wad: bytes
    lines: NDArray[np.float64]
    line_sides: NDArray[np.int32]
    floor_heights: NDArray[np.float64]
    ceiling_heights: NDArray[np.float64]
    sky: NDArray[np.bool_]
    blocking: NDArray[np.bool_]
    solids: NDArray[np.float64]
    start: tuple[float, float, float]
    waypoints: NDArray[np.float64]
    lamps: NDArray[np.float64]
    caption: str
    clothes: NDArray[np.float64]
