"""The layout network in int8, for drawing on a CPU: a third of the time, and sums that are exact on any processor.

Weights are int8 with a factor for each row, as they are in the shipped file; tokens become int8 before each product,
with a factor for each token, and are float32 in between.

Shapes: L tokens, A asked tokens, C channels of a token, H heads, D channels of a head.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wm_gym.layout import int8_kernels as kernels
from wm_gym.layout.cells import PATCH, UNKNOWN, Grid
from wm_gym.layout.network import MARGIN, Block, LayoutNetwork, angles
from wm_gym.networks.int8 import product, quantised

Floats = NDArray[np.float32]


class Rows(NamedTuple):
    """Rows in int8.

    Attributes:
        values: (R, C) int8.
        factors: (R,) what they are multiplied with.
    """

    values: Tensor
    factors: Floats

    @classmethod
    def empty(cls, count: int, channels: int) -> Rows:
        """Rows to be filled."""
        return cls(torch.empty(count, channels, dtype=torch.int8), np.empty(count, np.float32))


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of a window on their way through the network.

    Attributes:
        x: (L, C).
        told: (1, C), what every block is told.
        blocks: Blocks that are behind them.
    """

    x: Floats
    told: Rows
    blocks: int = 0


@dataclass(frozen=True, eq=False)
class Int8Linear:
    """A linear layer in int8.

    Attributes:
        weight: (in, out) int8.
        factors: (out,) what its columns are multiplied with.
        bias: (out,).
    """

    weight: Tensor
    factors: Floats
    bias: Floats

    @classmethod
    def of(cls, layer: nn.Linear) -> Int8Linear:
        """A layer's weights to a 254th of a row's largest; exactly, if they came from int8."""
        weight, factors = quantised(_floats(layer.weight))
        return cls(weight.t(), factors[:, 0].numpy(), _numbers(layer.bias))

    def __call__(self, rows: Rows) -> Floats:
        """(R, out)."""
        out = np.zeros((len(rows.factors), len(self.bias)), np.float32)
        self.add_to(out, rows)
        return out

    def add_to(self, x: Floats, rows: Rows) -> None:
        """Add what it makes of rows to `x` (R, out)."""
        kernels.add_product(x, self.product(rows), rows.factors, self.factors, self.bias)

    def product(self, rows: Rows) -> NDArray[np.int32]:
        """(R, out), yet to be multiplied with the factors of rows and columns."""
        return product(rows.values, self.weight).numpy()


class Int8LayoutNetwork:
    """What a `LayoutNetwork` tells, of one window at a time."""

    def __init__(self, network: LayoutNetwork) -> None:
        """Take over a network's weights."""
        cells, factors = quantised(_floats(network.cell.weight).reshape(1, -1))
        self._cells, self._cell_factor = cells.reshape(network.cell.weight.shape), float(factors)
        self._standing = _numbers(network.standing.weight)
        self._enter, self._told = Int8Linear.of(network.enter), network.told
        self._blocks = [_Int8Block(cast("Block", block)) for block in network.blocks]
        self._norm, self._head_width, self.depth = _Norm(network.norm), network.config.head_width, len(self._blocks)
        self.leave, self.leave_objects = Int8Linear.of(network.leave), Int8Linear.of(network.leave_objects)

    def begun(self, cells: Grid, objects: NDArray[np.uint8], family: int, words: NDArray[np.int64]) -> Tokens:
        """The tokens of a window, before the first block.

        Args:
            cells: (S, S) classes, `cells.UNKNOWN` where unknown; S = G * PATCH.
            objects: (G, G), `cells.UNSURE` where unknown.
            family: Number of the family, `network.ANY_FAMILY` for any.
            words: (W,) as `words.read_words`.
        """
        sentence = self._told(torch.tensor([family]), torch.from_numpy(words)[None]).detach().numpy()
        told = Rows.empty(*sentence.shape)
        kernels.quantise_rows(sentence, told.values.numpy(), told.factors)
        return Tokens(self._enter(self._surroundings(cells)) + self._standing[objects.ravel()], told)

    def advanced(self, tokens: Tokens, count: int) -> Tokens:
        """The tokens, so many blocks on, but not beyond the last block but one."""
        x, after = tokens.x.copy(), min(tokens.blocks + count, self.depth - 1)
        for block in self._blocks[tokens.blocks : after]:
            x = block(x, tokens.told, _turns(len(x), self._head_width))
        return Tokens(x, tokens.told, after)

    def features(self, tokens: Tokens, asked: NDArray[np.int64]) -> Rows:
        """Features (A, C) of patches, for `leave` and `leave_objects`.

        Args:
            tokens: After any number of blocks.
            asked: (A,) numbers of patches, counted along the second axis first.
        """
        tokens = self.advanced(tokens, self.depth)
        return self._norm(
            self._blocks[-1](tokens.x.copy(), tokens.told, _turns(len(tokens.x), self._head_width), asked)
        )

    def _surroundings(self, cells: Grid) -> Rows:
        """(L, side * side * cell_width): the cells of each patch and those round it."""
        side = PATCH + 2 * MARGIN
        padded = np.pad(cells, MARGIN, constant_values=UNKNOWN)
        around = np.lib.stride_tricks.sliding_window_view(padded, (side, side))[::PATCH, ::PATCH]
        numbers = torch.from_numpy(around.reshape(-1, side * side).astype(np.int32))
        values = nn.functional.embedding(numbers, self._cells).flatten(1)
        return Rows(values, np.full(len(values), self._cell_factor, np.float32))


