"""Depth as networks see it: logarithms of metres, evenly in -1..1. Knows nothing of cameras."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def scale_log_depth(log_depth: Tensor, near_metres: float, far_metres: float) -> Tensor:
    """Logarithms of metres to -1..1, the near value to the far one."""
    low, high = math.log(near_metres), math.log(far_metres)
    return ((log_depth - low) / (high - low) * 2 - 1).clamp(-1, 1)


def unscale_depth(scaled: Tensor, near_metres: float, far_metres: float) -> Tensor:
    """-1..1 to metres, at most the far value."""
    low, high = math.log(near_metres), math.log(far_metres)
    return torch.exp((scaled + 1) / 2 * (high - low) + low).clamp(max=far_metres)
