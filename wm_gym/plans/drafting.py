"""From family, number and difficulty to a draft: `draft_of`."""

from __future__ import annotations

from functools import partial

import numpy as np

from wm_gym.plans.city import draw_city
from wm_gym.plans.courtyard import draw_courtyard
from wm_gym.plans.draft import SOUTH_START, Draft, Sketch
from wm_gym.plans.joined import Drawer, draw_joined
from wm_gym.plans.park import draw_park
from wm_gym.plans.rooms import draw_rooms
from wm_gym.plans.warehouse import draw_warehouse

DIFFICULTIES = ("simple", "medium", "full")
"""Richness of a place in materials, clutter and moving objects, and with it how hard it is to learn."""

_DRAWERS: dict[str, Drawer] = {
    "rooms": draw_rooms,
    "city": draw_city,
    "courtyard": draw_courtyard,
    "park": draw_park,
    "warehouse": draw_warehouse,
}
_DRAWERS["joined"] = partial(draw_joined, drawers=dict(_DRAWERS))

FAMILIES = tuple(_DRAWERS)
"""Categories of places: "city/9" is the city with number 9. A "joined" place leads from one into another."""

# width and height of the largest plan, metres
_SIZES = {
    "rooms": (88.0, 42.0),
    "city": (110.0, 110.0),
    "courtyard": (110.0, 90.0),
    "park": (106.0, 106.0),
    "warehouse": (100.0, 64.0),
    "joined": (120.0, 60.0),
}
_START_KINDS = ("room", "corridor", "crossing", "round", "junction", "open hall", "piles hall", *SOUTH_START)


def draft_of(family: str, seed: int, difficulty: str = "full") -> Draft:
    """The plan of the place with this number; equal arguments give equal drafts.

    Args:
        family: "rooms", "city", "courtyard", "park", "warehouse", or "joined" for several of them in one map.
        seed: 0 or more.
        difficulty: One of `DIFFICULTIES`.

    Raises:
        ValueError: If there is no such family or difficulty, or the seed is negative.
    """
    if family not in _DRAWERS:
        raise ValueError(f"family must be one of {list(_DRAWERS)}, got {family!r}")
    if difficulty not in DIFFICULTIES:
        raise ValueError(f"difficulty must be one of {list(DIFFICULTIES)}, got {difficulty!r}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, got {seed}")
    richness = DIFFICULTIES.index(difficulty)
    sketch = Sketch(np.random.default_rng([seed, list(_DRAWERS).index(family), richness]), richness)
    extent = _DRAWERS[family](sketch, *_SIZES[family])
    return sketch.finish(family, extent, _START_KINDS)