class _Int8Block:
    """As `network.Block`."""

    def __init__(self, block: Block) -> None:
        self.heads = block.heads
        self.norm1, self.norm2 = _Norm(block.norm1), _Norm(block.norm2)
        self.tell, self.qkv, self.out = (Int8Linear.of(layer) for layer in (block.tell, block.qkv, block.out))
        self.up, self.down = Int8Linear.of(block.up), Int8Linear.of(block.down)

    def __call__(self, x: Floats, told: Rows, turns: Floats, asked: NDArray[np.int64] | None = None) -> Floats:
        """Tokens (L, C), or (A, C) of the asked ones; `x` may be changed in place."""
        first, second = self.tell(told).reshape(2, -1)
        heads, factors = self._split(self.norm1(x, first), turns)
        queries = heads[0], factors[0]
        if asked is not None:
            x, queries = x[asked], (heads[0][:, torch.from_numpy(asked)], factors[0][:, asked])
        self.out.add_to(x, self._attended(*queries, heads[1:], factors[1:]))
        rows = self.norm2(x, second)
        hidden = Rows.empty(len(x), len(self.up.bias))
        kernels.squared_relu(
            self.up.product(rows), rows.factors, self.up.factors, self.up.bias, hidden.values.numpy(), hidden.factors
        )
        self.down.add_to(x, hidden)
        return x

    def _split(self, rows: Rows, turns: Floats) -> tuple[Tensor, Floats]:
        """Queries, keys and values (3, H, L, D) int8, and their factors (3, H, L)."""
        length, channels = rows.values.shape
        heads = torch.empty(3, self.heads, length, channels // self.heads, dtype=torch.int8)
        factors = np.empty(heads.shape[:3], np.float32)
        kernels.split_heads(
            self.qkv.product(rows), rows.factors, self.qkv.factors, self.qkv.bias, turns, heads.numpy(), factors
        )
        return heads, factors

    def _attended(self, q: Tensor, q_factors: Floats, kv: Tensor, kv_factors: Floats) -> Rows:
        """What attention of queries (H, A, D) to keys and values (2, H, L, D) gives, (A, C)."""
        _, count, width = q.shape
        q_factors = q_factors * np.float32(width**-0.5)
        weights = torch.empty(2, count, kv.shape[2], dtype=torch.int8)
        products = np.empty((self.heads, 2, count, width), np.int32)
        factors = np.empty((self.heads, count), np.float32)
        for head in range(self.heads):
            key, value = kv[:, head]
            key_factors, value_factors = kv_factors[:, head]
            scores = product(q[head], key.t()).numpy()
            kernels.attend(scores, q_factors[head], key_factors, value_factors, weights.numpy(), factors[head])
            products[head] = product(weights.flatten(0, 1), value).numpy().reshape(2, count, width)
        joined = Rows.empty(count, self.heads * width)
        kernels.join_heads(products, factors, joined.values.numpy(), joined.factors)
        return joined


class _Norm:
    """A norm whose rows leave in int8."""

    def __init__(self, norm: nn.LayerNorm) -> None:
        self.weight, self.bias, self.eps = _numbers(norm.weight), _numbers(norm.bias), np.float32(norm.eps)

    def __call__(self, x: Floats, shift: Floats | None = None) -> Rows:
        """Rows (R, C), shifted by `shift` (C,)."""
        rows, bias = Rows.empty(*x.shape), self.bias if shift is None else self.bias + shift
        kernels.norm_rows(x, self.weight, bias, self.eps, rows.values.numpy(), rows.factors)
        return rows


@lru_cache(maxsize=8)
def _turns(length: int, head_width: int) -> Floats:
    """(2, L, D / 2) cosines and sines of the patches of a square window."""
    return angles(math.isqrt(length), head_width, torch.device("cpu")).numpy()


def _floats(weight: Tensor) -> Tensor:
    return weight.detach().float()


def _numbers(weight: Tensor) -> Floats:
    return _floats(weight).numpy()
