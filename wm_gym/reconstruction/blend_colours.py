"""Generated colours blended with the colours of memory. Knows nothing of networks."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from wm_gym.memory.hints import Hints
from wm_gym.networks.arithmetic import takes_kernels
from wm_gym.reconstruction import kernels

AGREEMENT = 48.0
"""RMS difference of colours (0..255) at which the blend weight of a remembered pixel has fallen to 1 / e."""


def blend_colours(frames: Tensor, moving: Tensor, hints: Hints, completed: Tensor) -> Tensor:
    """Memory's colours where the generated ones agree with them, the generated ones where they do not.

    A model that predicts in one step gives the mean of all possible frames, which is blurred; remembered colours are as
    sharp as they were seen. Where the two differ, the scene has changed or memory is wrong, and the model is right.
    Completed pixels were decided for this chunk, so they are kept whatever the model's mean is. A tracked moving object
    keeps the colours it was detected in: its legs swing, and the mean of all ways they may swing, written to memory
    and shown again, would be a cloud within a few chunks.
    Source: InSpatio-World's explicit spatial constraint, as a soft blend.

    Args:
        frames: (N, T, H, W, 3) uint8, generated.
        moving: (N, T, H, W) bool, generated.
        hints: (N, T, H, W), memory rendered at the same poses and completed.
        completed: (N, T, H, W) bool, the pixels of the hints that completion decided.

    Returns:
        (N, T, H, W, 3) uint8.
    """
    is_comparable = hints.seen & hints.same_appearance & (hints.moving == moving)
    if takes_kernels(frames):
        made, known = (t.contiguous().view(-1, 3).numpy() for t in (frames, hints.colour))
        comparable, sure = (t.contiguous().view(-1).numpy() for t in (is_comparable, completed | hints.moving))
        blended = torch.empty(frames.shape, dtype=torch.uint8)
        kernels.colours(made, known, comparable, sure, np.float32(AGREEMENT), blended.view(-1, 3).numpy())
        return blended
    generated, remembered = frames.float(), hints.colour.float()
    difference = remembered - generated
    agreement = torch.exp(difference.square().mean(-1) / -(AGREEMENT**2))
    blend_weight = torch.where(completed | hints.moving, 1.0, agreement) * is_comparable
    return (generated + blend_weight[..., None] * difference).round().to(torch.uint8)
