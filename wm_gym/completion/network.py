"""The inpainter's network: the tokens of a partly seen frame to a distribution over codes.

Masked generation: the tokens to inpaint are masked, and unmasked a few at a time, each given those unmasked before.
Source: Chang et al. 2022, "MaskGIT". Within a token a small head predicts the codes one after another, depth before
colour. Source: Lee et al. 2022, "Autoregressive Image Generation using Residual Quantization". Knows nothing of
sampling.

Attribute names are keys of the weights file: `enter` is the patch embedding, `places` are the position embeddings,
`leave` maps to the head's queries and `mix` is its feed-forward layer.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.completion.conditioning import CONDITIONING_CHANNELS
from wm_gym.completion.inpainter_config import InpainterConfig

KEPT, HIDDEN, REVEALED = range(3)
"""Roles of a token: not to inpaint, masked, unmasked."""


class InpainterNetwork(nn.Module):
    """A transformer over tokens, and the head that gives the codes of each token."""

    def __init__(self, config: InpainterConfig) -> None:
        """A network with random weights."""
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

    def forward(self, conditioning: Tensor, detail: Tensor, codes: Tensor, roles: Tensor) -> Tensor:
        """Hidden states of the tokens, (N, tokens, dim).

        Args:
            conditioning: (N, CONDITIONING_CHANNELS, H, W).
            detail: (N, tokens, cells, cell_channels), the output of `Detail` for it.
            codes: (N, tokens, codes) int64; only those of unmasked tokens have an effect.
            roles: (N, tokens) int64, each `KEPT`, `HIDDEN` or `REVEALED`.
        """
        context = self.context(self.codes(codes).flatten(-2)) * (roles == REVEALED)[..., None]
        seen = self.enter(self._tokens(conditioning)) + self.detail.of_tokens(detail)
        x = seen + context + self.roles[roles] + self.places
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def _tokens(self, planes: Tensor) -> Tensor:
        return F.pixel_unshuffle(planes, self.config.token).flatten(2).transpose(1, 2)


class Detail(nn.Module):
    """Convolutional features of the conditioning, per cell and across token borders, beside the tokens' own states."""

    def __init__(self, config: InpainterConfig) -> None:
        """Features whose outputs are zero-initialised, so that they have no effect at first."""
        super().__init__()
        self.cell, self.across, width = config.cell, config.token // config.cell, config.cell_channels
        self.enter = nn.Conv2d(CONDITIONING_CHANNELS, config.pixel_channels, 3, padding=1)
        self.down = nn.Conv2d(config.pixel_channels * self.cell**2, width, 1)
        self.around = nn.Conv2d(width, width, 3, padding=1)
        self.token = nn.Linear(self.across**2 * width, config.dim, bias=False)
        self.context = nn.Linear(width, 2 * config.code_dim, bias=False)
        nn.init.zeros_(self.token.weight)
        nn.init.zeros_(self.context.weight)

    def forward(self, conditioning: Tensor) -> Tensor:
        """(N, CONDITIONING_CHANNELS, H, W) to (N, tokens, cells, cell_channels)."""
        x = F.silu(self.down(F.pixel_unshuffle(F.silu(self.enter(conditioning)), self.cell)))
        x = F.silu(x + self.around(x))
        return F.pixel_unshuffle(x, self.across).unflatten(1, (x.shape[1], -1)).permute(0, 3, 4, 2, 1).flatten(1, 2)

    def of_tokens(self, detail: Tensor) -> Tensor:
        """What is added to the token embeddings: (..., cells, cell_channels) to (..., dim)."""
        return self.token(detail.flatten(-2))

    def of_codes(self, detail: Tensor) -> Tensor:
        """What is added to the head's queries: (..., cells, cell_channels) to (..., codes, code_dim).

        The codes are the depth of each cell, then the colour of each cell.
        """
        depth, colour = self.context(detail).chunk(2, -1)
        return torch.cat([depth, colour], -2)


class Block(nn.Module):
    """A pre-norm transformer block: self-attention, then feed-forward."""

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
    """Embeddings of codes: one table for depth, one for colour."""

    def __init__(self, config: InpainterConfig) -> None:
        super().__init__()
        self.cells = config.cells
        self.depth = nn.Parameter(torch.randn(config.depth_codes, config.code_dim) * 0.05)
        self.colour = nn.Parameter(torch.randn(config.colour_codes, config.code_dim) * 0.05)

    def forward(self, codes: Tensor) -> Tensor:
        """Codes (..., codes) int64 to embeddings (..., codes, code_dim)."""
        depth, colour = codes.split(self.cells, -1)
        return torch.cat([F.embedding(depth, self.depth), F.embedding(colour, self.colour)], -2)

    def of_code(self, code_index: int) -> Tensor:
        """The embedding table (K, code_dim) of one of a token's codes."""
        return self.depth if code_index < self.cells else self.colour


class CodeHead(nn.Module):
    """Logits of a token's codes, each given the codes before it."""

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
        """Query embeddings of a token's codes, (..., codes, code_dim), before any of them is chosen.

        Args:
            states: (..., dim) hidden states.
            context: (..., codes, code_dim) of `Detail.of_codes`.
        """
        return self.leave(states).unflatten(-1, (self.codes_per_token, self.dim)) + context + self.code_index

    def context_of(self, embedded: Tensor, code_index: int) -> Tensor:
        """Autoregressive context (..., code_dim) that a chosen code, embedded, adds to the queries of later codes."""
        return embedded @ self.context_weight[code_index]

    def scores(self, query: Tensor, table: Tensor) -> Tensor:
        """Logits (..., K) of one code, from its query (..., code_dim) with context and its table (K, code_dim)."""
        x = query + self.mix(self.norm(query))
        return x @ table.T

    def forward(self, query: Tensor, codes: Tensor, tables: CodeTables) -> list[Tensor]:
        """Teacher-forced logits of every code, each (..., K).

        Args:
            query: (..., codes, code_dim) of `queries`.
            codes: (..., codes) int64, the codes that later ones are conditioned on.
            tables: Embeddings of the codes.
        """
        embedded = tables(codes)
        context = torch.einsum("...sd,sde->...se", embedded, self.context_weight).cumsum(-2)
        query = torch.cat([query[..., :1, :], query[..., 1:, :] + context[..., :-1, :]], -2)
        return [
            self.scores(query[..., code_index, :], tables.of_code(code_index))
            for code_index in range(self.codes_per_token)
        ]
