"""Points: small flat patches of surfaces. Knows nothing of frames, cameras or worlds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from wm_gym.memory import level_kernels
from wm_gym.memory.units import TANGENT_UNIT


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

    def in_pages(self) -> Points:
        """The points by splat size in octaves, and neighbours together, along a Morton curve."""
        if not len(self):
            return self
        joins, codes = np.empty(len(self), np.int64), np.empty(len(self), np.int64)
        lowest = level_kernels.cells_of(self.geometry, joins, codes)
        return self.take(np.argsort(((joins - lowest) << (3 * level_kernels.CODE_BITS)) | codes, kind="stable"))

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
