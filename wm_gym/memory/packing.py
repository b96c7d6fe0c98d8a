"""Memories as plain tensors and JSON, and back in any process. Shared blocks are packed once and shared again.

Blocks with an origin (`blocks.Origin`) need not be packed: they are named by it, and taken from a memory that is built
again. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from wm_gym.memory.blocks import Block, Origin, Row
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.memory import Memory
from wm_gym.memory.points import Points
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
        tensors: Of the named blocks, (B, 3) int64 the index of the source, the number in it and the checksum ("named");
            all other blocks one after another ("geometry", "tangents", "record") with their sizes ("sizes"); of all
            distinct rows the numbers of their blocks, named ones first ("blocks"), and their alive masks one after
            another, eight points a byte ("masks", uint8).
        meta: The settings of each memory and, for each layer, the numbers of its rows.
    """

    tensors: dict[str, Tensor]
    meta: dict[str, Any]


def with_origin(memory: Memory, source: Hashable) -> Memory:
    """An equal memory whose blocks name what it was built from."""
    rows = [
        replace(row, block=replace(row.block, origin=Origin(source, number))) for number, row in enumerate(memory.rows)
    ]
    num_static = len(memory.static)
    return replace(memory, static=tuple(rows[:num_static]), sky=tuple(rows[num_static:-1]), moving=rows[-1])


def sources_of(memories: Sequence[Memory]) -> list[Hashable]:
    """The distinct sources that blocks of the memories name."""
    origins = [row.block.origin for memory in memories for row in memory.rows]
    return list(dict.fromkeys(origin.source for origin in origins if origin is not None))


def pack_memories(memories: Sequence[Memory], sources: Sequence[Hashable] = ()) -> PackedMemories:
    """The memories as plain data, for `unpack_memories`.

    Args:
        memories: Any number.
        sources: Those whose blocks are named; all other blocks are packed whole.
    """
    rows = {id(row): row for memory in memories for row in memory.rows}
    blocks = {id(row.block): row.block for row in rows.values()}
    index_of_source = {source: index for index, source in enumerate(sources)}
    named = {key: name for key, block in blocks.items() if (name := _name_of(block, index_of_source)) is not None}
    written = {key: block.points for key, block in blocks.items() if key not in named}
    number_of_block = {key: number for number, key in enumerate([*named, *written])}
    masks = [row.alive for row in rows.values()]
    tensors = {
        "named": torch.tensor(list(named.values()), dtype=torch.int64).reshape(-1, 3),
        "sizes": torch.tensor([len(points) for points in written.values()], dtype=torch.int64),
        "blocks": torch.tensor([number_of_block[id(row.block)] for row in rows.values()], dtype=torch.int64),
        "masks": torch.from_numpy(np.packbits(np.concatenate([*masks, np.zeros(0, bool)]))),
    }
    tensors |= {
        name: torch.from_numpy(array.copy()) for name, array in _arrays(Points.cat([*written.values()])).items()
    }
    number_of_row = {key: number for number, key in enumerate(rows)}
    return PackedMemories(tensors, {"memories": [_meta(memory, number_of_row) for memory in memories]})


def unpack_memories(packed: Plain, built: Sequence[Memory] = (), what: str = "packed memories") -> tuple[Memory, ...]:
    """Memories equal to those of `pack_memories`, that share blocks and masks as those did.

    Args:
        packed: Of `pack_memories`.
        built: The memory of each of its sources, built again; named blocks are shared with it.
        what: Names the packed memories in messages.

    Raises:
        ValueError: If a memory was not built again as it was.
    """
    rows = tuple(_rows(packed.tensors, _named(packed.tensors["named"].tolist(), built, what)))

    def layer(numbers: Sequence[int]) -> Rows:
        return tuple(rows[number] for number in numbers)

    return tuple(
        Memory(MemoryConfig(**entry["config"]), layer(entry["static"]), layer(entry["sky"]), rows[entry["moving"]])
        for entry in packed.meta["memories"]
    )


def _meta(memory: Memory, number_of_row: Mapping[int, int]) -> dict[str, Any]:
    return {
        "config": asdict(memory.config),
        "static": [number_of_row[id(row)] for row in memory.static],
        "sky": [number_of_row[id(row)] for row in memory.sky],
        "moving": number_of_row[id(memory.moving)],
    }


def _arrays(points: Points) -> dict[str, np.ndarray]:
    return {name: getattr(points, name) for name in ("geometry", "tangents", "record")}


def _name_of(block: Block, index_of_source: Mapping[Hashable, int]) -> tuple[int, int, int] | None:
    """Index of the source, number in it and checksum of a block of one of the sources."""
    if block.origin is None or block.origin.source not in index_of_source:
        return None
    return index_of_source[block.origin.source], block.origin.number, block.checksum


def _named(names: Sequence[Sequence[int]], built: Sequence[Memory], what: str) -> list[Row]:
    """The rows of built memories whose blocks are named."""
    tables = [memory.rows for memory in built]
    rows = []
    for source, number, checksum in names:
        row = tables[source][number] if number < len(tables[source]) else None
        if row is None or row.block.checksum != checksum:
            raise ValueError(
                f"{what} must be read where the memory of its scene is built as it was when it was saved, got another: "
                "it was saved by another version of wm-gym, or on a processor that rounds otherwise"
            )
        rows.append(row)
    return rows


def _rows(tensors: Mapping[str, Tensor], named: Sequence[Row]) -> Iterator[Row]:
    blocks = [*(row.block for row in named), *_blocks(tensors)]
    numbers = tensors["blocks"].tolist()
    total = sum(len(blocks[number].points) for number in numbers)
    masks, start = np.unpackbits(tensors["masks"].numpy(), count=total).view(np.bool_), 0
    for number in numbers:
        stop = start + len(blocks[number].points)
        mask = masks[start:stop]
        is_as_built = number < len(named) and np.array_equal(named[number].alive, mask)
        yield named[number] if is_as_built else Row(blocks[number], mask.copy())
        start = stop


def _blocks(tensors: Mapping[str, Tensor]) -> Iterator[Block]:
    geometry, tangents, record = (tensors[name].numpy() for name in ("geometry", "tangents", "record"))
    start = 0
    for size in tensors["sizes"].tolist():
        part = slice(start, start + size)
        # copied, so that a block can be freed without the others
        yield Block(Points(geometry[part].copy(), tangents[part].copy(), record[part].copy()))
        start += size
