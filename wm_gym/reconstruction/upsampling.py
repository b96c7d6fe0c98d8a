"""Maps of a small picture at the size of a large one, along the edges of its colours. Knows nothing of depth."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

_COLOUR, _PIXELS = 0.05, 0.7
_LEAST = 1e-12


def upsampled(maps: Tensor, small: Tensor, large: Tensor) -> Tensor:
    """Maps (C, h, w) of a small picture at the size of the large one, (C, H, W).

    A pixel takes the mean of the nine small ones around it, those of its own colour above all.
    Source: Kopf et al. 2007, "Joint bilateral upsampling", section 3.

    Args:
        maps: (C, h, w).
        small: (3, h, w) colours, 0..1.
        large: (3, H, W) colours of the same picture.
    """
    (h, w), (rows, columns) = small.shape[1:], large.shape[1:]
    y, x = _places(rows, h), _places(columns, w)
    total, weights = maps.new_zeros(len(maps), rows, columns), maps.new_full((rows, columns), _LEAST)
    for down, right in product((-1, 0, 1), repeat=2):
        at_y, at_x = (y.floor().long() + down).clamp(0, h - 1), (x.floor().long() + right).clamp(0, w - 1)
        apart = (at_y + 0.5 - y)[:, None].square() + (at_x + 0.5 - x)[None].square()
        unlike = (small[:, at_y][:, :, at_x] - large).square().mean(0)
        weight = torch.exp(-apart / (2 * _PIXELS**2) - unlike / (2 * _COLOUR**2)) + _LEAST * torch.exp(-apart)
        total += weight * maps[:, at_y][:, :, at_x]
        weights += weight
    return total / weights


def _places(large: int, small: int) -> Tensor:
    """Where the pixel centres of an axis of `large` pixels lie on one of `small`, in its pixels."""
    return (torch.arange(large) + 0.5) * (small / large)
