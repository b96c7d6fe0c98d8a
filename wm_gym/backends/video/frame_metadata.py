"""What is known of each latent frame beside its content: time, chunk, sigma and role; and which frames see which.

The attention mask is built from this metadata, and the cache is addressed by it, not by order of arrival. Planning and
infilling (TeleWorld, MMPL), lookahead sinks and retrieved references (Seoul World Model) are then values of metadata.
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
class FrameMetadata:
    """Of L latent frames of each of N worlds.

    Attributes:
        time: (N, L) int64 index of the latent frame in its world.
        chunk: (N, L) int64 time of the first latent frame of its chunk.
        sigma: (N, L) float32 noise level, 0 clean to 1 pure noise.
        role: (N, L) int64, values of `Role`.
    """

    time: Tensor
    chunk: Tensor
    sigma: Tensor
    role: Tensor

    @classmethod
    def of(cls, time: Tensor, sigma: Tensor | float, role: Role, chunk: Tensor | None = None) -> FrameMetadata:
        """Latent frames of one role, of the chunks that begin at `chunk` (N, L); None: each is a chunk of its own."""
        sigmas = sigma if isinstance(sigma, Tensor) else torch.full(time.shape, sigma, device=time.device)
        return cls(time, time if chunk is None else chunk, sigmas.float(), torch.full_like(time, int(role)))

    @classmethod
    def of_chunk(cls, time: Tensor, sigma: float, role: Role) -> FrameMetadata:
        """The latent frames of one chunk of each world, at `time` (N, L)."""
        return cls.of(time, sigma, role, time[:, :1].expand_as(time))

    @classmethod
    def cat(cls, parts: list[FrameMetadata]) -> FrameMetadata:
        """One after another along L."""
        names = "time", "chunk", "sigma", "role"
        return cls(*(torch.cat([getattr(part, name) for part in parts], 1) for name in names))


def may_attend(queries: FrameMetadata, keys: FrameMetadata, window: int) -> Tensor:
    """Which latent frames see which, (N, Lq, Lk) bool: block-causal over chunks.

    A latent frame sees all of its own chunk, its chunk's hints, and the frames of the past within the window, which
    ends where its chunk begins; sinks, references and plans it sees from anywhere. No frame sees an absent one.
    Source: Self Forcing (Huang et al. 2025), whose chunks are bidirectional within and causal among each other.

    Args:
        queries: N worlds, Lq latent frames.
        keys: N worlds, Lk latent frames.
        window: Latent frames of past that are seen.
    """
    chunk, key_chunk, role = queries.chunk[:, :, None], keys.chunk[:, None], keys.role[:, None]
    seen = (key_chunk <= chunk) & (keys.time[:, None] >= chunk - window)
    for timeless in TIMELESS:
        seen = seen | (role == timeless)
    hint_of_another_chunk = (role == Role.HINT) & (key_chunk != chunk)
    return seen & ~hint_of_another_chunk & (role != Role.ABSENT)
