"""Appearance networks on disk, and the one that is shipped with the package."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from wm_gym.appearance.network import AppearanceConfig, AppearanceNetwork
from wm_gym.networks.weights_file import load_module, save_module

FORMAT = "wm_gym.appearance"
_NAMES = ("kinds", "carriers", "geometry")
SHIPPED = Path(__file__).parent / "shipped" / "appearance.safetensors"


def save_appearance(path: Path, network: AppearanceNetwork) -> str:
    """Write a network in bfloat16, atomically; returns the hash of the file."""
    return save_module(path, FORMAT, {"config": asdict(network.config)}, network)


def load_appearance(path: Path, dtype: torch.dtype = torch.float32) -> AppearanceNetwork:
    """The network of a file.

    Raises:
        ValueError: If the file is missing, damaged, of another version or of another program.
    """

    def make(header: dict[str, Any]) -> AppearanceNetwork:
        config = header["config"]
        return AppearanceNetwork(AppearanceConfig(**config | {n: tuple(config[n]) for n in _NAMES}))

    return load_module(path, FORMAT, make, dtype).eval()
