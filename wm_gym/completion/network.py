"""The inpainter's network: tokens of a frame that is known in part, to a distribution over codes.

Masked generation: tokens that are to be painted are hidden, and revealed a few at a time, so that each is chosen in
the light of those chosen before. Source: Chang et al. 2022, "MaskGIT". Within a token the codes follow one another,
depth before colour, by a small head. Source: Lee et al. 2022, "Autoregressive Image Generation using Residual
Quantization". Knows nothing of sampling.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.completion.conditioning import CONDITIONING_CHANNELS
from wm_gym.completion.inpainter_config import InpainterConfig

KEPT, HIDDEN, REVEALED = range(3)
"""Roles of a token: not to be painted, to be painted and still open, painted."""


class InpainterNetwork(nn.Module):
    """States of tokens, and codes from states."""

    def __init__(self, config: InpainterConfig) -> None:
        """Random weights."""
        super().__init__()
        self.config = config
        dim = config.dim
        self.enter = nn.Linear(CONDITIONING_CHANNELS * config.token**2, dim)
        self.detail = Detail(config)
        self.codes = CodeTables(config)
        self.context = nn.Linear(config.codes_per_token * config.code_dim, dim, bias=False)
        self.roles = nn.Parameter(torch.randn(3, dim) * 0.02)
        self.places = nn.Parameter(torch.randn(config.num_tokens, dim) * 0.02)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(dim)
        self.head = CodeHead(config)

    def forward(self, known: Tensor, detail: Tensor, codes: Tensor, roles: Tensor) -> Tensor:
        """States (N, tokens, dim).

        Args:
            known: (N, CONDITIONING_CHANNELS, H, W).
            detail: What `detail` makes of it.
            codes: (N, tokens, slots) int64; without effect where a token is not revealed.
            roles: (N, tokens) int64, of `KEPT`, `HIDDEN`, `REVEALED`.
        """
        context = self.context(self.codes(codes).flatten(-2)) * (roles == REVEALED)[..., None]
        seen = self.enter(self._tokens(known)) + self.detail.of_tokens(detail)
        x = seen + context + self.roles[roles] + self.places
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def _tokens(self, planes: Tensor) -> Tensor:
        return F.pixel_unshuffle(planes, self.config.token).flatten(2).transpose(1, 2)


class Detail(nn.Module):
    """What is known, a cell at a time, over the borders of tokens: more than a token's state has room for."""

    def __init__(self, config: InpainterConfig) -> None:
        """Begin without effect."""
        super().__init__()
        self.cell, self.across, width = config.cell, config.token // config.cell, config.cell_channels
        self.enter = nn.Conv2d(CONDITIONING_CHANNELS, config.pixel_channels, 3, padding=1)
        self.down = nn.Conv2d(config.pixel_channels * self.cell**2, width, 1)
        self.around = nn.Conv2d(width, width, 3, padding=1)
        self.token = nn.Linear(self.across**2 * width, config.dim, bias=False)
        self.context = nn.Linear(width, 2 * config.code_dim, bias=False)
        nn.init.zeros_(self.token.weight)
        nn.init.zeros_(self.context.weight)

    def forward(self, known: Tensor) -> Tensor:
        """(N, tokens, cells, cell_channels) of (N, CONDITIONING_CHANNELS, H, W)."""
        x = F.silu(self.down(F.pixel_unshuffle(F.silu(self.enter(known)), self.cell)))
        x = F.silu(x + self.around(x))
        return F.pixel_unshuffle(x, self.across).unflatten(1, (x.shape[1], -1)).permute(0, 3, 4, 2, 1).flatten(1, 2)

    def of_tokens(self, detail: Tensor) -> Tensor:
        """(..., dim) of (..., cells, cell_channels)."""
        return self.token(detail.flatten(-2))

    def of_codes(self, detail: Tensor) -> Tensor:
        """(..., slots, code_dim) of (..., cells, cell_channels): each cell's depth, then each one's colour."""
        depth, colour = self.context(detail).chunk(2, -1)
        return torch.cat([depth, colour], -2)


class Block(nn.Module):
    """Attention and feed-forward, each after a norm and beside its input."""

    def __init__(self, config: InpainterConfig) -> None:
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

    def __init__(self, config: InpainterConfig) -> None:
        super().__init__()
        self.cells = config.cells
        self.depth = nn.Parameter(torch.randn(config.depth_codes, config.code_dim) * 0.05)
        self.colour = nn.Parameter(torch.randn(config.colour_codes, config.code_dim) * 0.05)

    def forward(self, codes: Tensor) -> Tensor:
        """(..., slots) int64 to (..., slots, code_dim)."""
        depth, colour = codes.split(self.cells, -1)
        return torch.cat([F.embedding(depth, self.depth), F.embedding(colour, self.colour)], -2)

    def of_code(self, code_index: int) -> Tensor:
        """The table of one slot."""
        return self.depth if code_index < self.cells else self.colour


class CodeHead(nn.Module):
    """Scores of a token's codes, each given those before it."""

    def __init__(self, config: InpainterConfig) -> None:
        super().__init__()
        codes_per_token, dim = config.codes_per_token, config.code_dim
        self.codes_per_token, self.dim = codes_per_token, dim
        self.leave = nn.Linear(config.dim, codes_per_token * dim)
        self.context_weight = nn.Parameter(torch.randn(codes_per_token, dim, dim) * dim**-0.5)
        self.norm = nn.LayerNorm(dim)
        self.mix = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.code_index = nn.Parameter(torch.zeros(codes_per_token, dim))

    def queries(self, states: Tensor, context: Tensor) -> Tensor:
        """(..., slots, code_dim) what a token wants of each slot, before any code is known.

        Args:
            states: (..., dim).
            context: (..., slots, code_dim) of `Detail.of_codes`.
        """
        return self.leave(states).unflatten(-1, (self.codes_per_token, self.dim)) + context + self.code_index

    def context_of(self, embedded: Tensor, code_index: int) -> Tensor:
        """(..., code_dim) what a chosen code, embedded, tells the slots after it."""
        return embedded @ self.context_weight[code_index]

    def scores(self, query: Tensor, table: Tensor) -> Tensor:
        """(..., K) logits of one slot, from its wish and what was passed on to it."""
        x = query + self.mix(self.norm(query))
        return x @ table.T

    def forward(self, query: Tensor, codes: Tensor, tables: CodeTables) -> list[Tensor]:
        """Logits of every slot (..., K), of `queries`, where the codes before it are those given, (..., slots)."""
        embedded = tables(codes)
        context = torch.einsum("...sd,sde->...se", embedded, self.context_weight).cumsum(-2)
        query = torch.cat([query[..., :1, :], query[..., 1:, :] + context[..., :-1, :]], -2)
        return [
            self.scores(query[..., code_index, :], tables.of_code(code_index))
            for code_index in range(self.codes_per_token)
        ]
