"""Batch-invariant arithmetic: a world's numbers do not depend on which worlds are computed beside it.

Kernels choose the order of their sums by the shape of a product: by its rows, by the number of matrices, on some
processors (AMX, AVX-512) by both. In generation every product therefore has the shape that it has for one world alone:
`Linear`, `matmul` and `per_world` take a batch apart for the product only. What lies between products works on single
numbers or single rows, and is done for all worlds at once. There a world's share must be a whole number of vector
registers (`check_shares`): what is left over in a kernel's last loop may be computed by other instructions.

Training does not need this, so it holds only inside `world_by_world()`. Source of the problem and of the remedy:
He et al. 2025, "Defeating Nondeterminism in LLM Inference" (Thinking Machines). Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn

REGISTERS = 64
"""Numbers that a kernel's main loop takes at once, at most: two registers of 512 bits, of bfloat16."""

_IS_ON: ContextVar[bool] = ContextVar("batch_invariant", default=False)


@contextmanager
def world_by_world(is_on: bool = True) -> Iterator[None]:
    """Within it each world's products are computed alone; without effect where `is_on` is False."""
    token = _IS_ON.set(is_on)
    try:
        yield
    finally:
        _IS_ON.reset(token)


def per_world(function: Callable[..., Any], *values: Any, worlds: int | None = None) -> Any:
    """The function of tensors, or of tuples of them, whose axis 0 belongs to worlds; each world is computed alone.

    Args:
        function: Of tensors to a tensor or a tuple of them, each world's rows one after another in axis 0.
        values: Tensors, or tuples of tensors.
        worlds: How many worlds axis 0 belongs to, in equal parts; None: one for each row of the first value.
    """
    count = len(values[0]) if worlds is None else worlds
    if count == 1 or not _IS_ON.get():
        return function(*values)
    parts = zip(*(_split(value, count) for value in values), strict=True)
    return _join([function(*part) for part in parts])


class Linear(nn.Linear):
    """torch's, for (N, ..., channels) of N worlds, or of N prompts or frames."""

    def forward(self, input: Tensor) -> Tensor:
        """(N, ..., in_features) to (N, ..., out_features)."""
        if self.bias is None or input.ndim != 3 or not _is_generating():
            return per_world(super().forward, input)
        return affine(input, self.weight.t(), self.bias)


def affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """(N, M, K) times (K, P) plus (P,), each world's product alone; for inference."""
    out = x.new_empty(*x.shape[:-1], weight.shape[1])
    each = zip(x.unbind(), out.unbind(), strict=True) if _IS_ON.get() else [(x.flatten(0, 1), out.flatten(0, 1))]
    for one, product in each:
        torch.addmm(bias, one, weight, out=product)
    return out


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """(N, ..., M, K) times (N, ..., K, P), each world's product alone."""
    if a.ndim != 4 or b.ndim != 4 or not _is_generating():
        return per_world(torch.matmul, a, b)
    out = a.new_empty(*a.shape[:-1], b.shape[-1])
    for one, other, product in zip(a.unbind(), b.unbind(), out.unbind(), strict=True):
        torch.bmm(one, other, out=product)
    return out


def check_shares(**shares: int) -> None:
    """See to it that each world's share of what is computed at once is a whole number of vector registers.

    Args:
        shares: Numbers of elements by their names.

    Raises:
        ValueError: If one is not.
    """
    for name, share in shares.items():
        if share % REGISTERS:
            raise ValueError(
                f"{name} must be a multiple of {REGISTERS} for worlds that do not depend on their batch, got {share}; "
                "or set batch_invariant=False"
            )


def _is_generating() -> bool:
    """Whether each world's product is computed alone, and may be written straight into that of the batch."""
    return _IS_ON.get() and torch.is_inference_mode_enabled()


def _split(value: Any, count: int) -> list[Any]:
    """For each of `count` worlds its part of a tensor or of a tuple of tensors."""
    if isinstance(value, tuple):
        return list(zip(*(_split(one, count) for one in value), strict=True)) if value else [()] * count
    return list(value.split(len(value) // count))


def _join(parts: list[Any]) -> Any:
    if isinstance(parts[0], tuple):
        return tuple(_join(list(one)) for one in zip(*parts, strict=True))
    return torch.cat(parts)
