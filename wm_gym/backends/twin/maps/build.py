"""From family, seed and difficulty to a place: `build`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wm_gym.backends.twin.maps.city import build_city
from wm_gym.backends.twin.maps.courtyard import build_courtyard
from wm_gym.backends.twin.maps.park import build_park
from wm_gym.backends.twin.maps.rooms import build_rooms
from wm_gym.backends.twin.maps.twin_map import TwinMap
from wm_gym.backends.twin.maps.warehouse import build_warehouse
from wm_gym.scenes.families import DIFFICULTIES, FAMILIES

_BUILDERS: dict[str, Callable[[np.random.Generator, str], TwinMap]] = {
    "rooms": build_rooms,
    "city": build_city,
    "courtyard": build_courtyard,
    "park": build_park,
    "warehouse": build_warehouse,
}


def build(family: str, seed: int, difficulty: str = "full") -> TwinMap:
    """The place with this number; equal arguments give equal bytes.

    Args:
        family: One of `FAMILIES`.
        seed: 0 or more.
        difficulty: One of `DIFFICULTIES`, how rich the place is in materials, clutter and life.

    Raises:
        ValueError: If there is no such family or difficulty, or the seed is negative.
    """
    if family not in FAMILIES:
        raise ValueError(f"family must be one of {list(FAMILIES)}, got {family!r}")
    if difficulty not in DIFFICULTIES:
        raise ValueError(f"difficulty must be one of {list(DIFFICULTIES)}, got {difficulty!r}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, got {seed}")
    rng = np.random.default_rng([seed, FAMILIES.index(family), DIFFICULTIES.index(difficulty)])
    return _BUILDERS[family](rng, difficulty)
