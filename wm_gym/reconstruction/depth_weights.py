"""Depth networks on disk, and the estimator that one of them is."""

from __future__ import annotations

from collections.abc import Sequence
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
    EXACT,
    DepthConfig,
    DepthInput,
    DepthNetwork,
    estimated_surfaces,
    slopes_of,
)
from wm_gym.reconstruction.estimates import DepthEstimate, DepthQuery, Kind
from wm_gym.reconstruction.plane_sweep import no_sweep, plane_sweep
from wm_gym.reconstruction.surfaces import Surfaces
from wm_gym.reconstruction.upsampling import upsampled

FORMAT = "wm_gym.depth"
SHIPPED = Path(__file__).parent / "shipped" / "depth.safetensors"

ROWS = 48
"""Rows that networks are trained at: larger pictures are reduced to about as many, and depth is brought back."""

_LARGEST = 1.5


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
        """As `DepthEstimator.estimate` says.

        Of frames that follow each other each is compared with those beside it, and is given what was estimated of those
        before it; the others stand alone, so that none depends on how many there are.
        """
        large = query.frames.movedim(-1, 1).float() / 255
        size = _network_size(*query.size)
        given = _input(query, large, size)
        poses, lens = query.world_from_camera.float(), _lens(query, size)[None]
        estimates: list[Surfaces] = []
        made = []
        for t in range(len(large)):
            one = DepthInput(*(each[t : t + 1] for each in given.tensors()))
            known = Surfaces(one.known_depth, one.known_error, one.known_colours, poses[t : t + 1], lens)
            answer = self._network(one.after(known, estimates).to(self._device))
            maps = torch.cat([answer.log_depth, answer.log_error, torch.tanh(0.5 * answer.moving)]).cpu()
            made.append(maps if size == query.size else upsampled(maps, one.frames[0], large[t]))
            if query.follows:
                estimates.insert(0, estimated_surfaces(answer, one.frames, known))
        depth, error, moving = torch.stack(made, 1)
        return DepthEstimate(depth.exp().clone(), moving.clone(), error.exp().clone())


def _lens(query: DepthQuery, size: tuple[int, int]) -> Tensor:
    """(4,) intrinsics at the network's size."""
    rows, columns = query.size
    return resize_intrinsics(query.intrinsics.float(), size[0] / rows, size[1] / columns)


def _network_size(rows: int, columns: int) -> tuple[int, int]:
    """Rows and columns that a picture is reduced to, even numbers; small pictures keep theirs."""
    factor = ROWS / rows if rows > _LARGEST * ROWS else 1.0
    return 2 * max(1, round(rows * factor / 2)), 2 * max(1, round(columns * factor / 2))


def _input(query: DepthQuery, large: Tensor, size: tuple[int, int]) -> DepthInput:
    """What the network is given of all frames, at its size."""
    poses, frames, lens = query.world_from_camera.float(), _reduced(large, size), _lens(query, size)
    known = torch.zeros(len(frames), *size)
    if query.known_depth is not None:
        known = _nearest(query.known_depth.float(), size)
    colours = frames if query.known_frames is None else _reduced(query.known_frames.movedim(-1, 1).float() / 255, size)
    ground = DepthQuery(frames.movedim(1, -1), lens, poses).ground()
    slopes = slopes_of(lens.expand(len(frames), 4), poses, *size)
    return DepthInput(
        frames, ground, slopes, known, torch.full_like(known, EXACT), colours, _sweeps(query, frames, lens)
    )


def _sweeps(query: DepthQuery, frames: Tensor, lens: Tensor) -> Tensor:
    """`DepthInput.sweeps` of all frames."""
    sweeps, poses = no_sweep(len(frames), *frames.shape[2:]), query.world_from_camera.float()
    for t in range(len(frames) if query.follows else 0):
        others = _beside(t, len(frames), query.gaps)
        if others:
            other_from_frame, shown = inverse(poses[others]) @ poses[t], torch.ones(1, len(others), dtype=torch.bool)
            beside = frames[others][None], other_from_frame[None], shown, lens[None]
            sweeps[t] = plane_sweep(frames[t : t + 1], *beside)[0]
    return sweeps


def _beside(t: int, count: int, gaps: Sequence[int]) -> list[int]:
    """The frames that frame t of `count` is compared with: earlier ones, or else later ones."""
    both = ((t - gap, t + gap) for gap in gaps)
    picked = (next((other for other in pair if 0 <= other < count), None) for pair in both)
    return [other for other in picked if other is not None]


def _reduced(images: Tensor, size: tuple[int, int]) -> Tensor:
    if images.shape[-2:] == size:
        return images
    return functional.interpolate(images, size=size, mode="bilinear", antialias=True, align_corners=False)


def _nearest(maps: Tensor, size: tuple[int, int]) -> Tensor:
    return maps if maps.shape[-2:] == size else functional.interpolate(maps[:, None], size=size, mode="nearest")[:, 0]
