"""From family, seed and difficulty to a place: `build`."""

from __future__ import annotations

import numpy as np

from wm_gym.backends.twin.maps.from_draft import map_of_draft
from wm_gym.backends.twin.maps.map_builder import open_builder
from wm_gym.backends.twin.maps.twin_map import MAP_UNITS_PER_METRE, TwinMap
from wm_gym.plans import draft_of
from wm_gym.scenes.families import DIFFICULTIES, FAMILIES

_INDOORS = ("rooms", "warehouse")
# an odd number of map units, so that waypoints, which lie on a grid from the corner, lie on no border of a plan
_BORDER = 33.0 / MAP_UNITS_PER_METRE


def build(family: str, seed: int, difficulty: str = "full") -> TwinMap:
    """The place with this number; equal arguments give equal bytes.

    Args:
        family: One of `FAMILIES`.
        seed: 0 or more.
        difficulty: One of `DIFFICULTIES`, how rich the place is in materials, clutter and life.

    Raises:
        ValueError: If there is no such family or difficulty, or the seed is negative.
    """
    draft = draft_of(family, seed, difficulty)
    rng = np.random.default_rng([seed, FAMILIES.index(family), DIFFICULTIES.index(difficulty), 1])
    extent = draft.extent.inset(-_BORDER).scaled(MAP_UNITS_PER_METRE)
    return map_of_draft(open_builder(extent, rng, difficulty, indoors=family in _INDOORS), draft)
