"""The memory of one world, as a value.

Knows nothing of how it is written, rendered or stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from wm_gym.memory.blocks import Row
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.points import Points
from wm_gym.memory.table import Rows


@dataclass(frozen=True, eq=False)
class Memory:
    """The 4D memory of one world, immutable: writing gives a new memory that shares its blocks.

    Two memories are equal when they name equal points in the same order under the same settings.

    Attributes:
        config: Bounds and tolerances.
        static: Rows of points on static surfaces, each surface written once.
        sky: Rows of sky directions.
        moving: Points of moving objects as last detected, in order of time, each with its frame and velocity.
    """

    config: MemoryConfig
    static: Rows
    sky: Rows
    moving: Row

    @classmethod
    def empty(cls, config: MemoryConfig | None = None) -> Memory:
        """A memory without points."""
        return cls(config or MemoryConfig(), (), (), Row.of(Points.cat([])))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Memory):
            return NotImplemented
        if self.config != other.config:
            return False
        pairs = ((self.static, other.static), (self.sky, other.sky), ((self.moving,), (other.moving,)))
        return all(len(a) == len(b) and all(map(_rows_equal, a, b)) for a, b in pairs)

    __hash__ = None  # type: ignore[assignment]

    @property
    def num_static(self) -> int:
        """Number of static points that are alive."""
        return sum(row.count for row in self.static)

    @property
    def num_sky(self) -> int:
        """Number of sky directions."""
        return sum(row.count for row in self.sky)

    @property
    def num_moving(self) -> int:
        """Number of moving points."""
        return self.moving.count

    @property
    def rows(self) -> Rows:
        """All rows: static, sky, moving."""
        return (*self.static, *self.sky, self.moving)

    @property
    def nbytes(self) -> int:
        """Bytes of all blocks and masks."""
        return nbytes([self])


def nbytes(memories: Iterable[Memory]) -> int:
    """Bytes of several memories together; shared blocks and masks count once."""
    rows = [row for memory in memories for row in memory.rows]
    blocks = {id(row.block): row.block.nbytes for row in rows}
    masks = {id(row.alive): row.alive.nbytes for row in rows}
    return sum(blocks.values()) + sum(masks.values())


def _rows_equal(a: Row, b: Row) -> bool:
    if a is b:
        return True
    ours, theirs = a.block.points, b.block.points
    return (
        np.array_equal(a.alive, b.alive)
        and np.array_equal(ours.geometry, theirs.geometry)
        and np.array_equal(ours.tangents, theirs.tangents)
        and np.array_equal(ours.record, theirs.record)
    )
