"""Points in immutable blocks, and the rows by which a memory names them.

A block is never changed: erasing makes a new alive mask in a new row, so forks share blocks. Its points lie in the
order of their need: where they are finer than pixels, the first of them are enough. Source: layered point clouds,
Gobbetti and Marton 2004 (nested subsets of shuffled points). Knows nothing of frames, cameras or worlds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

MOST_STRETCH = 16.0
"""Largest length of a patch along the line of sight, in footprints."""

TANGENT_UNIT = 1.0 / 1024.0
"""Tangents are stored in this part of the footprint."""

POINTS_IN_PIXEL = 8.0
"""What surfaces that are known more finely than pixels are thinned to, on average."""


@dataclass(frozen=True, eq=False)
class Points:
    """n points, 44 bytes each: small flat patches, as large as one source pixel.

    Attributes:
        geometry: (n, 4) float32: x, y, z and footprint. World frame, metres; of sky points a unit direction.
            The footprint is how far across one source pixel reached: metres, of sky points radians.
        tangents: (n, 6) int16: the patch's two sides, one source pixel across and one down, as world vectors in
            1/1024 of the footprint.
        record: (n, 4) int32: colour (r, g, b in the low three bytes, then flags), frame written, appearance
            written under, hash of the voxel; of moving points the velocity (`motion`).
    """

    geometry: np.ndarray
    tangents: np.ndarray
    record: np.ndarray

    def __post_init__(self) -> None:
        assert self.geometry.dtype == np.float32 and self.geometry.shape[1:] == (4,), self.geometry.shape
        assert self.tangents.dtype == np.int16 and self.tangents.shape == (len(self), 6), self.tangents.shape
        assert self.record.dtype == np.int32 and self.record.shape == self.geometry.shape, self.record.shape
        self.geometry.setflags(write=False)
        self.tangents.setflags(write=False)
        self.record.setflags(write=False)

    def __len__(self) -> int:
        return len(self.geometry)

    @property
    def positions(self) -> np.ndarray:
        """(n, 3) float32."""
        return self.geometry[:, :3]

    @property
    def colours(self) -> np.ndarray:
        """(n, 3) uint8."""
        return np.ascontiguousarray(self.record[:, :1]).view(np.uint8)[:, :3]

    @property
    def reaches(self) -> np.ndarray:
        """(n,) float64: how far patches go beyond their centres, as geometry's unit."""
        sides = np.square(self.tangents.reshape(-1, 2, 3).astype(np.float64)).sum(axis=2)
        return np.sqrt(sides.sum(axis=1)) * TANGENT_UNIT * self.geometry[:, 3]

    @property
    def frames(self) -> np.ndarray:
        """(n,) int32."""
        return self.record[:, 1]

    @cached_property
    def needs(self) -> np.ndarray:
        """(n,) float32, the square of the pixels per metre (of directions, per radian) from which on each is drawn.

        Chance decides, and the same one always: the hash of the voxel.
        """
        chance = self.record[:, 3].view(np.uint32) * np.float32(2.0**-32)
        return chance / (np.float32(POINTS_IN_PIXEL) * np.square(self.geometry[:, 3]))

    def by_need(self) -> Points:
        """The points in the order in which they are needed."""
        return self.take(np.argsort(self.needs, kind="stable"))

    def enough_for(self, pixels_per_metre: float) -> Points:
        """As many of the points as a distance asks for, if they lie in the order of their need.

        Args:
            pixels_per_metre: At the nearest of them; of directions, per radian.
        """
        return self.take(slice(int(np.searchsorted(self.needs, pixels_per_metre**2))))

    def take(self, choice: np.ndarray | slice) -> Points:
        """The points of a mask, of indices or of a slice."""
        return Points(self.geometry[choice], self.tangents[choice], self.record[choice])

    @staticmethod
    def cat(parts: Sequence[Points]) -> Points:
        """The points of all parts, one after another."""
        if not parts:
            return Points(np.zeros((0, 4), np.float32), np.zeros((0, 6), np.int16), np.zeros((0, 4), np.int32))
        return Points(
            np.concatenate([p.geometry for p in parts]),
            np.concatenate([p.tangents for p in parts]),
            np.concatenate([p.record for p in parts]),
        )


@dataclass(frozen=True, eq=False)
class Block:
    """Points that lie near one another, never changed, shared by all memories that name them."""

    points: Points

    @cached_property
    def sphere(self) -> np.ndarray:
        """(4,) float64: centre and radius of a sphere around all points and their footprints."""
        positions = self.points.positions.astype(np.float64)
        centre = (positions.min(axis=0) + positions.max(axis=0)) / 2
        reach = np.sqrt(np.square(positions - centre).sum(axis=1))
        return np.append(centre, (reach + self.points.reaches).max())

    @property
    def nbytes(self) -> int:
        """Bytes of the points."""
        return self.points.geometry.nbytes + self.points.tangents.nbytes + self.points.record.nbytes


@dataclass(frozen=True, eq=False)
class Row:
    """A block as one memory sees it.

    Attributes:
        block: The shared points.
        alive: (n,) bool: the points that this memory has not erased.
    """

    block: Block
    alive: np.ndarray

    def __post_init__(self) -> None:
        self.alive.setflags(write=False)

    @classmethod
    def of(cls, points: Points) -> Row:
        """A row of a new block, all alive."""
        return cls(Block(points), np.ones(len(points), dtype=bool))

    @cached_property
    def count(self) -> int:
        """Number of points alive."""
        return int(np.count_nonzero(self.alive))

    @cached_property
    def _left(self) -> Points:
        return self.block.points.take(self.alive)

    def points(self) -> Points:
        """The points alive."""
        return self.block.points if self.count == len(self.alive) else self._left
