"""Inpainters on disk."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch

from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.inpainter_config import InpainterConfig
from wm_gym.networks.weights_file import load_module, module_bytes, save_module

FORMAT = "wm_gym.inpainter"


def save_inpainter(path: Path, inpainter: Inpainter) -> str:
    """Write an inpainter in bfloat16, atomically; returns the hash of the file."""
    return save_module(path, FORMAT, _header(inpainter), inpainter)


def inpainter_bytes(inpainter: Inpainter) -> bytes:
    """The bytes that `save_inpainter` writes."""
    return module_bytes(FORMAT, _header(inpainter), inpainter)


def load_inpainter(path: Path, dtype: torch.dtype = torch.float32) -> Inpainter:
    """The inpainter of a file.

    Raises:
        ValueError: If the file is missing, damaged, of another version or of another program.
    """
    return load_module(path, FORMAT, lambda header: Inpainter(InpainterConfig(**header["config"])), dtype)


def _header(inpainter: Inpainter) -> dict[str, dict[str, object]]:
    return {"config": asdict(inpainter.config)}
