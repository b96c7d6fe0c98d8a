"""Memories as plain tensors and JSON, and back in any process. Shared blocks are packed once and shared again.

Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from wm_gym.memory.blocks import Block, Points, Row
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.memory import Memory
from wm_gym.memory.table import Rows


class Plain(Protocol):
    """Flat tensors and JSON-able data, whatever holds them."""

    @property
    def tensors(self) -> Mapping[str, Tensor]:
        """Tensors by flat name."""
        ...

    @property
    def meta(self) -> Mapping[str, Any]:
        """JSON-able data."""
        ...


@dataclass(frozen=True)
class PackedMemories:
    """Several memories as plain data.

    Attributes:
        tensors: All distinct blocks one after another ("geometry", "tangents", "record"), their sizes ("sizes"), and
            the alive masks of all distinct rows ("masks", uint8, 1 alive) with the numbers of their blocks ("blocks").
        meta: The settings of each memory and, for each layer, the numbers of its rows.
    """

    tensors: dict[str, Tensor]
    meta: dict[str, Any]


def pack_memories(memories: Sequence[Memory]) -> PackedMemories:
    """The memories as plain data, for `unpack_memories`."""
    rows = {id(row): row for memory in memories for row in memory.rows}
    blocks = {id(row.block): row.block for row in rows.values()}
    number_of_block = {key: number for number, key in enumerate(blocks)}
    number_of_row = {key: number for number, key in enumerate(rows)}
    points = Points.cat([block.points for block in blocks.values()])
    masks = [row.alive for row in rows.values()]
    tensors = {
        "geometry": torch.from_numpy(points.geometry.copy()),
        "tangents": torch.from_numpy(points.tangents.copy()),
        "record": torch.from_numpy(points.record.copy()),
        "sizes": torch.tensor([len(block.points) for block in blocks.values()], dtype=torch.int64),
        "blocks": torch.tensor([number_of_block[id(row.block)] for row in rows.values()], dtype=torch.int64),
        "masks": torch.from_numpy(np.concatenate([*masks, np.zeros(0, bool)]).astype(np.uint8)),
    }
    meta = [
        {
            "config": asdict(memory.config),
            "static": [number_of_row[id(row)] for row in memory.static],
            "sky": [number_of_row[id(row)] for row in memory.sky],
            "moving": number_of_row[id(memory.moving)],
        }
        for memory in memories
    ]
    return PackedMemories(tensors, {"memories": meta})


def unpack_memories(packed: Plain) -> tuple[Memory, ...]:
    """Memories equal to those of `pack_memories`, that share blocks and masks as those did."""
    rows = tuple(_rows(packed.tensors))

    def layer(numbers: Sequence[int]) -> Rows:
        return tuple(rows[number] for number in numbers)

    return tuple(
        Memory(MemoryConfig(**entry["config"]), layer(entry["static"]), layer(entry["sky"]), rows[entry["moving"]])
        for entry in packed.meta["memories"]
    )


def _rows(tensors: Mapping[str, Tensor]) -> Iterator[Row]:
    blocks = list(_blocks(tensors))
    masks, start = tensors["masks"].numpy().astype(bool), 0
    for number in tensors["blocks"].tolist():
        stop = start + len(blocks[number].points)
        yield Row(blocks[number], masks[start:stop].copy())
        start = stop


def _blocks(tensors: Mapping[str, Tensor]) -> Iterator[Block]:
    geometry, tangents, record = (tensors[name].numpy() for name in ("geometry", "tangents", "record"))
    start = 0
    for size in tensors["sizes"].tolist():
        part = slice(start, start + size)
        # copied, so that a block can be freed without the others
        yield Block(Points(geometry[part].copy(), tangents[part].copy(), record[part].copy()))
        start += size
