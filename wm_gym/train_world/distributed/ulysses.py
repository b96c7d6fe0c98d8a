"""Context parallelism: the tokens of every latent frame split over ranks, and heads over ranks around self-attention.

Each rank computes the blocks for S / P of the S tokens of each latent frame. Around self-attention an all-to-all
exchange gives it all tokens of H / P heads, so keys and values, and with them the cache, are of H / P heads too: a
rank's cache holds a P-th of the bytes. Outputs and losses are whole on every rank.

Source: Jacobs et al. 2023 (DeepSpeed Ulysses), as LingBot-World section 3.3.3 uses it; TeleWorld section 3.5, which
shards the generator's cache so. Both split the sequence; here each latent frame is split, so that a chunk of one latent
frame, each with a noise level and prompt of its own, can be too.

Shapes: P ranks, N worlds, L latent frames, S tokens of a latent frame, C channels of a token, H heads.
Knows nothing of weights: those are whole on every rank (`sharding` shards them).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn

from wm_gym.backends.video.layers import KV, Attention, Block
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.transformer import CachedKV, CausalTransformer, NewKV, Tokens
from wm_gym.networks.attention import FrameMask, attention
from wm_gym.networks.rotary import rotate


@dataclass(frozen=True)
class Shares:
    """How tokens and heads are divided over the ranks of a group.

    Attributes:
        group: The ranks; None for all.
        ranks: P.
        rank: Number of this one.
        tokens: S / P, tokens of a latent frame on each rank.
    """

    group: dist.ProcessGroup | None
    ranks: int
    rank: int
    tokens: int

    @classmethod
    def of(cls, group: dist.ProcessGroup | None, heads: int, frame_tokens: int) -> Shares:
        """Shares of H heads and S tokens.

        Raises:
            ValueError: If they cannot be divided evenly.
        """
        ranks = dist.get_world_size(group)
        for name, count in {"num_heads": heads, "tokens of a latent frame": frame_tokens}.items():
            if count % ranks:
                raise ValueError(f"{name} must be a multiple of the number of ranks ({ranks}), got {count}")
        return cls(group, ranks, dist.get_rank(group), frame_tokens // ranks)

    def own(self, x: Tensor) -> Tensor:
        """This rank's tokens (N, L * S / P, C) of whole latent frames (N, L * S, C)."""
        return x.unflatten(1, (-1, self.ranks, self.tokens))[:, :, self.rank].flatten(1, 2)

    def whole(self, x: Tensor) -> Tensor:
        """All tokens (N, L * S, C) of every rank's own (N, L * S / P, C)."""
        return cast(Tensor, _Gather.apply(x.unflatten(1, (-1, self.tokens)), self)).flatten(1, 3)

    def to_heads(self, x: Tensor) -> Tensor:
        """This rank's tokens with all channels, (N, L * S / P, C), to all tokens with its own, (N, L * S, C / P)."""
        by_rank = x.unflatten(1, (-1, self.tokens)).unflatten(3, (self.ranks, -1)).movedim(3, 0)
        # (P, N, L, S / P, C / P), by the tokens' rank -> (N, L, P, S / P, C / P)
        return cast(Tensor, _Exchange.apply(by_rank, self)).movedim(0, 2).flatten(1, 3)

    def to_tokens(self, x: Tensor) -> Tensor:
        """The inverse of `to_heads`."""
        by_rank = x.unflatten(1, (-1, self.ranks, self.tokens)).movedim(2, 0)
        # (P, N, L, S / P, C / P), by the channels' rank -> (N, L, S / P, P, C / P)
        return cast(Tensor, _Exchange.apply(by_rank, self)).movedim(0, 3).flatten(3, 4).flatten(1, 2)


