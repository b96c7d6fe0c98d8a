"""Arrays of either kind: wrappers compute in torch and give back the kind that they were given, numpy or torch."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

Array: TypeAlias = np.ndarray | Tensor


def as_tensor(array: Array) -> Tensor:
    """The array as a tensor, without a copy where it may be written to."""
    if isinstance(array, Tensor):
        return array
    return torch.from_numpy(np.require(array, requirements=["W", "C"]))


def as_given(tensor: Tensor, like: Array) -> Array:
    """The tensor as the kind of array that `like` is."""
    return tensor if isinstance(like, Tensor) else tensor.cpu().numpy()


def over(rows: Tensor, like: Tensor) -> Tensor:
    """(N,) with trailing axes, so that it broadcasts over `like`, (N, ...)."""
    return rows.to(like.device).reshape(-1, *[1] * (like.dim() - 1))
