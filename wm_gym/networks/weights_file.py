"""Weights on disk: one safetensors file whose header holds the configuration. Knows nothing of the networks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from wm_gym.files.atomic import write_atomically

VERSION = 1

_SCALE = ".scale"
"""Ends the name of what the rows of a matrix of bytes are multiplied with."""

M = TypeVar("M", bound=nn.Module)


def save_module(
    path: Path, kind: str, header: Mapping[str, Any], module: nn.Module, without: str | None = None,
    in_bytes: bool = False,
) -> str:  # fmt: skip
    """Write a module in bfloat16, whole or not at all; returns the hash of the file.

    Args:
        path: Of the file; its folder is made if need be.
        kind: Format of the file, such as "wm_gym.video".
        header: JSON-able; "config" is the module's configuration.
        module: The weights.
        without: Prefix of the names of tensors that are left out, or None.
        in_bytes: Whether matrices are written in whole numbers of -127 to 127, with a factor for each row: half the
            size, at an error of at most 1/254 of a row's largest weight.

    Raises:
        RuntimeError: If the disk cannot take it; an older file stays as it was.
    """
    data = module_bytes(kind, header, module, without, in_bytes)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda file: file.write(data))
    return hashlib.sha256(data).hexdigest()


def module_bytes(
    kind: str, header: Mapping[str, Any], module: nn.Module, without: str | None = None, in_bytes: bool = False
) -> bytes:
    """The bytes of a weights file; arguments as `save_module`."""
    header = {"format": kind, "version": VERSION, **header}
    kept = {name: t for name, t in module.state_dict().items() if without is None or not name.startswith(without)}
    tensors = {name: t.detach().to("cpu", torch.bfloat16).contiguous() for name, t in kept.items()}
    if in_bytes:
        for name in [name for name, t in kept.items() if t.ndim == 2 and t.is_floating_point()]:
            tensors[name], tensors[name + _SCALE] = _as_bytes(kept[name].detach().to("cpu", torch.float32))
    return save(tensors, metadata={"wm_gym": json.dumps(header)})


def _as_bytes(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Whole numbers (R, C) int8, and what their rows (R, 1) are multiplied with."""
    scale = (matrix.abs().amax(1, keepdim=True) / 127).clamp_min(1e-12)
    return (matrix / scale).round().to(torch.int8), scale


def read_weights(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Header and tensors of a weights file.

    Raises:
        ValueError: If the file is missing, damaged, of another kind or of another version.
    """
    try:
        with safe_open(path, "pt") as file:
            header = json.loads((file.metadata() or {})["wm_gym"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"weights {path} must be a whole {kind} file, got one that cannot be read") from error
    if (header.get("format"), header.get("version")) != (kind, VERSION):
        came = f"{header.get('format')} version {header.get('version')}"
        raise ValueError(f"weights {path} must be {kind} version {VERSION}, got {came}")
    return header, _whole(tensors)


def _whole(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of a file, with matrices of bytes as the numbers that they stand for."""
    in_bytes = [name for name, tensor in tensors.items() if tensor.dtype == torch.int8]
    whole = {name: tensors[name].float() * tensors.pop(name + _SCALE) for name in in_bytes}
    return tensors | whole


def filled(path: Path, module: M, tensors: dict[str, Tensor]) -> M:
    """A module without memory of its own (on the device "meta"), given a file's tensors.

    Raises:
        ValueError: If they are not the module's.
    """
    try:
        module.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"weights {path} must fit their own configuration, got: {reason}") from error
    return module


def load_module(path: Path, kind: str, make: Callable[[dict[str, Any]], M], dtype: torch.dtype = torch.float32) -> M:
    """The module of a weights file, for inference.

    Args:
        path: Of the file.
        kind: Format that it must be of.
        make: The module, without weights, that a header describes.
        dtype: Number type of its weights.

    Raises:
        ValueError: If the file is missing, damaged, of another kind or version, or its tensors are not the module's.
    """
    header, tensors = read_weights(path, kind)
    try:
        with torch.device("meta"):
            module = make(header)
    except (TypeError, KeyError) as error:
        raise ValueError(f"weights {path} must be of a shape that this version knows, got {header}") from error
    return filled(path, module, tensors).to(dtype).requires_grad_(False)


def check_names(path: Path, what: str, told: Sequence[str], own: Sequence[str]) -> None:
    """Make sure that a file's network knows the same things by the same numbers as this version.

    Args:
        path: Of the file.
        what: Names the things in messages, such as "cells".
        told: Their names in the file, in order.
        own: Their names in this version.

    Raises:
        ValueError: If they differ.
    """
    if tuple(told) != tuple(own):
        raise ValueError(f"weights {path} must know the {what} of this version, got others")
