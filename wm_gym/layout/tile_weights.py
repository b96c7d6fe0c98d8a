"""Tile networks on disk, and the one that is shipped with the package."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from wm_gym.layout.tile_network import TileConfig, TileNetwork
from wm_gym.layout.tiles import NAMES
from wm_gym.networks.weights_file import check_names, load_module, save_module

FORMAT = "wm_gym.tiles"
SHIPPED = Path(__file__).parent / "shipped" / "tiles.safetensors"


def save_tiles(path: Path, network: TileNetwork) -> str:
    """Write a network in bfloat16, atomically; returns the hash of the file."""
    return save_module(path, FORMAT, {"config": asdict(network.config), "kinds": NAMES}, network)


def load_tiles(path: Path, dtype: torch.dtype = torch.float32) -> TileNetwork:
    """The network of a file.

    Raises:
        ValueError: If the file is missing, damaged, of another version, or of other kinds of tiles.
    """

    def make(header: dict[str, Any]) -> TileNetwork:
        check_names(path, "tiles", header["kinds"], NAMES)
        return TileNetwork(TileConfig(**header["config"]))

    return load_module(path, FORMAT, make, dtype).eval()
