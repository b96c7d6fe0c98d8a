"""Depth networks on disk, and the estimator that one of them is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from wm_gym.geometry.cameras import resize_intrinsics
from wm_gym.geometry.poses import inverse
from wm_gym.networks.weights_file import load_module, save_module
from wm_gym.reconstruction.depth_network import (
    SWEEPS,
    DepthConfig,
    DepthInput,
    DepthNetwork,
    no_sweeps,
    slopes_of,
)  # fmt: skip
from wm_gym.reconstruction.estimates import DepthEstimate, DepthQuery, Kind
from wm_gym.reconstruction.plane_sweep import PLANES, plane_sweep
from wm_gym.reconstruction.upsampling import upsampled

FORMAT = "wm_gym.depth"
SHIPPED = Path(__file__).parent / "shipped" / "depth.safetensors"

ROWS = 48
"""Rows that networks are trained at: larger pictures are reduced to about as many, and depth is brought back."""

_LARGEST = 1.5
_LEAST_FAR_GAP = 0.5


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
    """Depth, what moves and the expected error by a network of the recipe "depth", in metres.

    Attributes:
        kind: "metric".
        takes_known: True.
    """

    kind: Kind = "metric"
    takes_known = True

    def __init__(self, weights: str | Path = SHIPPED, device: str = "cpu") -> None:
        """Load weights.

        Raises:
            ValueError: If they are none.
        """
        self._network, self._device = load_depth(Path(weights)).to(device), device

    @torch.inference_mode()
    def estimate(self, query: DepthQuery) -> DepthEstimate:
        """As `DepthEstimator.estimate` says; frames that follow each other are compared with those beside them."""
        large = query.frames.movedim(-1, 1).float() / 255
        size = _network_size(*query.size)
        given = _input(query, large, size)
        # each frame alone, so that none depends on how many there are
        made = [self._answer(DepthInput(*(one[t : t + 1] for one in given.tensors()))) for t in range(len(large))]
        if size != query.size:
            made = [upsampled(maps, given.frames[t], large[t]) for t, maps in enumerate(made)]
        depth, error, moving = torch.stack(made, 1)
        return DepthEstimate(depth.exp().clone(), moving.clone(), error.exp().clone())

    def _answer(self, given: DepthInput) -> Tensor:
        """(3, H, W) log-depth, log of its error, and -1 for what stands still to 1 for what moves."""
        answer = self._network(given.to(self._device))
        return torch.cat([answer.log_depth, answer.log_error, torch.tanh(0.5 * answer.moving)]).cpu()


def _network_size(rows: int, columns: int) -> tuple[int, int]:
    """Rows and columns that a picture is reduced to, even numbers; small pictures keep theirs."""
    factor = ROWS / rows if rows > _LARGEST * ROWS else 1.0
    return 2 * max(1, round(rows * factor / 2)), 2 * max(1, round(columns * factor / 2))


def _input(query: DepthQuery, large: Tensor, size: tuple[int, int]) -> DepthInput:
    """What the network is given of all frames, at its size."""
    (rows, columns), poses = query.size, query.world_from_camera.float()
    frames, lens = _reduced(large, size), resize_intrinsics(query.intrinsics.float(), size[0] / rows, size[1] / columns)
    nothing = torch.zeros(len(frames), *size)
    known = nothing if query.known_depth is None else _nearest(query.known_depth.float(), size)
    ground = DepthQuery(frames.movedim(1, -1), lens, poses).ground()
    slopes = slopes_of(lens.expand(len(frames), 4), poses, *size)
    return DepthInput(frames, ground, slopes, known, _sweeps(query, frames, lens))


def _sweeps(query: DepthQuery, frames: Tensor, lens: Tensor) -> Tensor:
    """`DepthInput.sweeps` of all frames."""
    sweeps = no_sweeps(len(frames), frames.shape[2], frames.shape[3])
    for t in range(len(frames) if query.follows else 0):
        for k, other in enumerate(_beside(t, len(frames), query.gaps)):
            if other is not None:
                moved = inverse(query.world_from_camera[other].float()) @ query.world_from_camera[t].float()
                costs = plane_sweep(frames[t : t + 1], frames[other : other + 1], moved[None], lens[None])
                sweeps[t, k * PLANES : (k + 1) * PLANES] = costs[0]
    return sweeps


def _beside(t: int, count: int, gaps: tuple[int, int]) -> tuple[int | None, ...]:
    """The frames that frame t of `count` is compared with: earlier ones, or else later ones, about as far off."""
    picked: list[int | None] = []
    for k in range(SWEEPS):
        others = [other for other in (t - gaps[k], t + gaps[k]) if 0 <= other < count]
        others = others or sorted((other for other in (0, count - 1) if other != t), key=lambda other: -abs(other - t))
        is_far = bool(others) and (k == 0 or abs(others[0] - t) > _LEAST_FAR_GAP * gaps[k])
        picked.append(others[0] if is_far else None)
    return tuple(picked)


def _reduced(images: Tensor, size: tuple[int, int]) -> Tensor:
    if images.shape[-2:] == size:
        return images
    return functional.interpolate(images, size=size, mode="bilinear", antialias=True, align_corners=False)


def _nearest(maps: Tensor, size: tuple[int, int]) -> Tensor:
    return maps if maps.shape[-2:] == size else functional.interpolate(maps[:, None], size=size, mode="nearest")[:, 0]
