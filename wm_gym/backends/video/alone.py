"""Layers whose batch is a handful of vectors, one for each world.

A product of one row takes another path through the kernels than a product of several, and ends in other low bits. In
generation such layers are applied to each world alone, so that a world does not depend on its neighbours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def each_alone(layer: nn.Module, x: Tensor) -> Tensor:
    """The layer on x (N, ...), world by world; all at once where gradients are wanted."""
    if len(x) == 1 or torch.is_grad_enabled():
        return layer(x)
    return torch.cat([layer(row) for row in x.split(1)])
