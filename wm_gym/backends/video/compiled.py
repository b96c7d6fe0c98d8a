"""The network of the video model as the CPU computes it fastest: the same weights and the same predictions.

Tokens are few, so that in `VideoNetwork` most of the time goes into a hundred small kernels of torch's. Here products
are torch's, from weights laid out as it wants them, and all that lies between two products is one compiled kernel for
all worlds (`token_kernels`, `pixel_kernels`). Predictions differ from torch's in the last digits.

Shapes: N worlds, S tokens of a latent frame, C channels of a token, H heads, D channels of a head.
Knows nothing of sampling or state.
"""

from __future__ import annotations

from functools import lru_cache
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.backends.video.codec import FRAME_CHANNELS
from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.frame_metadata import FrameMetadata, may_attend
from wm_gym.backends.video.layers import KV, Attention, Block
from wm_gym.backends.video.network import Conditioning, Refiner, VideoNetwork
from wm_gym.backends.video.pixel_kernels import cut_patches, enter_refiner, leave_refiner
from wm_gym.backends.video.transformer import CachedKV, NewKV
from wm_gym.networks.attention import FrameMask
from wm_gym.networks.batch_invariant import affine, matmul
from wm_gym.networks.token_kernels import join_and_norm, query_heads, self_heads

KEPT_SIGMAS = 64

CACHED_NUMBERS = 2**18
"""Weights that stay in a processor's second cache while other data pass through it."""

PLACES = 3
"""In a block, where a layer's output joins the tokens: after self-attention, cross-attention and feed-forward."""


class CompiledNetwork:
    """`VideoNetwork.forward` for inference on a CPU; for networks that `can_compile`."""

    def __init__(self, network: VideoNetwork) -> None:
        """Copy what is laid out anew; weights that change afterwards are not followed."""
        self._network, self._transformer = network, network.transformer
        self._blocks = [CompiledBlock(cast(Block, block)) for block in network.transformer.blocks]
        self._embed_sigma = lru_cache(maxsize=KEPT_SIGMAS)(self._embedded)
        self._entrance = Entrance(network)
        self._joins, self._sources = _joins(network)
        self._exit = Exit(network)

    def __call__(self, noisy: Tensor, metadata: FrameMetadata, conditioning: Conditioning) -> tuple[Tensor, NewKV]:
        """Predict the clean latents, in -1..1; arguments as of `VideoNetwork.forward`."""
        transformer, past, hints = self._transformer, conditioning.past, conditioning.hints[:, 0].contiguous()
        x = self._entrance(noisy[:, 0].contiguous(), hints).add_(transformer.camera_embedder(conditioning.camera[:, 0]))
        temb = torch.cat([self._embed_sigma(sigma) for sigma in metadata.sigma[:, 0].tolist()])
        temb += transformer.action_embedder(conditioning.action)
        mask, turns = self._seen(metadata, past, conditioning.base_time)
        parts, shape = self._parts(temb), (len(self._blocks), *x.shape)
        keys, values, added, normed = x.new_empty(shape), x.new_empty(shape), x, torch.empty_like(x)
        for k, block in enumerate(self._blocks):
            cached = None if past is None else (past.keys[k], past.values[k])
            join_and_norm(x.numpy(), added.numpy(), parts.numpy(), PLACES * k, block.eps, normed.numpy())
            added = block(x, normed, parts, k, cached, conditioning.prompt[k], mask, turns, (keys[k], values[k]))
        eps = np.float32(transformer.norm_out.eps)
        join_and_norm(x.numpy(), added.numpy(), parts.numpy(), PLACES * len(self._blocks), eps, normed.numpy())
        clean = self._exit(normed, hints, temb)
        return clean[:, None], NewKV(keys[:, :, None], values[:, :, None])

    def _embedded(self, sigma: float) -> Tensor:
        """(1, 1, C) of the noise level 0..1."""
        return self._transformer.condition_embedder.embed_sigma(torch.tensor([[sigma]]))

    def _seen(
        self, queries: FrameMetadata, past: CachedKV | None, base_time: Tensor | None
    ) -> tuple[Tensor | None, Tensor]:
        """The bias of the scores of self-attention, or None, and the rotary table of all keys (N, keys, D / 2, 2)."""
        keys = queries if past is None else FrameMetadata.cat([past.metadata, queries])
        config, num_worlds = self._network.config, len(queries.time)
        tokens = config.grid[0] * config.grid[1]
        bias = FrameMask(may_attend(queries, keys, config.window_latents), tokens, torch.float32).bias
        table = torch.view_as_real(self._transformer.rotations(keys, base_time, config.grid)[:, :, 0])
        return bias, table.expand(num_worlds, -1, -1, -1).contiguous()

    def _parts(self, temb: Tensor) -> Tensor:
        """(N, J, 3, C): gate, scale and shift of each place where a layer's output joins the tokens."""
        shared = self._transformer.condition_embedder.time_proj(F.silu(temb)).unflatten(-1, (6, -1))[:, 0]
        sources = torch.cat([shared, temb, torch.zeros_like(temb)], 1)
        return sources[:, self._sources].unflatten(1, (-1, 3)).add_(self._joins)


