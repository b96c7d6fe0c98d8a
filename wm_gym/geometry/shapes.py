"""Checks that tensors at the public edge of this room have the shape they must have."""

from __future__ import annotations

from torch import Tensor


def require_trailing(name: str, tensor: Tensor, trailing: tuple[int, ...]) -> None:
    """Refuse a tensor that is not floating point or whose last axes are not `trailing`.

    Raises:
        ValueError: With one sentence that names the argument, the rule and what came.
    """
    if tuple(tensor.shape[-len(trailing) :]) != trailing:
        wanted = ", ".join(["...", *map(str, trailing)])
        raise ValueError(f"{name} must have shape ({wanted}), got {tuple(tensor.shape)}")
    if not tensor.is_floating_point():
        raise ValueError(f"{name} must be floating point, got {tensor.dtype}")
