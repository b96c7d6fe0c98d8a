"""Joining the colours that a model generates to those that memory knows. Knows nothing of networks."""

from __future__ import annotations

import torch
from torch import Tensor

from wm_gym.memory.hints import Hints

AGREEMENT = 48.0
"""Distance of colours, of 255, at which a remembered pixel has lost most of its say."""


def blend_colours(frames: Tensor, moving: Tensor, hints: Hints, painted: Tensor) -> Tensor:
    """Memory's colours where the model agrees, the model's where it does not.

    A model that predicts in one step shows the mean of what may be, which is softer than any of it; what is remembered
    is as sharp as it was seen. Where the two differ, something has changed or the memory is wrong, and the model is
    right. What was painted for this chunk is a decision, to which the model's mean of what may be is no objection. A
    moving thing that goes on keeps the colours it was sighted in: its legs swing, and the mean of all ways they may
    swing, remembered and shown again, would be a cloud within a few chunks.
    Source: InSpatio-World's explicit spatial constraint, as a soft choice.

    Args:
        frames: (N, T, H, W, 3) uint8, generated.
        moving: (N, T, H, W) bool, generated.
        hints: At the same poses.
        painted: (N, T, H, W) bool, the pixels of the hints that were painted.

    Returns:
        (N, T, H, W, 3) uint8.
    """
    generated, remembered = frames.float(), hints.colour.float()
    looks_so_now = hints.seen & hints.same_appearance & (hints.moving == moving)
    difference = remembered - generated
    agreement = torch.exp(difference.square().mean(-1) / -(AGREEMENT**2))
    blend_weight = torch.where(painted | hints.moving, 1.0, agreement) * looks_so_now
    return (generated + blend_weight[..., None] * difference).round().to(torch.uint8)
