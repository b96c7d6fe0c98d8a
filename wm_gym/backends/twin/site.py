"""A place prepared for bodies and events: its surfaces, its obstacles and its world frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from wm_gym.backends.twin.collision import TwinObstacles
from wm_gym.backends.twin.frame import EYE_HEIGHT_METRES, UNITS_UP, MapFrame
from wm_gym.backends.twin.maps import TwinMap
from wm_gym.backends.twin.raycast import Surfaces
from wm_gym.backends.twin.simulator import map_of, surfaces_of

_KEPT_SITES = 64


@dataclass(frozen=True)
class Site:
    """A place with what bodies and events need.

    Attributes:
        place: The map.
        surfaces: Its geometry, map units.
        frame: Transform between the world frame and the map.
        obstacles: Its obstacles, world frame.
    """

    place: TwinMap
    surfaces: Surfaces
    frame: MapFrame
    obstacles: TwinObstacles


@lru_cache(maxsize=_KEPT_SITES)
def site_of(family: str, place_seed: int, difficulty: str) -> Site:
    """The site of a place; the last few are kept."""
    place = map_of(family, place_seed, difficulty)
    surfaces = surfaces_of(place)
    frame = frame_of(place, surfaces)
    return Site(place, surfaces, frame, TwinObstacles(place, frame))


def frame_of(place: TwinMap, surfaces: Surfaces) -> MapFrame:
    """The world frame of a place, at the eye of a body at the start that looks along the start's heading."""
    x, y, heading_degrees = place.start
    floor = surfaces.floors[surfaces.sector_at(x, y)]
    return MapFrame(x, y, float(floor) + EYE_HEIGHT_METRES * UNITS_UP, float(np.radians(heading_degrees)))