class _Exchange(torch.autograd.Function):
    """Part p of axis 0 goes to rank p, and that from rank p becomes part p; gradients go back the same way."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, shares: Shares) -> Tensor:
        ctx.shares = shares
        return _exchanged(x, shares)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _exchanged(gradients[0], ctx.shares), None


class _Gather(torch.autograd.Function):
    """Tokens (N, L, S / P, C) of all ranks, (N, L, P, S / P, C); backwards the sum of all ranks' gradients of a share.

    Every rank computes the same loss of the whole, so that a share's gradient is P times too large, as it must be for
    the mean of the ranks' gradients of a weight (`average_gradients`) to be that of the loss.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, shares: Shares) -> Tensor:
        ctx.shares = shares
        return _exchanged(x.expand(shares.ranks, *x.shape), shares).movedim(0, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _exchanged(gradients[0].movedim(2, 0), ctx.shares).sum(0), None


def _exchanged(x: Tensor, shares: Shares) -> Tensor:
    sent = x.contiguous()
    received = torch.empty_like(sent)
    dist.all_to_all_single(received, sent, group=shares.group)
    return received


class UlyssesAttention(Attention):
    """Self-attention of a share of the tokens, over the weights of a plain one; contexts are of H / P heads."""

    def __init__(self, plain: Attention, shares: Shares) -> None:
        nn.Module.__init__(self)
        self.heads, self.implementation, self.shares = plain.heads, plain.implementation, shares
        for name, child in plain.named_children():
            self.add_module(name, child)

    def encode(self, context: Tensor) -> KV:
        """Keys and values (N, L * S, C / P) of this rank's tokens (N, L * S / P, C)."""
        keys, values = super().encode(context)
        return self.shares.to_heads(keys), self.shares.to_heads(values)

    def forward(
        self, x: Tensor, context: KV, mask: FrameMask | None = None, rotations: Sequence[Tensor] | None = None
    ) -> Tensor:
        """Attend from this rank's tokens (N, L * S / P, C); mask and rotations are of all tokens."""
        heads = self.heads // self.shares.ranks
        query = self.shares.to_heads(self.norm_q(self.to_q(x)))
        q, k, v = (t.unflatten(-1, (heads, -1)) for t in (query, *context))
        if rotations is not None:
            q, k = rotate(q, rotations[0]), rotate(k, rotations[1])
        mixed = attention(q, k, v, mask, implementation=self.implementation).flatten(2)
        return self.to_out[0](self.shares.to_tokens(mixed))


class UlyssesTransformer(CausalTransformer):
    """The transformer with its tokens split over ranks, over the weights of a plain one."""

    def __init__(self, plain: CausalTransformer, shares: Shares) -> None:
        nn.Module.__init__(self)
        self.config, self.shares = plain.config, shares
        for name, parameter in plain.named_parameters(recurse=False):
            self.register_parameter(name, parameter)
        for name, child in plain.named_children():
            self.add_module(name, child)
        for block in self.blocks:
            cast(Block, block).attn1 = UlyssesAttention(cast(Block, block).attn1, shares)

    @property
    def cached_dim(self) -> int:
        """Channels of cached keys and values on this rank."""
        return self.config.inner_dim // self.shares.ranks

    def run_blocks(
        self,
        tokens: Tokens,
        text: list[KV],
        grid: tuple[int, int],
        *,
        past: CachedKV | None,
        window: int,
        base_time: Tensor | None,
    ) -> tuple[Tensor, NewKV]:
        """As of the plain one; `past` and what the cache may keep have the C / P channels of this rank's heads."""
        assert math.prod(grid) == self.shares.tokens * self.shares.ranks
        camera = None if tokens.camera is None else self.shares.own(tokens.camera)
        own = replace(tokens, x=self.shares.own(tokens.x), camera=camera)
        x, new_kv = super().run_blocks(own, text, grid, past=past, window=window, base_time=base_time)
        return self.shares.whole(x), new_kv


def split_tokens(network: VideoNetwork, group: dist.ProcessGroup | None = None) -> VideoNetwork:
    """Split the network's tokens over the ranks of a group from now on, in place; names of weights stay.

    Every rank gives the same inputs and gets the same outputs. Gradients are right once they are averaged over the
    ranks: by `average_gradients`, or by sharding the weights over them.

    Raises:
        ValueError: If heads or tokens cannot be divided evenly over the ranks.
    """
    config = network.config
    shares = Shares.of(group, config.num_heads, math.prod(config.grid))
    network.transformer = UlyssesTransformer(network.transformer, shares)
    return network


def average_gradients(network: nn.Module, group: dist.ProcessGroup | None = None) -> None:
    """Give every rank the mean of all ranks' gradients."""
    for parameter in network.parameters():
        if parameter.grad is not None:
            dist.all_reduce(parameter.grad, group=group)
            parameter.grad /= dist.get_world_size(group)
