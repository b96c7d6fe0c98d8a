"""The painter's network: tokens of a frame that is known in part, to a distribution over codes.

Masked generation: tokens that are to be painted are hidden, and revealed a few at a time, so that each is chosen in
the light of those chosen before. Source: Chang et al. 2022, "MaskGIT". Within a token the codes follow one another,
depth before colour, by a small head. Source: Lee et al. 2022, "Autoregressive Image Generation using Residual
Quantization". Knows nothing of sampling.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.backends.video.painting.config import PainterConfig
from wm_gym.backends.video.painting.known import KNOWN_CHANNELS

KEPT, HIDDEN, REVEALED = range(3)
"""Roles of a token: not to be painted, to be painted and still open, painted."""


class PainterNetwork(nn.Module):
    """States of tokens, and codes from states."""

    def __init__(self, config: PainterConfig) -> None:
        """Random weights."""
        super().__init__()
        self.config = config
        dim = config.dim
        self.enter = nn.Linear(KNOWN_CHANNELS * config.token**2, dim)
        self.detail = Detail(config)
        self.codes = CodeTables(config)
        self.told = nn.Linear(config.slots * config.code_dim, dim, bias=False)
        self.roles = nn.Parameter(torch.randn(3, dim) * 0.02)
        self.places = nn.Parameter(torch.randn(config.num_tokens, dim) * 0.02)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(dim)
        self.head = CodeHead(config)

    def forward(self, known: Tensor, detail: Tensor, codes: Tensor, roles: Tensor) -> Tensor:
        """States (N, tokens, dim).

        Args:
            known: (N, KNOWN_CHANNELS, H, W).
            detail: What `detail` makes of it.
            codes: (N, tokens, slots) int64; without effect where a token is not revealed.
            roles: (N, tokens) int64, of `KEPT`, `HIDDEN`, `REVEALED`.
        """
        told = self.told(self.codes(codes).flatten(-2)) * (roles == REVEALED)[..., None]
        seen = self.enter(self._tokens(known)) + self.detail.of_tokens(detail)
        x = seen + told + self.roles[roles] + self.places
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def _tokens(self, planes: Tensor) -> Tensor:
        return F.pixel_unshuffle(planes, self.config.token).flatten(2).transpose(1, 2)


class Detail(nn.Module):
    """What is known, a cell at a time, over the borders of tokens: more than a token's state has room for."""

    def __init__(self, config: PainterConfig) -> None:
        """Begin without effect."""
        super().__init__()
        self.cell, self.across, width = config.cell, config.token // config.cell, config.cell_channels
        self.enter = nn.Conv2d(KNOWN_CHANNELS, config.pixel_channels, 3, padding=1)
        self.down = nn.Conv2d(config.pixel_channels * self.cell**2, width, 1)
        self.around = nn.Conv2d(width, width, 3, padding=1)
        self.token = nn.Linear(self.across**2 * width, config.dim, bias=False)
        self.told = nn.Linear(width, 2 * config.code_dim, bias=False)
        nn.init.zeros_(self.token.weight)
        nn.init.zeros_(self.told.weight)

    def forward(self, known: Tensor) -> Tensor:
        """(N, tokens, cells, cell_channels) of (N, KNOWN_CHANNELS, H, W)."""
        x = F.silu(self.down(F.pixel_unshuffle(F.silu(self.enter(known)), self.cell)))
        x = F.silu(x + self.around(x))
        return F.pixel_unshuffle(x, self.across).unflatten(1, (x.shape[1], -1)).permute(0, 3, 4, 2, 1).flatten(1, 2)

    def of_tokens(self, detail: Tensor) -> Tensor:
        """(..., dim) of (..., cells, cell_channels)."""
        return self.token(detail.flatten(-2))

    def of_slots(self, detail: Tensor) -> Tensor:
        """(..., slots, code_dim) of (..., cells, cell_channels): each cell's depth, then each one's colour."""
        depth, colour = self.told(detail).chunk(2, -1)
        return torch.cat([depth, colour], -2)


class Block(nn.Module):
    """Attention and feed-forward, each after a norm and beside its input."""

    def __init__(self, config: PainterConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        self.norms = nn.ModuleList(nn.LayerNorm(config.dim) for _ in range(2))
        self.qkv = nn.Linear(config.dim, 3 * config.dim)
        self.out = nn.Linear(config.dim, config.dim)
        self.feed = nn.Sequential(
            nn.Linear(config.dim, config.ffn_dim), nn.GELU(), nn.Linear(config.ffn_dim, config.dim)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, tokens, dim) to the same."""
        q, k, v = self.qkv(self.norms[0](x)).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1)
        x = x + self.out((weights @ v).transpose(1, 2).flatten(2))
        return x + self.feed(self.norms[1](x))


class CodeTables(nn.Module):
    """What codes mean to the network; one table for depth, one for colour."""

    def __init__(self, config: PainterConfig) -> None:
        super().__init__()
        self.cells = config.cells
        self.depth = nn.Parameter(torch.randn(config.depth_codes, config.code_dim) * 0.05)
        self.colour = nn.Parameter(torch.randn(config.colour_codes, config.code_dim) * 0.05)

    def forward(self, codes: Tensor) -> Tensor:
        """(..., slots) int64 to (..., slots, code_dim)."""
        depth, colour = codes.split(self.cells, -1)
        return torch.cat([F.embedding(depth, self.depth), F.embedding(colour, self.colour)], -2)

    def of_slot(self, slot: int) -> Tensor:
        """The table of one slot."""
        return self.depth if slot < self.cells else self.colour


class CodeHead(nn.Module):
    """Scores of a token's codes, each given those before it."""

    def __init__(self, config: PainterConfig) -> None:
        super().__init__()
        slots, dim = config.slots, config.code_dim
        self.slots, self.dim = slots, dim
        self.leave = nn.Linear(config.dim, slots * dim)
        self.passed_on = nn.Parameter(torch.randn(slots, dim, dim) * dim**-0.5)
        self.norm = nn.LayerNorm(dim)
        self.mix = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.slot = nn.Parameter(torch.zeros(slots, dim))

    def wishes(self, states: Tensor, told: Tensor) -> Tensor:
        """(..., slots, code_dim) what a token wants of each slot, before any code is known.

        Args:
            states: (..., dim).
            told: (..., slots, code_dim) of `Detail.of_slots`.
        """
        return self.leave(states).unflatten(-1, (self.slots, self.dim)) + told + self.slot

    def passed(self, embedded: Tensor, slot: int) -> Tensor:
        """(..., code_dim) what a chosen code, embedded, tells the slots after it."""
        return embedded @ self.passed_on[slot]

    def scores(self, wish: Tensor, table: Tensor) -> Tensor:
        """(..., K) logits of one slot, from its wish and what was passed on to it."""
        x = wish + self.mix(self.norm(wish))
        return x @ table.T

    def forward(self, wish: Tensor, codes: Tensor, tables: CodeTables) -> list[Tensor]:
        """Logits of every slot (..., K), of `wishes`, where the codes before it are those given, (..., slots)."""
        embedded = tables(codes)
        told = torch.einsum("...sd,sde->...se", embedded, self.passed_on).cumsum(-2)
        wish = torch.cat([wish[..., :1, :], wish[..., 1:, :] + told[..., :-1, :]], -2)
        return [self.scores(wish[..., slot, :], tables.of_slot(slot)) for slot in range(self.slots)]
