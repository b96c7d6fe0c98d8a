"""Inpainters and scene banks on disk, and the ones shipped with the package."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch

from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.inpainter_config import InpainterConfig
from wm_gym.networks.weights_file import load_module, module_bytes, save_module
from wm_gym.scenes.keyframe_scale import fits

FORMAT = "wm_gym.inpainter"
SHIPPED = Path(__file__).parent / "shipped"
"""Folder of the shipped inpainters, HEIGHTxWIDTH.inpainter, and of the shipped scene bank, a folder `scene_bank`."""

SCENE_BANK_SIZE = (192, 256)
"""Rows and columns of the keyframes of the shipped scene bank."""


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


def find_inpainter(height: int, width: int) -> Path | None:
    """The shipped inpainter for frames of a size, or None where there is none."""
    path = SHIPPED / f"{height}x{width}.inpainter"
    return path if path.exists() else None


def find_scene_bank(height: int, width: int) -> Path | None:
    """The shipped scene bank, a folder of captures, or None where it does not fit frames of that size."""
    return SHIPPED / "scene_bank" if fits(SCENE_BANK_SIZE, height, width) else None


def _header(inpainter: Inpainter) -> dict[str, dict[str, object]]:
    return {"config": asdict(inpainter.config)}
