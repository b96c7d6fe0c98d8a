"""Depth as networks see it: log-depth, scaled linearly to -1..1. Knows nothing of cameras."""

from __future__ import annotations

import math

import torch
from torch import Tensor

NEAR_METRES, FAR_METRES = 0.2, 100.0
"""Smallest depth that is told apart, and depth that stands for the sky: of files, and of models that name no others."""


def scale_log_depth(log_depth: Tensor, near_metres: float, far_metres: float) -> Tensor:
    """Natural log-depth (...) to -1 at the near depth and 1 at the far depth, clamped beyond them."""
    low, high = math.log(near_metres), math.log(far_metres)
    return ((log_depth - low) / (high - low) * 2 - 1).clamp(-1, 1)


def unscale_depth(scaled: Tensor, near_metres: float, far_metres: float) -> Tensor:
    """The inverse of `scale_log_depth`: scaled depth (...) to metres, at most the far depth."""
    low, high = math.log(near_metres), math.log(far_metres)
    return torch.exp((scaled + 1) / 2 * (high - low) + low).clamp(max=far_metres)
