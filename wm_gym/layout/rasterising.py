"""From a draft of a place to cells: what lies at the middle of each half metre, and the objects on it.

Rooms lie on quarters of a metre in drafts; here their walls are a metre thick and lie on whole metres, so that a
network of half-metre cells meets few forms of wall.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wm_gym.layout.cells import CELL_METRES, INDEX, NUM_KINDS, OBJECTS, PATCH, PATCH_METRES, SOLID, UNKNOWN, Grid
from wm_gym.plans import Draft, Patch, Rect

_WALL_METRES = 0.75
_INDOORS = ("room", "corridor", "inner_court", "door")
_FURNITURE = ("table", "desk", "cabinet", "sofa", "sofa_back", "box", "rug")
_SAME = {"lane_x": "asphalt", "lane_y": "asphalt", "passage": "arch", "pillar": "solid", "mouth": "court_1"}


@dataclass(frozen=True)
class Raster:
    """A place in cells.

    Attributes:
        grid: (X, Y) uint8 classes; `UNKNOWN` outside of the place.
        objects: (X / PATCH, Y / PATCH) uint8, objects of patches as `cells.OBJECTS`.
        family: Number of its family in `cells.FAMILIES`.
    """

    grid: Grid
    objects: NDArray[np.uint8]
    family: int


def rasterised(draft: Draft, family: int) -> Raster:
    """The cells of a draft; cell (0, 0) begins at the corner of its extent."""
    west, south = -draft.extent.x0, -draft.extent.y0
    columns, rows = (math.ceil(side / PATCH_METRES) * PATCH for side in (draft.extent.width, draft.extent.height))
    grid = np.full((columns, rows), INDEX["solid"], np.uint8)
    for patch in draft.patches:
        _paint(grid, replace(patch, rect=patch.rect.moved(west, south)))
    grid[_past(draft.extent.width) :], grid[:, _past(draft.extent.height) :] = UNKNOWN, UNKNOWN
    jets = [("jet", *patch.rect.centre) for patch in draft.patches if patch.kind == "fountain"]
    standing = [*((spot.kind, spot.x, spot.y) for spot in draft.spots), *jets]
    return Raster(grid, _objects([(kind, x + west, y + south) for kind, x, y in standing], grid), family)


def _past(metres: float) -> int:
    """The first cell whose middle lies past an edge."""
    return math.ceil(metres / CELL_METRES - 0.5)


def _paint(grid: Grid, patch: Patch) -> None:
    rect = _snapped(patch)
    x0, y0, x1, y1 = (max(0, _past(edge)) for edge in (rect.x0, rect.y0, rect.x1, rect.y1))
    part = grid[x0:x1, y0:y1]
    if patch.kind == "fountain" or patch.kind == "pool":
        part[:] = INDEX["rim"]
        part[1:-1, 1:-1] = INDEX["basin"]
    elif patch.kind in _FURNITURE:
        part[~SOLID[part]] = class_of(patch)
    elif patch.kind == "container":
        part[:] = np.where(part == INDEX["yard"], INDEX["yard_container"], class_of(patch))
    else:
        part[:] = class_of(patch)


def _snapped(patch: Patch) -> Rect:
    """Where a patch lies among walls that are a metre thick."""
    r = patch.rect
    if patch.kind == "door":
        across = r.width < r.height
        return (
            Rect(math.floor(r.x0), math.floor(r.y0), math.floor(r.x0) + 1, math.floor(r.y0) + round(r.height))
            if across
            else Rect(math.floor(r.x0), math.floor(r.y0), math.floor(r.x0) + round(r.width), math.floor(r.y0) + 1)
        )
    if patch.kind in _INDOORS:
        return Rect(_from(r.x0), _from(r.y0), math.floor(r.x1), math.floor(r.y1))
    return r


def _from(edge: float) -> int:
    return math.floor(edge - _WALL_METRES) + 1


def class_of(patch: Patch) -> int:
    """The class of a patch of a draft."""
    kind = _SAME.get(patch.kind, patch.kind)
    if kind in ("house", "last_house"):
        return INDEX[f"house{max(1, min(5, int(patch.level)))}_{patch.look % NUM_KINDS}"]
    if kind in ("rack", "crate"):
        return INDEX[f"{kind}{int(patch.level)}"]
    if kind in ("room", "court"):
        return INDEX[f"{kind}_{patch.look % NUM_KINDS}"]
    return INDEX[f"hall_{patch.look % 2}"] if kind == "hall" else INDEX[kind]


def _objects(standing: Sequence[tuple[str, float, float]], grid: Grid) -> NDArray[np.uint8]:
    """Objects of patches from kinds and places, one a patch."""
    found = np.zeros((grid.shape[0] // PATCH, grid.shape[1] // PATCH), np.uint8)
    for kind, x, y in standing:
        i, j = int(x / CELL_METRES), int(y / CELL_METRES)
        if kind in OBJECTS and 0 <= i < grid.shape[0] and 0 <= j < grid.shape[1] and not SOLID[grid[i, j]]:
            found[i // PATCH, j // PATCH] = 1 + OBJECTS.index(kind) * PATCH * PATCH + (i % PATCH) * PATCH + j % PATCH
    return found
