"""Muon for matrices and AdamW for the rest, in one optimizer.

Hidden matrices follow momentum made orthogonal, which learns more of few batches than Adam does; tables, vectors and
the last layers are left to AdamW. Source: Jordan et al. 2024; the scale of the step that lets both share a learning
rate is Moonlight's (Liu et al. 2025, equation 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from wm_gym.train_world.ranks import on_whole

_SIXTH_ORDER = (3.4445, -4.7750, 2.0315)
_SWEEPS = 5


class MuonAdamW(Optimizer):
    """One step of both with one learning rate."""

    def __init__(
        self, matrices: Iterable[nn.Parameter], others: Iterable[nn.Parameter], lr: float, weight_decay: float = 0.0
    ) -> None:
        """Groups of parameters.

        Args:
            matrices: Of two dimensions, for Muon.
            others: Of any shape, for AdamW.
            lr: Learning rate of both.
            weight_decay: Of matrices and tables; vectors have none.
        """
        groups = [{"params": list(matrices), "is_muon": True}, {"params": list(others), "is_muon": False}]
        super().__init__(groups, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Change all parameters that have a gradient; returns what `closure` does, if it is given."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for parameter in (one for one in group["params"] if one.grad is not None):
                update = _muon if group["is_muon"] else _adam
                change = update(parameter.grad, self.state[parameter])
                if parameter.ndim > 1:
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(change, alpha=-group["lr"])
        return loss


def _muon(gradient: Tensor, state: dict[str, Any], momentum: float = 0.95) -> Tensor:
    mean = state.setdefault("mean", torch.zeros_like(gradient))
    mean.lerp_(gradient, 1 - momentum)
    # the size of a step of AdamW on a matrix of this shape
    return on_whole(orthogonal, gradient.lerp(mean, momentum)) * (0.2 * max(gradient.shape) ** 0.5)


def _adam(
    gradient: Tensor, state: dict[str, Any], betas: tuple[float, float] = (0.9, 0.97), least: float = 1e-8
) -> Tensor:
    mean = state.setdefault("mean", torch.zeros_like(gradient))
    square = state.setdefault("square", torch.zeros_like(gradient))
    count = state.setdefault("count", torch.zeros(()))
    count += 1
    mean.lerp_(gradient, 1 - betas[0])
    square.lerp_(gradient.square(), 1 - betas[1])
    return mean / (1 - betas[0] ** count) / ((square / (1 - betas[1] ** count)).sqrt() + least)


def orthogonal(matrix: Tensor) -> Tensor:
    """A matrix near the orthogonal one of its singular vectors, by Newton-Schulz sweeps in bfloat16."""
    a, b, c = _SIXTH_ORDER
    x = matrix.bfloat16() / (matrix.norm() + 1e-7)
    is_tall = x.shape[0] > x.shape[1]
    x = x.T if is_tall else x
    for _ in range(_SWEEPS):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return (x.T if is_tall else x).to(matrix.dtype)
