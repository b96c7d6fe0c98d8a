"""What is decided of one place so far, as a value: blocks of cells and objects, shared between plans that fork."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from wm_gym.layout.cells import CELL_METRES, PATCH, UNKNOWN, UNSURE, Grid
from wm_gym.layout.sampling import Drawing
from wm_gym.world_model import Imagined

BLOCK = 32
"""Cells along a side of a block, 16 m."""

_PATCHES = BLOCK // PATCH
Corner = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Block:
    """A square of a plan; never changed.

    Attributes:
        cells: (BLOCK, BLOCK) uint8 classes.
        objects: (BLOCK / PATCH, BLOCK / PATCH) uint8 objects of patches.
    """

    cells: Grid
    objects: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Plan:
    """What is decided of one imagined place.

    Attributes:
        place: What was asked for.
        family: Number of its family.
        offset: x and y in metres of the corner of cell (0, 0), world frame.
        blocks: Decided blocks by their place in the lattice of blocks.
        drawing: The window that is being drawn, or None.
        corner: Its first cell.
        windows: Windows drawn so far.
        colours: Groups of the theme whose colours were seen, with these colours in 0..1.
        is_read: Whether the plan begins with what a capture shows, which memory shows better.
    """

    place: Imagined
    family: int
    offset: tuple[float, float] = (0.0, 0.0)
    blocks: Mapping[Corner, Block] = field(default_factory=dict)
    drawing: Drawing | None = None
    corner: Corner = (0, 0)
    windows: int = 0
    colours: tuple[tuple[str, tuple[float, ...]], ...] = ()
    is_read: bool = False

    def cell_at(self, x: float, y: float) -> Corner:
        """The cell that holds a point in metres, world frame."""
        return int((x - self.offset[0]) // CELL_METRES), int((y - self.offset[1]) // CELL_METRES)

    def region(self, corner: Corner, columns: int, rows: int) -> tuple[Grid, NDArray[np.uint8]]:
        """Cells (columns, rows) from a first one on, and the objects of their patches; all are multiples of `PATCH`."""
        cells = np.full((columns, rows), UNKNOWN, np.uint8)
        objects = np.full((columns // PATCH, rows // PATCH), UNSURE, np.uint8)
        for i in range(corner[0] // BLOCK, (corner[0] + columns - 1) // BLOCK + 1):
            for j in range(corner[1] // BLOCK, (corner[1] + rows - 1) // BLOCK + 1):
                block = self.blocks.get((i, j))
                if block is not None:
                    _copy(block.cells, cells, (i * BLOCK - corner[0], j * BLOCK - corner[1]))
                    at = i * _PATCHES - corner[0] // PATCH, j * _PATCHES - corner[1] // PATCH
                    _copy(block.objects, objects, at)
        return cells, objects

    def with_region(self, corner: Corner, cells: Grid, objects: NDArray[np.uint8]) -> Plan:
        """The plan in which a region is decided; what was decided before stays."""
        blocks = dict(self.blocks)
        for i in range(corner[0] // BLOCK, (corner[0] + len(cells) - 1) // BLOCK + 1):
            for j in range(corner[1] // BLOCK, (corner[1] + cells.shape[1] - 1) // BLOCK + 1):
                old_cells, old_objects = self.region((i * BLOCK, j * BLOCK), BLOCK, BLOCK)
                new_cells, new_objects = np.full_like(old_cells, UNKNOWN), np.full_like(old_objects, UNSURE)
                _copy(cells, new_cells, (corner[0] - i * BLOCK, corner[1] - j * BLOCK))
                at = corner[0] // PATCH - i * _PATCHES, corner[1] // PATCH - j * _PATCHES
                _copy(objects, new_objects, at)
                blocks[i, j] = Block(
                    np.where(old_cells == UNKNOWN, new_cells, old_cells),
                    np.where(old_objects == UNSURE, new_objects, old_objects),
                )
        return replace(self, blocks=blocks)


def _copy(source: Grid, target: Grid, at: Corner) -> None:
    """Copies the part of `source` that falls into `target`, where its first cell lies at `at`."""
    i0, j0 = max(0, at[0]), max(0, at[1])
    i1, j1 = min(len(target), at[0] + len(source)), min(target.shape[1], at[1] + source.shape[1])
    if i0 < i1 and j0 < j1:
        target[i0:i1, j0:j1] = source[i0 - at[0] : i1 - at[0], j0 - at[1] : j1 - at[1]]


def object_places(plan: Plan, corner: Corner, objects: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(B, 3) kind, x and y in metres, world frame, of the objects (G, G) of a region."""
    at = np.argwhere((objects > 0) & (objects < UNSURE))
    kinds, inside = np.divmod(objects[tuple(at.T)].astype(int) - 1, PATCH * PATCH)
    cells = at * PATCH + np.stack(np.divmod(inside, PATCH), 1) + np.array(corner)
    places = (cells + 0.5) * CELL_METRES + np.array(plan.offset)
    return np.column_stack([kinds.astype(np.float64), places]).astype(np.float64)
