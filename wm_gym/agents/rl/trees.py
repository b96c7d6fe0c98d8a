"""Nested values as JSON and tensors: state dicts, arrays, deques and numbers of a running training. No pickle."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import torch
from torch import Tensor

_TENSOR, _ARRAY, _BYTES, _TUPLE, _TABLE = "tensor", "array", "bytes", "tuple", "table"


def flatten(value: Any) -> tuple[Any, dict[str, Tensor]]:
    """A nested value as JSON holds it, and the tensors that it names "0", "1" and so on.

    Args:
        value: Dicts, lists, tuples, deques, None, strings, numbers, bytes, arrays and tensors, nested at will.

    Raises:
        ValueError: If anything else is in it.
    """
    tensors: dict[str, Tensor] = {}
    return _plain(value, tensors), tensors


def unflatten(plain: Any, tensors: dict[str, Tensor]) -> Any:
    """The nested value that `flatten` was given; deques have become lists."""
    if isinstance(plain, list):
        return [unflatten(one, tensors) for one in plain]
    if not isinstance(plain, dict):
        return plain
    ((kind, content),) = plain.items()
    match kind:
        case "tensor":
            return tensors[content]
        case "array":
            return tensors[content[0]].numpy().astype(content[1])
        case "bytes":
            return tensors[content].numpy().tobytes()
        case "tuple":
            return tuple(unflatten(one, tensors) for one in content)
    return {unflatten(key, tensors): unflatten(one, tensors) for key, one in content}


def _plain(value: Any, tensors: dict[str, Tensor]) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case np.generic():
            return value.item()
        case Tensor():
            return {_TENSOR: _kept(value, tensors)}
        case np.ndarray():
            wide = value.astype(np.int64) if value.dtype.kind == "u" and value.dtype != np.uint8 else value
            return {_ARRAY: [_kept(torch.from_numpy(np.ascontiguousarray(wide)), tensors), str(value.dtype)]}
        case bytes():
            return {_BYTES: _kept(torch.from_numpy(np.frombuffer(value, np.uint8).copy()), tensors)}
        case tuple():
            return {_TUPLE: [_plain(one, tensors) for one in value]}
        case list() | deque():
            return [_plain(one, tensors) for one in value]
        case dict():
            return {_TABLE: [[_plain(key, tensors), _plain(one, tensors)] for key, one in value.items()]}
    raise ValueError(f"a value must be of JSON, an array, a tensor or bytes, got {type(value).__name__}")


def _kept(tensor: Tensor, tensors: dict[str, Tensor]) -> str:
    name = str(len(tensors))
    tensors[name] = tensor
    return name
