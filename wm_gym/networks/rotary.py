"""Rotary positions of tokens in time, rows and columns. Source: Su et al. 2021; the split of channels is Wan's."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

THETA = 10_000.0


def channel_split(head_dim: int) -> tuple[int, int, int]:
    """Channels of a head for time, row and column."""
    space = 2 * (head_dim // 6)
    return head_dim - 2 * space, space, space


def rotary_table(time: Tensor, height: int, width: int, head_dim: int) -> Tensor:
    """Angles of all tokens as unit complex numbers.

    Args:
        time: (N, L) positions in time, whole or fractional.
        height: Rows of tokens.
        width: Columns of tokens.
        head_dim: Channels of a head.

    Returns:
        (N, L * height * width, 1, head_dim / 2) complex64.
    """
    if time.device.type == "cpu" and torch.is_inference_mode_enabled():
        return _kept_table(tuple(map(tuple, time.tolist())), height, width, head_dim)
    return _table(time, height, width, head_dim)


@lru_cache(maxsize=16)
def _kept_table(time: tuple[tuple[float, ...], ...], height: int, width: int, head_dim: int) -> Tensor:
    """A table of generation, where the same positions come back with every step."""
    return _table(torch.tensor(time, dtype=torch.float64), height, width, head_dim)


def _table(time: Tensor, height: int, width: int, head_dim: int) -> Tensor:
    num_worlds, length = time.shape
    rows, columns = torch.arange(height, device=time.device), torch.arange(width, device=time.device)
    in_time, in_rows, in_columns = (
        _angles(position, dim) for position, dim in zip((time, rows, columns), channel_split(head_dim), strict=True)
    )
    shape = (num_worlds, length, height, width)
    angles = torch.cat(
        [
            in_time[:, :, None, None].expand(*shape, -1),
            in_rows[None, None, :, None].expand(*shape, -1),
            in_columns[None, None, None].expand(*shape, -1),
        ],
        dim=-1,
    )
    return torch.polar(torch.ones_like(angles), angles).flatten(1, 3)[:, :, None].to(torch.complex64)


def rotate(x: Tensor, table: Tensor) -> Tensor:
    """Turn pairs of channels by the table's angles; x is (N, tokens, heads, head_dim), its dtype is kept."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * table).flatten(-2).type_as(x)


def _angles(position: Tensor, dim: int) -> Tensor:
    rates = THETA ** (-torch.arange(0, dim, 2, dtype=torch.float64, device=position.device) / dim)
    return position.double()[..., None] * rates
