"""Checksummed files: tensors and JSON as one safetensors file, in which a damaged part is found by name.

The safetensors metadata holds one JSON document under "wm_gym": "format", "version", "header" (the caller's JSON),
"checksums" (CRC-32 of each tensor with its name, type and shape) and "checksum" (CRC-32 of the other fields). Knows
nothing of the contents.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor


@dataclass(frozen=True)
class FileKind:
    """A kind of file.

    Attributes:
        format: Name of the format.
        version: The only version that is read.
    """

    format: str
    version: int


def pack_checksummed(kind: FileKind, header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> bytes:
    """The bytes of a file.

    Args:
        kind: Format and version to write.
        header: JSON-able data.
        tensors: Tensors by flat name.
    """
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in sorted(tensors.items())}
    checksums = {name: _checksum(name, tensor) for name, tensor in plain.items()}
    document = {"format": kind.format, "version": kind.version, "header": header, "checksums": checksums}
    document["checksum"] = _checksum_of(document)
    return save(plain, metadata={"wm_gym": json.dumps(document)})


def unpack_checksummed(data: bytes, kind: FileKind, what: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The header and the tensors of `pack_checksummed`.

    Args:
        data: Bytes of the file.
        kind: Format and version that the file must have.
        what: Name of the file in messages, such as "a saved state".

    Raises:
        ValueError: If the bytes are of another format or version, cut short or damaged; the message says where.
    """
    if not isinstance(data, bytes):
        raise ValueError(f"{what} must be bytes, got {type(data).__name__}")
    table, document, tensors = _read(data, kind, what)
    if document.get("format") != kind.format or document.get("version") != kind.version:
        came = f"{document.get('format')} version {document.get('version')}"
        raise ValueError(f"{what} must be {kind.format} version {kind.version}, got {came}")
    checksums = document.get("checksums") or {}
    if document.pop("checksum", None) != _checksum_of(document) or set(checksums) != set(tensors):
        raise ValueError(f"{what} must be whole, got a damaged header")
    for name, tensor in tensors.items():
        if _checksum(name, tensor) != checksums[name]:
            first, stop = table[name]
            raise ValueError(f"{what} must be whole, got a damaged {name!r} (bytes {first} to {stop - 1})")
    return document["header"], tensors


def read_file(path: Path, what: str) -> bytes:
    """The bytes of a file.

    Args:
        path: File to read.
        what: Name of the file in the message.

    Raises:
        ValueError: If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{what} must be a file that can be read, got {str(path)!r}: {error.strerror}") from error


def _read(
    data: bytes, kind: FileKind, what: str
) -> tuple[dict[str, tuple[int, int]], dict[str, Any], dict[str, Tensor]]:
    """Byte range of each tensor, the JSON document, and the tensors."""
    try:
        start = 8 + int.from_bytes(data[:8], "little")
        table = json.loads(data[8:start])
        document = json.loads(table.pop("__metadata__")["wm_gym"])
        ranges = {name: (start + row["data_offsets"][0], start + row["data_offsets"][1]) for name, row in table.items()}
        return ranges, dict(document), load(data)
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
        if kind.format.encode() in data:
            came = f"{len(data)} bytes, cut short or with a damaged header"
            raise ValueError(f"{what} must be whole, got {came}") from error
        raise ValueError(f"{what} must be {kind.format} bytes, got {len(data)} bytes of something else") from error


def _checksum(name: str, tensor: Tensor) -> int:
    described = f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode()
    # an empty tensor of numpy may have strides of 0, which no view as bytes takes
    data = tensor.reshape(-1).view(torch.uint8).numpy().data if tensor.numel() else b""
    return zlib.crc32(data, zlib.crc32(described))


def _checksum_of(document: Mapping[str, Any]) -> int:
    # JSON keeps order and every float, so a document that was read gives the text that was written
    return zlib.crc32(json.dumps(document).encode())
