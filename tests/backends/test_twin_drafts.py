"""The twin's maps are what their drafts say: one walks from the start to every space."""

from __future__ import annotations

import numpy as np
import pytest

from wm_gym.backends.twin.maps import build
from wm_gym.backends.twin.maps.twin_map import MAP_UNITS_PER_METRE
from wm_gym.plans import Draft, Rect, draft_of
from wm_gym.scenes.families import FAMILIES

STEP = 8.0
"""Side of the cells that are flooded, map units."""


def reached(draft: Draft, seed: int) -> list[bool]:
    """Whether some ground of each space can be walked to from the start, by a body of no width."""
    place = build(draft.family, seed)
    extent = draft.extent.inset(-1.0).scaled(MAP_UNITS_PER_METRE)
    shape = int(extent.width / STEP), int(extent.height / STEP)
    # walls[0] part a cell from the next one along x, walls[1] along y
    walls = np.zeros((2, *shape), bool)
    for x1, y1, x2, y2 in place.lines[place.blocking].tolist():
        axis = 0 if x1 == x2 else 1
        at = round(((x1 - extent.x0) if axis == 0 else (y1 - extent.y0)) / STEP) - 1
        low, high = sorted((y1 - extent.y0, y2 - extent.y0) if axis == 0 else (x1 - extent.x0, x2 - extent.x0))
        span = slice(int(np.floor(low / STEP)), int(np.ceil(high / STEP)))
        if axis == 0:
            walls[0, at, span] = True
        else:
            walls[1, span, at] = True
    ground = np.zeros(shape, bool)
    ground[int((place.start[0] - extent.x0) / STEP), int((place.start[1] - extent.y0) / STEP)] = True
    count = 0
    while ground.sum() > count:
        count = ground.sum()
        for _ in range(16):
            ground[1:] |= ground[:-1] & ~walls[0, :-1]
            ground[:-1] |= ground[1:] & ~walls[0, :-1]
            ground[:, 1:] |= ground[:, :-1] & ~walls[1, :, :-1]
            ground[:, :-1] |= ground[:, 1:] & ~walls[1, :, :-1]
    return [bool(ground[_cells(space.rect.scaled(MAP_UNITS_PER_METRE), extent)].any()) for space in draft.spaces]


def _cells(rect: Rect, extent: Rect) -> tuple[slice, slice]:
    low = int((rect.x0 - extent.x0) / STEP) + 1, int((rect.y0 - extent.y0) / STEP) + 1
    high = int((rect.x1 - extent.x0) / STEP), int((rect.y1 - extent.y0) / STEP)
    return slice(low[0], high[0]), slice(low[1], high[1])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("family", FAMILIES)
def test_one_walks_from_the_start_to_every_space_of_a_draft(family: str, seed: int) -> None:
    assert all(reached(draft_of(family, seed), seed))
