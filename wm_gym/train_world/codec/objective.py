"""The loss of a streaming codec: errors of colour, depth and moving mask of decoded chunks, and of their edges.

Noise is added to the latents, as a generator's errors will be, so that near latents decode to near pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.backends.video.codec import FRAME_CHANNELS
from wm_gym.backends.video.streaming import StreamingCodec

MASK_SHARPNESS = 4.0
"""Logit of a moving mask per unit of its plane."""


@dataclass(frozen=True)
class CodecObjectiveConfig:
    """Weights of the loss, and noise.

    Attributes:
        edges: Weight of differences between neighbours in rows, columns and time, against values.
        depth_weight: Weight of log-depth against colour.
        moving_weight: Weight of the moving mask against colour.
        mover_weight: Added weight of the mask where something moves: such pixels are few.
        latent_noise: Largest standard deviation of the noise that is added to a sample's latents.
    """

    edges: float = 0.3
    depth_weight: float = 1.0
    moving_weight: float = 0.2
    mover_weight: float = 2.0
    latent_noise: float = 0.05


def codec_loss(
    codec: StreamingCodec, planes: Tensor, config: CodecObjectiveConfig, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of samples (B, L, T * 5, H, W), and its parts.

    Args:
        codec: Codec that is trained.
        planes: On the codec's device.
        config: Weights.
        generator: On the CPU; all noise comes from it.
    """
    state = codec.start(len(planes), *planes.shape[-2:])
    latents, _ = codec.encode_clip(planes, state)
    amount = config.latent_noise * torch.rand(len(planes), 1, 1, 1, 1, generator=generator)
    noise = (amount * torch.randn(latents.shape, generator=generator)).to(planes.device)
    decoded, _ = codec.decode_clip((latents + noise).clamp(-1, 1), state)
    decoded, truth = by_frame(decoded), by_frame(planes)
    error = decoded[:, :, :4] - truth[:, :, :4]
    parts = {"colour": _size(error[:, :, :3], config.edges), "depth": _size(error[:, :, 3:], config.edges)}
    moves = (truth[:, :, 4] > 0).float()
    weight = 1 + config.mover_weight * moves
    parts["moving"] = F.binary_cross_entropy_with_logits(MASK_SHARPNESS * decoded[:, :, 4], moves, weight)
    total = parts["colour"] + config.depth_weight * parts["depth"] + config.moving_weight * parts["moving"]
    return total, {name: part.detach() for name, part in parts.items()}


def by_frame(planes: Tensor) -> Tensor:
    """(B, L, T * 5, H, W) to (B, L * T, 5, H, W)."""
    return planes.unflatten(2, (-1, FRAME_CHANNELS)).flatten(1, 2)


def _size(error: Tensor, edges: float) -> Tensor:
    """Mean absolute error (B, F, C, H, W) of values, and of their differences in time, rows and columns."""
    changes = torch.stack([error.diff(dim=dim).abs().mean() for dim in (1, 3, 4)])
    return error.abs().mean() + edges * changes.sum()
