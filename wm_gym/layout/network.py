"""The layout network: a masked transformer over patches of a plan, told of the family and of words.

It sees the cells of a square window, known or not, and the objects on them, and tells for each patch which entry of a
dictionary of real patches stands there, and which object on it. Here it learns; windows are drawn by the same network
in int8 (`int8_network`). Source: MaskGIT (Chang et al. 2022) for the masking; rotary positions in two dimensions (Su
et al. 2021).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from wm_gym.layout.cells import PATCH, UNKNOWN, UNSURE
from wm_gym.layout.words import WORD_NAMES
from wm_gym.plans import FAMILIES

ANY_FAMILY = len(FAMILIES)
MARGIN = 2
"""Cells of its neighbours that a patch sees at once on each side."""


@dataclass(frozen=True)
class LayoutConfig:
    """Shape of a layout network.

    Attributes:
        codes: Entries of the dictionary.
        width: Channels of a token.
        depth: Blocks.
        head_width: Channels of a head of attention.
        cell_width: Channels of a cell.
    """

    codes: int = 4096
    width: int = 256
    depth: int = 6
    head_width: int = 64
    cell_width: int = 16

    def __post_init__(self) -> None:
        if self.width % self.head_width or self.head_width % 4:
            raise ValueError(
                f"width must be a multiple of head_width, and head_width of 4, got {self.width} and {self.head_width}"
            )


class LayoutNetwork(nn.Module):
    """Cells and objects of windows to logits over the dictionary and over objects. Its dictionary is a buffer."""

    dictionary: Tensor

    def __init__(self, config: LayoutConfig) -> None:
        """Random weights and an empty dictionary."""
        super().__init__()
        self.config = config
        side = PATCH + 2 * MARGIN
        self.cell = nn.Embedding(UNKNOWN + 1, config.cell_width)
        self.enter = nn.Linear(side * side * config.cell_width, config.width)
        self.standing = nn.Embedding(UNSURE + 1, config.width)
        self.family = nn.Embedding(len(FAMILIES) + 1, config.width)
        self.words = nn.Embedding(3 * len(WORD_NAMES), config.width)
        self.blocks = nn.ModuleList(Block(config.width, config.head_width) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width)
        self.leave = nn.Linear(config.width, config.codes)
        self.leave_objects = nn.Linear(config.width, UNSURE)
        for table, spread in ((self.cell, 0.5), (self.standing, 0.3), (self.family, 0.2), (self.words, 0.1)):
            nn.init.normal_(table.weight, std=spread)
        for layer in (self.leave, self.leave_objects):
            nn.init.normal_(layer.weight, std=0.02)
        self.register_buffer("dictionary", torch.zeros(config.codes, PATCH * PATCH, dtype=torch.uint8))

    def forward(self, cells: Tensor, objects: Tensor, family: Tensor, words: Tensor) -> Tensor:
        """Features (N, G, G, width) of the patches of N windows, for `leave` and `leave_objects`.

        Args:
            cells: (N, S, S) int64 classes, `cells.UNKNOWN` where unknown; S = G * PATCH.
            objects: (N, G, G) int64, `cells.UNSURE` where unknown.
            family: (N,) int64 numbers of families, `ANY_FAMILY` for any.
            words: (N, W) int64 as `words.read_words`.
        """
        x = self.enter(self._surroundings(cells)) + self.standing(objects)
        count, side = x.shape[:2]
        told = self.told(family, words)
        turns = angles(side, self.config.head_width, x.device).to(x.dtype)
        x = x.reshape(count, side * side, -1)
        for block in self.blocks:
            x = block(x, told, turns)
        return self.norm(x).reshape(count, side, side, -1)

    def told(self, family: Tensor, words: Tensor) -> Tensor:
        """(N, width): the family and the words, as every block is told of them; arguments as `forward`."""
        offsets = 3 * torch.arange(words.shape[1], device=words.device)
        return self.family(family) + self.words(words + offsets).sum(1)

    def _surroundings(self, cells: Tensor) -> Tensor:
        """(N, G, G, side * side * cell_width): the cells of each patch and those round it."""
        padded = functional.pad(cells, (MARGIN,) * 4, value=UNKNOWN)
        side = PATCH + 2 * MARGIN
        around = padded.unfold(1, side, PATCH).unfold(2, side, PATCH)
        return self.cell(around.reshape(*around.shape[:3], -1)).flatten(-2)


class Block(nn.Module):
    """Attention with rotary positions, then an MLP; both take the norm of their input, shifted by what is told."""

    def __init__(self, width: int, head_width: int) -> None:
        super().__init__()
        self.heads = width // head_width
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.tell = nn.Linear(width, 2 * width)
        for layer in (self.out, self.down, self.tell):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, told: Tensor, turns: Tensor) -> Tensor:
        """(N, L, width)."""
        count, _, width = x.shape
        first, second = self.tell(told)[:, None].chunk(2, -1)
        qkv = self.qkv(self.norm1(x) + first).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        q, k, v = _turned(qkv[0], turns), _turned(qkv[1], turns), qkv[2]
        # torch's own attention goes backward slowly in bfloat16 on a CPU
        weights = (q * q.shape[-1] ** -0.5 @ k.transpose(-1, -2)).softmax(-1)
        x = x + self.out((weights.to(v.dtype) @ v).transpose(1, 2).reshape(count, -1, width))
        return x + self.down(functional.relu(self.up(self.norm2(x) + second)).square())


def _turned(x: Tensor, turns: Tensor) -> Tensor:
    """Rotary positions: pairs of channels (..., L, D) turned by the cosines and sines (2, L, D / 2)."""
    first, second = x.chunk(2, -1)
    cos, sin = turns
    return torch.cat([first * cos - second * sin, first * sin + second * cos], -1)


def angles(side: int, head_width: int, device: torch.device) -> Tensor:
    """(2, side * side, head_width / 2) cosines and sines of rows and columns."""
    quarter = head_width // 4
    rates = torch.pi / 2.0 ** torch.linspace(0.5, 5.0, quarter, device=device)
    at = torch.arange(side, device=device, dtype=torch.float32)[:, None] * rates
    rows, columns = at[:, None].expand(side, side, quarter), at[None].expand(side, side, quarter)
    angles = torch.cat([rows, columns], -1).reshape(side * side, -1)
    return torch.stack([angles.cos(), angles.sin()])
