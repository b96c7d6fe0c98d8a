"""What networks make in closed loop: each chunk from their own last frame, as an environment does."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.train_world.distilling.scores import Maker
from wm_gym.train_world.distilling.student import last_frame
from wm_gym.train_world.distilling.walks import Pieces, given_of

_SEED_STRIDE = 1_000_003
"""Between the seeds of chunks and those of rollouts."""


@torch.no_grad()
def closed_loop(
    network: VideoNetwork, make: Maker, pieces: Pieces, length: int, seed: int, *, cold: bool = False
) -> Tensor:
    """Planes (B, L, F * 5, H, W) of all of the pieces' chunks, of `length` latent frames each.

    Args:
        network: Makes them.
        make: How it makes one.
        pieces: Where the camera goes, and the frame that it starts with.
        length: Latent frames of a chunk.
        seed: Of all noise.
        cold: Whether that frame is not shown.
    """
    planes, made = None if cold else pieces.before, []
    for first in range(0, pieces.length, length):
        given = given_of(pieces, planes, first, length, network.config, network.packing)
        made.append(make(network, given, seed * _SEED_STRIDE + first).clamp(-1, 1))
        planes = last_frame(made[-1])
    return torch.cat(made, 1)


def unhinted(network: VideoNetwork, pieces: Pieces) -> np.ndarray:
    """(B, L, H, W) bool: pixels that the pieces' first frame, turned, does not show."""
    given = given_of(pieces, pieces.before, 0, pieces.length, network.config, network.packing)
    return (given.hints.unflatten(2, (-1, HINT_CHANNELS))[:, :, -1, 4] <= 0).cpu().numpy()


def frames_of(planes: Tensor) -> np.ndarray:
    """The last frame of each latent frame (B, L, F * 5, H, W), as (B, L, H, W, 3) uint8."""
    colours = planes.unflatten(2, (-1, FRAME_CHANNELS))[:, :, -1, :3]
    return ((colours.clamp(-1, 1) + 1) * 127.5).round().byte().movedim(2, -1).cpu().numpy()
