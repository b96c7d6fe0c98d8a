"""Points in immutable blocks, and the rows by which a memory names them.

A block is never changed: carving makes a new alive mask in a new row, so forks share blocks and their levels of detail.
Knows nothing of frames, cameras or worlds.
"""

from __future__ import annotations

import zlib
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np

from wm_gym.memory.levels import Layout, Levels
from wm_gym.memory.points import Points, bounding_sphere


@dataclass(frozen=True)
class Origin:
    """Where a block can be had again, so that it need not be saved.

    Attributes:
        source: What a memory is built from, such as a file with its hash.
        number: Index of the block's row in that memory (`Memory.rows`).
    """

    source: Hashable
    number: int


@dataclass(frozen=True, eq=False)
class Block:
    """Neighbouring points, immutable and shared by all memories that name them.

    Attributes:
        points: The points.
        origin: Where an equal block can be had again, or None.
    """

    points: Points
    origin: Origin | None = None

    @cached_property
    def sphere(self) -> np.ndarray:
        """(4,) float64 centre and radius of a bounding sphere of all splats."""
        return bounding_sphere(self.points.geometry, self.points.tangents)

    @cached_property
    def layout(self) -> Layout:
        """Its points in pages."""
        return Layout.of(self.points)

    @cached_property
    def levels(self) -> Levels:
        """Its levels of detail while all points are alive."""
        return self.layout.levels(self.points, np.ones(len(self.points), bool))

    @cached_property
    def checksum(self) -> int:
        """CRC-32 of the points."""
        arrays = self.points.geometry, self.points.tangents, self.points.record
        return reduce(lambda checksum, array: zlib.crc32(np.ascontiguousarray(array).data, checksum), arrays, 0)

    @property
    def nbytes(self) -> int:
        """Bytes of the points."""
        return self.points.geometry.nbytes + self.points.tangents.nbytes + self.points.record.nbytes


@dataclass(frozen=True, eq=False)
class Row:
    """A block as one memory sees it.

    Attributes:
        block: The shared points.
        alive: (n,) bool, the points that this memory has not carved away.
    """

    block: Block
    alive: np.ndarray

    def __post_init__(self) -> None:
        self.alive.setflags(write=False)

    @classmethod
    def of(cls, points: Points) -> Row:
        """A row of a new block with all points alive."""
        return cls(Block(points), np.ones(len(points), dtype=bool))

    @cached_property
    def count(self) -> int:
        """Number of points alive."""
        return int(np.count_nonzero(self.alive))

    @property
    def levels(self) -> Levels:
        """Levels of detail of the points alive, built when they are first asked for."""
        return self.block.levels if self.count == len(self.alive) else self._levels_left

    @cached_property
    def _levels_left(self) -> Levels:
        return self.block.layout.levels(self.block.points, self.alive)

    @cached_property
    def _left(self) -> Points:
        return self.block.points.take(self.alive)

    def points(self) -> Points:
        """The points alive."""
        return self.block.points if self.count == len(self.alive) else self._left
