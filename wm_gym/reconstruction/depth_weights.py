"""Depth networks on disk, and the estimator that one of them is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wm_gym.networks.weights_file import load_module, save_module
from wm_gym.reconstruction.alignment import Kind
from wm_gym.reconstruction.depth_network import DepthConfig, DepthNetwork

FORMAT = "wm_gym.depth"


def save_depth(path: Path, network: DepthNetwork) -> str:
    """Write a network in bfloat16, atomically; returns the hash of the file."""
    return save_module(path, FORMAT, {"config": asdict(network.config)}, network)


def load_depth(path: Path, dtype: torch.dtype = torch.float32) -> DepthNetwork:
    """The network of a file.

    Raises:
        ValueError: If the file is missing, damaged, of another version or of another program.
    """

    def make(header: dict[str, Any]) -> DepthNetwork:
        return DepthNetwork(DepthConfig(**header["config"]))

    return load_module(path, FORMAT, make, dtype).eval()


class EmbeddedDepth:
    """Depth by a network of the recipe "depth", in metres.

    Attributes:
        kind: "metric".
    """

    kind: Kind = "metric"

    def __init__(self, weights: str | Path, device: str = "cpu") -> None:
        """Load weights.

        Raises:
            ValueError: If they are none.
        """
        self._network, self._device = load_depth(Path(weights)).to(device), device

    @torch.inference_mode()
    def estimate(self, frames: Tensor, ground: Tensor) -> Tensor:
        """As `DepthEstimator.estimate` says."""
        colours = frames.movedim(-1, 1).float() / 255
        made = []
        for colour, under in zip(colours, ground, strict=True):
            given = colour[None], under[None].float(), torch.zeros_like(under, dtype=torch.float32)[None]
            log_depth = self._network(*(one.to(self._device) for one in given))
            made.append(log_depth[0].exp().cpu())
        return torch.stack(made).clone()