class CompiledBlock:
    """`layers.Block`, between one place where a layer's output joins the tokens and the next block's first."""

    def __init__(self, block: Block) -> None:
        attn1, attn2, ffn = block.attn1, block.attn2, cast(nn.Sequential, block.ffn.net)
        self.heads, self.eps = attn1.heads, np.float32(block.norm1.eps)
        three = [attn1.to_q, attn1.to_k, attn1.to_v]
        self._qkv = _laid_out(torch.cat([one.weight for one in three])), torch.cat([one.bias for one in three])
        self._out1, self._query, self._out2 = (
            _affine_of(one) for one in (attn1.to_out[0], attn2.to_q, attn2.to_out[0])
        )
        hidden = cast(nn.Sequential, ffn[0])
        self._wide, self._gelu, self._narrow = (
            _affine_of(cast(nn.Linear, hidden.proj)),
            cast(nn.GELU, hidden.gelu),
            _affine_of(ffn[2]),
        )
        self._norms1 = _norm_of(attn1, "norm_q"), _norm_of(attn1, "norm_k"), np.float32(attn1.norm_q.eps)
        self._norm2 = _norm_of(attn2, "norm_q"), np.float32(attn2.norm_q.eps)

    def __call__(
        self,
        x: Tensor,
        normed: Tensor,
        parts: Tensor,
        number: int,
        past: KV | None,
        text: KV,
        bias: Tensor | None,
        turns: Tensor,
        new: KV,
    ) -> Tensor:
        """What the feed-forward layers give, (N, S, C), to be joined to the tokens by who comes next.

        Args:
            x: (N, S, C) tokens, changed in place.
            normed: (N, S, C) tokens as the block's first layer takes them, overwritten.
            parts: (N, J, 3, C) of `join_and_norm`.
            number: Of the block.
            past: Cached keys and values of this layer, (N, P, C) each, or None.
            text: Keys and values of N prompts, (N, words, C) each.
            bias: Added to the scores of self-attention, (N, 1, S, P + S), or None.
            turns: (N, P + S, D / 2, 2) of `self_heads`.
            new: (N, S, C) each, filled with keys and values for the cache.
        """
        place, to = PLACES * number + 1, normed.numpy()
        added = affine(self._attend(affine(normed, *self._qkv), past, bias, turns, new), *self._out1)
        join_and_norm(x.numpy(), added.numpy(), parts.numpy(), place, self.eps, to)
        q = _by_head(x, self.heads)
        query_heads(affine(normed, *self._query).numpy(), *self._norm2, q.numpy())
        keys, values = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in text)
        added = affine(_mixed(q, keys, values, None), *self._out2)
        join_and_norm(x.numpy(), added.numpy(), parts.numpy(), place + 1, self.eps, to)
        return affine(self._gelu(affine(normed, *self._wide)), *self._narrow)

    def _attend(self, qkv: Tensor, past: KV | None, bias: Tensor | None, turns: Tensor, new: KV) -> Tensor:
        """Self-attention of (N, S, 3 C), (N, S, C)."""
        nothing = new[0][:, :0].contiguous()
        before = (nothing, nothing) if past is None else past
        q = _by_head(new[0], self.heads)
        k, v = (q.new_empty(*q.shape[:2], turns.shape[1], q.shape[3]) for _ in range(2))
        arrays = qkv.numpy(), before[0].numpy(), before[1].numpy()
        filled = q.numpy(), k.numpy(), v.numpy(), new[0].numpy(), new[1].numpy()
        self_heads(*arrays, *self._norms1, turns.numpy(), *filled)
        return _mixed(q, k, v, bias)


