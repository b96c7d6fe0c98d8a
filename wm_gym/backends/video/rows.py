"""Latent frames as rows of data: time, noise level and role; and who may attend to whom.

The attention mask is built from these rows, and the cache is addressed by them, not by order of arrival. Planning
and infilling (TeleWorld, MMPL), lookahead sinks and retrieved references (Seoul World Model) are then rows of data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor


class Role(IntEnum):
    """What a latent frame is there for."""

    PAST = 0
    TARGET = 1
    SINK = 2
    REFERENCE = 3
    PLAN = 4
    HINT = 5
    ABSENT = 6


TIMELESS = (Role.SINK, Role.REFERENCE, Role.PLAN)
"""Roles that are attended to from any time, and outside the window."""


@dataclass(frozen=True)
class Rows:
    """L latent frames of each of N worlds.

    Attributes:
        time: (N, L) int64 index of the latent frame in its world.
        noise: (N, L) float32 noise level, 0 clean to 1 pure noise.
        role: (N, L) int64, values of `Role`.
    """

    time: Tensor
    noise: Tensor
    role: Tensor

    @classmethod
    def of(cls, time: Tensor, noise: Tensor | float, role: Role) -> Rows:
        """Rows of one role."""
        levels = noise if isinstance(noise, Tensor) else torch.full(time.shape, noise, device=time.device)
        return cls(time, levels.float(), torch.full_like(time, int(role)))

    @classmethod
    def cat(cls, rows: list[Rows]) -> Rows:
        """One after another along L."""
        return cls(
            torch.cat([r.time for r in rows], 1),
            torch.cat([r.noise for r in rows], 1),
            torch.cat([r.role for r in rows], 1),
        )


def may_attend(queries: Rows, keys: Rows, window: int) -> Tensor:
    """Which latent frames see which, (N, Lq, Lk) bool.

    A frame sees itself, its own time's hint, and frames of its past within the window; sinks, references and plans
    it sees from anywhere. Nobody sees an absent row.

    Args:
        queries: N worlds, Lq rows.
        keys: N worlds, Lk rows.
        window: Latent frames of past that are seen.
    """
    past = queries.time[:, :, None] - keys.time[:, None, :]
    seen = (past >= 0) & (past <= window)
    role = keys.role[:, None, :]
    for timeless in TIMELESS:
        seen = seen | (role == timeless)
    of_another_time = (role == Role.HINT) & (past != 0)
    return seen & ~of_another_time & (role != Role.ABSENT)


def attention_bias(allowed: Tensor, tokens_per_row: int, dtype: torch.dtype) -> Tensor | None:
    """What is added to the scores of tokens, (N, 1, Lq * S, Lk * S), or None where all see all.

    Args:
        allowed: (N, Lq, Lk) bool.
        tokens_per_row: S.
        dtype: Of the scores.
    """
    if bool(allowed.all()):
        return None
    bias = torch.zeros(allowed.shape, dtype=dtype, device=allowed.device).masked_fill(~allowed, -1e9)
    return bias.repeat_interleave(tokens_per_row, 1).repeat_interleave(tokens_per_row, 2)[:, None]
