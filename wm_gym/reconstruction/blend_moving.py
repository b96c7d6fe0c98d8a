"""The generated moving mask, thresholded by whether memory has a moving object there. Knows nothing of networks."""

from __future__ import annotations

import torch
from torch import Tensor

from wm_gym.memory.hints import Hints

STAYS_ABOVE = -0.8
"""Score (-1..1) above which a pixel of a tracked moving object stays moving."""

BEGINS_ABOVE = 0.3
"""Score (-1..1) above which any other pixel is moving."""


def blend_moving(score: Tensor, hints: Hints) -> Tensor:
    """The moving mask, (N, T, H, W) bool, with a lower threshold where an object was moving before.

    A model that predicts in one step is unsure of the outline of a moving object, and one threshold for all pixels
    would shrink the object step by step. The thresholds were chosen by intersection over union.

    Args:
        score: (N, T, H, W) generated, -1 static to 1 moving.
        hints: (N, T, H, W), memory rendered at the same poses.
    """
    return score > torch.where(hints.seen & hints.moving, STAYS_ABOVE, BEGINS_ABOVE)