class Entrance:
    """The first layer: patches of noisy latents and hints to tokens.

    It takes a few channels of all worlds at a time, so that their weights stay in the cache from world to world.
    """

    def __init__(self, network: VideoNetwork) -> None:
        embedding, self._patch = network.transformer.patch_embedding, network.config.patch
        self._bias, square = cast(Tensor, embedding.bias), self._patch**2
        weight = _laid_out(embedding.weight.flatten(1))
        few = max(1, CACHED_NUMBERS // (square * weight.shape[1]))
        first = network.codec.latent_channels * square
        self._noisy, self._hints = (part.split(few * square) for part in (weight[:first], weight[first:]))

    def __call__(self, noisy: Tensor, hints: Tensor) -> Tensor:
        """Latents (N, T * 5, H, W) and hints (N, T * 8, H, W) to tokens (N, S, C)."""
        tokens = noisy.shape[2] * noisy.shape[3] // self._patch**2
        x = self._bias.expand(len(noisy), tokens, -1).contiguous()
        for planes, weights in ((noisy, self._noisy), (hints, self._hints)):
            first = 0
            for weight in weights:
                after = first + len(weight) // self._patch**2
                patches = weight.new_empty(tokens, len(weight))
                for one, out in zip(planes[:, first:after].unbind(), x.unbind(), strict=True):
                    cut_patches(one.numpy(), self._patch, self._patch, patches.numpy())
                    out.addmm_(patches, weight)
                first = after
        return x


class Exit:
    """The last layer, and the refiner: tokens to clean latents, world by world."""

    def __init__(self, network: VideoNetwork) -> None:
        config, refiner = network.config, cast(Refiner, network.refiner)
        self._leave = _by_channel(network.transformer.proj_out, config)
        self._refiner, self._patch, self._size = refiner, config.patch, (config.height, config.width)
        layers = refiner.enter, refiner.middle, refiner.leave
        self._layers = [(one.weight.contiguous(memory_format=torch.channels_last), one.bias) for one in layers]

    def __call__(self, normed: Tensor, hints: Tensor, temb: Tensor) -> Tensor:
        """Clean latents (N, T * 5, H, W) of tokens (N, S, C), hints (N, T * 8, H, W) and embedded sigmas (N, 1, C)."""
        (height, width), num_frames, patch = self._size, self._refiner.num_frames, self._patch
        clean = hints.new_empty(len(hints), num_frames * FRAME_CHANNELS, height, width)
        corners = hints.new_empty(num_frames, height // 2, width // 2, self._layers[0][0].shape[1])
        scale, shift = self._refiner.modulate(temb)[:, 0, :, None, None].chunk(2, 1)
        each = zip(normed, hints.numpy(), clean.numpy(), 1 + scale, shift, strict=True)
        for tokens, shown, made, one_scale, one_shift in each:
            patches = torch.addmm(self._leave[1], tokens, self._leave[0])
            enter_refiner(patches.numpy(), shown, patch, patch, made, corners.numpy())
            leave_refiner(self._convolved(corners, one_scale, one_shift).numpy(), shown, made)
        return clean

    def _convolved(self, corners: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """Frames (T, H / 2, W / 2, channels) through the three convolutions, (T, H / 2, W / 2, 28)."""
        enter, middle, leave = self._layers
        x = F.conv2d(corners.permute(0, 3, 1, 2), *enter, padding=1)
        x = F.silu(torch.addcmul(shift, x, scale, out=x), inplace=True)
        x = F.silu(F.conv2d(x, *middle, padding=1), inplace=True)
        return F.conv2d(x, *leave, padding=1).permute(0, 2, 3, 1)


def can_compile(network: VideoNetwork) -> bool:
    """Whether `CompiledNetwork` computes what this network does, where it is.

    That is: float32 on a CPU, exact patches and hints beside them, one latent frame a chunk, whose last denoising step
    leaves what is cached, a refiner, a camera that acts where it enters, and attention as the CPU computes it.
    """
    config, weight = network.config, network.transformer.proj_out.weight
    shape = config.codec, config.hint_concat, config.cache_update, config.latents_per_chunk
    implementation = cast(Block, network.transformer.blocks[0]).attn1.implementation
    return (
        (weight.device.type, weight.dtype) == ("cpu", torch.float32)
        and shape == ("space_to_depth", "channel", "last", 1)
        and network.refiner is not None
        and not config.camera_blocks
        and config.height % 2 == config.width % 2 == 0
        and implementation in ("auto", "plain")
    )


def _joins(network: VideoNetwork) -> tuple[Tensor, Tensor]:
    """Gate, scale and shift of each place where a layer's output joins the tokens, as far as no world decides them.

    (J, 3, C); and what is added to each, (J * 3,): row 0 to 5 of what all blocks share, 6: the embedded sigma, 7: none.
    """
    one = torch.ones_like(cast(Block, network.transformer.blocks[0]).scale_shift_table[0, 0])
    rows: list[tuple[Tensor, int]] = [(torch.zeros_like(one), 7)]
    for block in network.transformer.blocks:
        shift1, scale1, gate1, shift2, scale2, gate2 = cast(Block, block).scale_shift_table[0]
        norm2 = cast(nn.LayerNorm, block.norm2)
        rows += [(1 + scale1, 1), (shift1, 0), (gate1, 2), (norm2.weight, 7), (norm2.bias, 7)]
        rows += [(one, 7), (1 + scale2, 4), (shift2, 3), (gate2, 5)]
    shift, scale = network.transformer.scale_shift_table[0]
    rows += [(1 + scale, 6), (shift, 6)]
    return torch.stack([row for row, _ in rows]).unflatten(0, (-1, 3)), torch.tensor([source for _, source in rows])


def _by_channel(leave: nn.Linear, config: VideoConfig) -> tuple[Tensor, Tensor]:
    """The last layer with what it gives sorted by channels, rows and columns, not by rows, columns and channels."""
    square = config.patch, config.patch, -1
    weight = leave.weight.unflatten(0, square).permute(2, 0, 1, 3).flatten(0, 2)
    return _laid_out(weight), leave.bias.unflatten(0, square).permute(2, 0, 1).flatten()


def _affine_of(layer: nn.Module) -> tuple[Tensor, Tensor]:
    """Weight (K, P) and bias (P,) of a linear layer."""
    linear = cast(nn.Linear, layer)
    return _laid_out(linear.weight), linear.bias


def _laid_out(weight: Tensor) -> Tensor:
    """(P, K) to (K, P), row by row in memory: products of few rows take half the time."""
    return weight.t().contiguous()


def _norm_of(attention: Attention, name: str) -> np.ndarray:
    """The weight (C,) of a norm of an attention layer."""
    return getattr(attention, name).weight.detach().numpy()


def _by_head(tokens: Tensor, heads: int) -> Tensor:
    """Room for tokens (N, S, C) head by head, (N, H, S, D)."""
    return tokens.new_empty(len(tokens), heads, tokens.shape[1], tokens.shape[2] // heads)


def _mixed(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
    """Attention of q (N, H, S, D) to k and v (N, H, Lk, D), (N, S, C)."""
    scores = matmul(q, k.transpose(2, 3))
    weights = (scores if bias is None else scores.add_(bias)).softmax(-1)
    return matmul(weights, v).transpose(1, 2).flatten(2)
