"""The model's past as persistent blocks: the keys and values of one latent frame of one world each.

A state names blocks in a tuple; a step names new ones. Forks share them, and a block is freed when the last state
naming it is gone. The window rolls and the sinks stay, so a step late in a world costs what an early one costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from wm_gym.backends.video.frame_metadata import FrameMetadata, Role
from wm_gym.backends.video.transformer import CachedKV, NewKV


@dataclass(frozen=True, eq=False)
class Block:
    """One latent frame of one world, before rotation.

    Attributes:
        time: Index of the latent frame in its world.
        role: A `Role`.
        keys: (num_layers, S, C).
        values: (num_layers, S, C).
    """

    time: int
    role: Role
    keys: Tensor
    values: Tensor


Blocks = tuple[Block, ...]


def append(worlds: Sequence[Blocks], new_kv: NewKV, times: Tensor, *, window: int, sinks: int) -> list[Blocks]:
    """The caches of N worlds after a chunk of L latent frames, rolled on.

    Args:
        worlds: The blocks of each so far.
        new_kv: Of the L latent frames.
        times: (N, L) indices of the latent frames.
        window: Past latent frames that are kept.
        sinks: First latent frames that are kept for good.
    """
    rolled = []
    for n, (blocks, chunk) in enumerate(zip(worlds, times.tolist(), strict=True)):
        roles = [Role.SINK if time < sinks else Role.PAST for time in chunk]
        keys, values = ([t[:, n, k].clone() for k in range(len(chunk))] for t in (new_kv.keys, new_kv.values))
        new = map(Block, chunk, roles, keys, values)
        rolled.append(tuple(b for b in (*blocks, *new) if b.role == Role.SINK or chunk[-1] - b.time < window))
    return rolled


def gather(worlds: Sequence[Blocks], count: int, absent: Block) -> CachedKV:
    """The past of N worlds in one batch, `count` latent frames each, so that products over it have one shape.

    Args:
        worlds: The blocks of each, at most `count`.
        count: Latent frames; shorter pasts are filled up.
        absent: What fills them up, of role `ABSENT`.
    """
    padded = [[*blocks, *[absent] * (count - len(blocks))] for blocks in worlds]
    time, role = (torch.tensor([[getattr(b, name) for b in blocks] for blocks in padded]) for name in ("time", "role"))
    metadata = FrameMetadata(time, time, torch.zeros(time.shape), role)
    keys = torch.stack([torch.cat([b.keys for b in blocks], 1) for blocks in padded], 1)
    values = torch.stack([torch.cat([b.values for b in blocks], 1) for blocks in padded], 1)
    return CachedKV(metadata, keys, values)
