"""Values as bytes between server and clients: JSON, with arrays and bytes behind it. Knows nothing of worlds.

Four bytes (little-endian) hold the length of a JSON document {"value", "parts"}; the parts follow one after another,
`parts` their lengths. In the value {"__array__": [part, dtype, shape]} stands for an array in row-major order, with
shape null for one of numpy's scalars, and {"__bytes__": part} for bytes.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

ARRAY, BYTES = "__array__", "__bytes__"
DTYPES = ("bool", "int8", "uint8", "int32", "int64", "float32", "float64")
_LENGTH = 4


def pack(value: Any) -> bytes:
    """The bytes of a value: JSON, arrays, numpy's scalars and bytes, in dicts and lists.

    Raises:
        TypeError: If there is something else in it.
    """
    parts: list[bytes] = []
    document = json.dumps({"value": _plain(value, parts), "parts": [len(part) for part in parts]}).encode()
    return b"".join([len(document).to_bytes(_LENGTH, "little"), document, *parts])


def unpack(data: bytes) -> Any:
    """The value that `pack` was given; its arrays can be written to, tuples have become lists.

    Raises:
        ValueError: If the bytes are none that `pack` gives.
    """
    try:
        end = _LENGTH + int.from_bytes(data[:_LENGTH], "little")
        document = json.loads(data[_LENGTH:end])
        return _restored(document["value"], _parts(document["parts"], data[end:]))
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise ValueError(f"a message must be a packed value, got {type(error).__name__}: {error}") from error


def _parts(lengths: list[int], data: bytes) -> list[bytes]:
    parts, first = [], 0
    for length in lengths:
        if isinstance(length, bool) or not isinstance(length, int) or length < 0:
            raise ValueError(f"lengths of parts must be whole numbers from 0, got {length!r}")
        parts.append(data[first : first + length])
        first += length
    if first != len(data):
        raise ValueError(f"the parts must have {first} bytes, got {len(data)}")
    return parts


def _plain(value: Any, parts: list[bytes]) -> Any:
    if isinstance(value, bytes):
        parts.append(value)
        return {BYTES: len(parts) - 1}
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.name not in DTYPES:
            raise TypeError(f"an array must be of {DTYPES}, got {array.dtype}")
        parts.append(array.tobytes())
        return {ARRAY: [len(parts) - 1, array.dtype.name, None if isinstance(value, np.generic) else array.shape]}
    if isinstance(value, dict):
        return {name: _plain(part, parts) for name, part in value.items()}
    return [_plain(part, parts) for part in value] if isinstance(value, list | tuple) else value


def _restored(value: Any, parts: list[bytes]) -> Any:
    if isinstance(value, list):
        return [_restored(part, parts) for part in value]
    if not isinstance(value, dict):
        return value
    if BYTES in value:
        return parts[_index(value[BYTES])]
    return _array(value[ARRAY], parts) if ARRAY in value else {name: _restored(v, parts) for name, v in value.items()}


def _array(described: Any, parts: list[bytes]) -> Any:
    part, dtype, shape = described
    if dtype not in DTYPES:
        raise ValueError(f"an array must be of {DTYPES}, got {dtype!r}")
    sizes = [] if shape is None else [_index(size) for size in shape]
    data = parts[_index(part)]
    if math.prod(sizes) * np.dtype(dtype).itemsize != len(data):
        raise ValueError(f"an array of {sizes} {dtype} must have as many bytes, got {len(data)}")
    array = np.frombuffer(data, dtype).reshape(sizes).copy()
    return array[()] if shape is None else array


def _index(number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError(f"a number of a part or a size must be a whole number from 0, got {number!r}")
    return number
