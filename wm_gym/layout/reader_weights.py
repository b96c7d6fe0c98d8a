"""Readers of plans on disk, and the one that is shipped with the package."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from wm_gym.layout.cells import NAMES
from wm_gym.layout.reading import PlanReader, ReaderConfig
from wm_gym.networks.weights_file import check_names, load_module, save_module

FORMAT = "wm_gym.plan_reader"
SHIPPED = Path(__file__).parent / "shipped" / "plan_reader.safetensors"


def save_plan_reader(path: Path, network: PlanReader) -> str:
    """Write a network in bfloat16, atomically; returns the hash of the file."""
    return save_module(path, FORMAT, {"config": asdict(network.config), "cells": NAMES}, network)


def load_plan_reader(path: Path, dtype: torch.dtype = torch.float32) -> PlanReader:
    """The network of a file.

    Raises:
        ValueError: If the file is missing, damaged, of another version, or of other classes of cells.
    """

    def make(header: dict[str, Any]) -> PlanReader:
        check_names(path, "cells", header["cells"], NAMES)
        config = header["config"]
        return PlanReader(ReaderConfig(config["width"], tuple(config["spreads"])))

    return load_module(path, FORMAT, make, dtype).eval()
