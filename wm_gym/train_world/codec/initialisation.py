"""Initialisation of a codec: its linear part from the principal components (PCA) of patches.

From random weights a small codec spends its first thousand steps on the mean colour.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.backends.video.streaming import StreamingCodec

SPREAD = 0.4
"""Standard deviation of a latent's channel: small enough for its bounds of -1 and 1, large against the noise."""


@torch.no_grad()
def init_linear(codec: StreamingCodec, planes: Tensor) -> None:
    """Set the codec's linear parts from samples (B, L, T * 5, H, W). Draws from torch's generator."""
    patches = F.pixel_unshuffle(planes.flatten(0, 1), codec.scale).movedim(1, -1).flatten(0, 2)  # (B*L*h*w, D)
    mean = patches.mean(0)
    found = min(codec.latent_channels, *patches.shape)
    _, sizes, directions = torch.pca_lowrank(patches - mean, q=found, center=False, niter=4)
    spread = sizes / len(patches) ** 0.5
    spread = spread.clamp(min=1e-3 * spread.max())  # what hardly varies is not blown up
    enter, leave = codec.encoder.linear, codec.decoder.linear
    nn.init.zeros_(enter.weight)
    nn.init.zeros_(leave.weight)
    enter.weight[:found, :, 0, 0] = (SPREAD / spread)[:, None] * directions.T
    leave.weight[:, :found, 0, 0] = directions * (spread / SPREAD)
    assert enter.bias is not None and leave.bias is not None
    enter.bias.copy_(-(enter.weight[:, :, 0, 0] @ mean))
    leave.bias.copy_(mean)
