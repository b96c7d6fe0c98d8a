"""Products of matrices of int8, whose sums are exact: whole numbers, whatever the processor, the threads and the batch.

A matrix of numbers becomes int8 row by row, with a factor for each row; a product of two such matrices is then scaled
by the factors of both. Where the processor multiplies int8 itself that is four times as fast as float32. Elsewhere the
same whole numbers are multiplied as float32, which holds every sum of at most 1,040 products exactly.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

_int_mm: Any = getattr(torch, "_int_mm")  # noqa: B009 (torch keeps no type of it)

MOST_PRODUCTS = 2**24 // 127**2
"""Longest sum of products of int8 in -127..127 that float32 holds exactly."""


def quantised(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Whole numbers (R, C) int8 in -127..127, and the factors (R, 1) of their rows."""
    scale = (matrix.abs().amax(1, keepdim=True) / 127).clamp_min(1e-12)
    return (matrix / scale).round().to(torch.int8), scale


def product(a: Tensor, b: Tensor) -> Tensor:
    """(M, K) times (K, P) of int8 in -127..127, exactly; (M, P) int32. K is at most `MOST_PRODUCTS`."""
    if _has_exact_kernel():
        return _int_mm(a, b)
    return (a.float() @ b.float()).to(torch.int32)


@lru_cache(maxsize=1)
def _has_exact_kernel() -> bool:
    """Whether torch has a product of int8 for this processor that neither saturates nor goes number by number."""
    if not torch.backends.mkldnn.is_available() or "AVX512" not in torch.backends.cpu.get_cpu_capability():
        return False
    largest = torch.full((16, 64), 127, dtype=torch.int8)
    return torch.equal(_int_mm(largest, largest.t()), torch.full((16, 16), 64 * 127**2, dtype=torch.int32))
