"""Layout networks on disk, and the one that is shipped with the package."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from wm_gym.layout.cells import NAMES
from wm_gym.layout.network import LayoutConfig, LayoutNetwork
from wm_gym.layout.words import WORD_NAMES
from wm_gym.networks.weights_file import check_names, load_module, save_module

FORMAT = "wm_gym.layout"
SHIPPED = Path(__file__).parent / "shipped" / "layout.safetensors"


def save_layout(path: Path, network: LayoutNetwork) -> str:
    """Write a network, its matrices in bytes, atomically; returns the hash of the file."""
    header = {"config": asdict(network.config), "cells": NAMES, "words": WORD_NAMES}
    return save_module(path, FORMAT, header, network, in_bytes=True)


def load_layout(path: Path, dtype: torch.dtype = torch.float32) -> LayoutNetwork:
    """The network of a file.

    Raises:
        ValueError: If the file is missing, damaged, of another version, or of other classes of cells or words.
    """

    def make(header: dict[str, Any]) -> LayoutNetwork:
        for what, own in (("cells", NAMES), ("words", WORD_NAMES)):
            check_names(path, what, header[what], own)
        return LayoutNetwork(LayoutConfig(**header["config"]))

    network = load_module(path, FORMAT, make, dtype).eval()
    network.dictionary = network.dictionary.round().to(torch.uint8)
    return network
