"""How large a state is, and how much of it is its own: bytes of tensors and arrays, each counted once.

Works on any value made of dataclasses, tuples, lists and mappings, such as a `WorldState` or one environment's state.
What Python needs for its own objects (seeds, texts, tables of rows) is left out. Knows nothing of backends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from torch import Tensor


def nbytes(state: Any) -> int:
    """Bytes of all tensors and arrays of a state; what its worlds share counts once."""
    return sum(_sizes(state).values())


def nbytes_beyond(state: Any, source: Any) -> int:
    """Bytes of a state that are no part of another one: what a fork of `source` has added."""
    shared = _sizes(source)
    return sum(size for address, size in _sizes(state).items() if address not in shared)


def _sizes(state: Any) -> dict[int, int]:
    """Address of each piece of memory to its bytes."""
    sizes: dict[int, int] = {}
    for address, size in _leaves(state, set()):
        sizes[address] = max(size, sizes.get(address, 0))
    return sizes


def _leaves(value: Any, visited: set[int]) -> Iterator[tuple[int, int]]:
    if isinstance(value, Tensor):
        # A view keeps the whole storage alive.
        storage = value.untyped_storage()
        yield storage.data_ptr(), storage.nbytes()
    elif isinstance(value, np.ndarray):
        yield value.ctypes.data, value.nbytes
    elif isinstance(value, bytes):
        yield id(value), len(value)
    elif id(value) not in visited:
        visited.add(id(value))
        for part in _parts(value):
            yield from _leaves(part, visited)


def _parts(value: Any) -> Iterator[Any]:
    if is_dataclass(value) and not isinstance(value, type):
        yield from (getattr(value, field.name) for field in fields(value))
    elif isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, tuple | list):
        yield from value
