"""Joining the moving mask that a model generates to the moving things that memory knows. Knows nothing of networks."""

from __future__ import annotations

import torch
from torch import Tensor

from wm_gym.memory.hints import Hints

STAYS_ABOVE = -0.8
"""Score (-1..1) above which a remembered moving thing goes on moving."""

BEGINS_ABOVE = 0.3
"""Score above which something moves where memory knows of nothing that does."""


def blend_moving(score: Tensor, hints: Hints) -> Tensor:
    """What moves, (N, T, H, W) bool: more is asked of what is new than of what was moving before.

    A model that predicts in one step is unsure of the outline of a thing on its way, and one threshold for all would
    wear the thing away, step by step. Thresholds were chosen by intersection over union.

    Args:
        score: (N, T, H, W) generated, -1 still to 1 moving.
        hints: At the same poses.
    """
    return score > torch.where(hints.seen & hints.moving, STAYS_ABOVE, BEGINS_ABOVE)
