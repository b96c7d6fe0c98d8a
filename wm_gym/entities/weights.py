"""Thing networks on disk, and the one that is shipped with the package."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from wm_gym.entities.network import ThingConfig, ThingNetwork
from wm_gym.networks.weights_file import load_module, save_module

FORMAT = "wm_gym.things"
SHIPPED = Path(__file__).parent / "shipped" / "things.safetensors"


def save_things(path: Path, network: ThingNetwork) -> str:
    """Write a network in bfloat16, atomically; returns the hash of the file."""
    header = {"config": asdict(network.config), "kinds": network.kinds, "rows": network.rows}
    return save_module(path, FORMAT, header, network)


def load_things(path: Path, dtype: torch.dtype = torch.float32) -> ThingNetwork:
    """The network of a file.

    Raises:
        ValueError: If the file is missing, damaged, of another version or of another program.
    """

    def make(header: dict[str, Any]) -> ThingNetwork:
        if "rows" not in header:
            raise ValueError(f"weights {path} must tell their things by kind, got those of an older version")
        return ThingNetwork(ThingConfig(**header["config"]), header["rows"], tuple(header["kinds"]))

    return load_module(path, FORMAT, make, dtype).eval()
