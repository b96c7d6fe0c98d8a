"""The model's past as persistent blocks: the keys and values of one latent frame of one world each.

A state names blocks in a tuple; a step names new ones. Forks share them, and a block is freed when the last state
naming it is gone. The window rolls and the sinks stay, so a step late in a world costs what an early one costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from wm_gym.backends.video.rows import Role, Rows
from wm_gym.backends.video.transformer import NewKV, Past


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


def remember(blocks: Blocks, written: NewKV, world: int, time: int, *, window: int, sinks: int) -> Blocks:
    """The blocks of a world after a latent frame was written, rolled on.

    Args:
        blocks: Of the world so far.
        written: Of a pass over one clean latent frame of N worlds.
        world: Which of the N.
        time: Index of the latent frame.
        window: Past latent frames that are kept.
        sinks: First latent frames that are kept for good.
    """
    role = Role.SINK if time < sinks else Role.PAST
    block = Block(time, role, written.keys[:, world, 0].clone(), written.values[:, world, 0].clone())
    kept = tuple(b for b in blocks if b.role == Role.SINK or time - b.time < window)
    return (*kept, block)


def gather(worlds: Sequence[Blocks], count: int, absent: Block) -> Past:
    """The past of N worlds in one batch, `count` rows each: products over it have one shape, whatever is in it.

    Args:
        worlds: The blocks of each, at most `count`.
        count: Rows; shorter pasts are filled up.
        absent: What fills them up, of role `ABSENT`.
    """
    padded = [[*blocks, *[absent] * (count - len(blocks))] for blocks in worlds]
    rows = Rows(
        torch.tensor([[b.time for b in blocks] for blocks in padded], device=absent.keys.device),
        torch.zeros(len(padded), count, device=absent.keys.device),
        torch.tensor([[int(b.role) for b in blocks] for blocks in padded], device=absent.keys.device),
    )
    keys = torch.stack([torch.cat([b.keys for b in blocks], 1) for blocks in padded], 1)
    values = torch.stack([torch.cat([b.values for b in blocks], 1) for blocks in padded], 1)
    return Past(rows, keys, values)
