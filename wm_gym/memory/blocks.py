"""Points in immutable blocks, and the rows by which a memory names them.

A block is never changed: carving makes a new alive mask in a new row, so forks share blocks. Its points are sorted by
level of detail: where they are finer than pixels, the first of them are enough. Source: layered point clouds, Gobbetti
and Marton 2004 (nested subsets of shuffled points). Knows nothing of frames, cameras or worlds.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
from numba import njit

MAX_STRETCH = 16.0
"""Largest length of a patch along the line of sight, in splat sizes."""

TANGENT_UNIT = 1.0 / 1024.0
"""Unit of stored tangents, in splat sizes."""

POINTS_IN_PIXEL = 8.0
"""Mean number of points per pixel to which surfaces finer than pixels are thinned for rendering."""


@dataclass(frozen=True, eq=False)
class Points:
    """n points, 44 bytes each: splats, small flat patches as large as one source pixel.

    Attributes:
        geometry: (n, 4) float32 x, y, z and splat size. Surface points: position and width of the source pixel on the
            surface, world frame, metres. Sky points: unit direction and width in radians.
        tangents: (n, 6) int16, the patch's two sides, one source pixel across and one down, as world vectors in units
            of `TANGENT_UNIT` splat sizes.
        record: (n, 4) int32: colour (r, g, b in the low three bytes, then flags), frame written, appearance written
            under, and the hash of the voxel; moving points have their velocity (`motion`) in its place.
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
        """(n, 3) float32 metres, world frame; unit directions of sky points."""
        return self.geometry[:, :3]

    @property
    def colours(self) -> np.ndarray:
        """(n, 3) uint8."""
        return np.ascontiguousarray(self.record[:, :1]).view(np.uint8)[:, :3]

    @property
    def frames(self) -> np.ndarray:
        """(n,) int32 index of the frame written."""
        return self.record[:, 1]

    @cached_property
    def lod_thresholds(self) -> np.ndarray:
        """(n,) float32 squared resolution, in pixels per metre (sky points: per radian), from which on each is drawn.

        Thresholds are uniform random numbers that follow from the hash of the voxel.
        """
        chance = self.record[:, 3].view(np.uint32) * np.float32(2.0**-32)
        return chance / (np.float32(POINTS_IN_PIXEL) * np.square(self.geometry[:, 3]))

    def sorted_by_lod(self) -> Points:
        """The points in increasing order of their LOD thresholds."""
        return self.take(np.argsort(self.lod_thresholds, kind="stable"))

    def at_resolution(self, pixels_per_metre: float) -> Points:
        """The points to draw at a resolution, of points sorted by LOD.

        Args:
            pixels_per_metre: Resolution at the nearest of them; sky points: pixels per radian.
        """
        return self.take(slice(int(np.searchsorted(self.lod_thresholds, pixels_per_metre**2))))

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


@njit(nogil=True, cache=True, error_model="numpy")
def bounding_sphere(geometry, tangents):
    """(4,) float64 centre and radius of a sphere around the splats of points, arrays as in `Points`, at least one."""
    sphere = np.zeros(4)
    for axis in range(3):
        low, high = geometry[0, axis], geometry[0, axis]
        for i in range(1, geometry.shape[0]):
            low, high = min(low, geometry[i, axis]), max(high, geometry[i, axis])
        sphere[axis] = (np.float64(low) + np.float64(high)) / 2
    for i in range(geometry.shape[0]):
        square, sides = 0.0, 0.0
        for axis in range(3):
            square += (np.float64(geometry[i, axis]) - sphere[axis]) ** 2
            sides += np.float64(tangents[i, axis]) ** 2 + np.float64(tangents[i, 3 + axis]) ** 2
        radius = math.sqrt(sides) * TANGENT_UNIT * np.float64(geometry[i, 3])
        sphere[3] = max(sphere[3], math.sqrt(square) + radius)
    return sphere


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

    @cached_property
    def _left(self) -> Points:
        return self.block.points.take(self.alive)

    def points(self) -> Points:
        """The points alive."""
        return self.block.points if self.count == len(self.alive) else self._left
