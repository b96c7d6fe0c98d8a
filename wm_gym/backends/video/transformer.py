"""The causal, chunk-wise diffusion transformer.

Parameter names and arithmetic are those of diffusers' `WanTransformer3DModel`; what is new is the mask, the cache,
and a sigma for each latent frame.

Shapes: N worlds, L latent frames, S tokens of a latent frame, C channels of a token, H heads, D channels of a head.
Knows nothing of codecs, samplers or memories.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.backends.video.config import TransformerConfig
from wm_gym.backends.video.frame_metadata import FrameMetadata, Role, may_attend
from wm_gym.backends.video.layers import KV, Attention, Block, embedder
from wm_gym.networks.attention import FrameMask
from wm_gym.networks.batch_invariant import Linear, per_world
from wm_gym.networks.rotary import rotary_table


@dataclass(frozen=True)
class CachedKV:
    """Keys and values of latent frames that were generated before, before rotation.

    Attributes:
        metadata: N worlds, Lp latent frames.
        keys: (num_layers, N, Lp * S, C).
        values: (num_layers, N, Lp * S, C).
    """

    metadata: FrameMetadata
    keys: Tensor
    values: Tensor


@dataclass(frozen=True)
class NewKV:
    """What one pass leaves for the cache, of each latent frame.

    Attributes:
        keys: (num_layers, N, L, S, C), before rotation.
        values: (num_layers, N, L, S, C).
    """

    keys: Tensor
    values: Tensor


@dataclass(frozen=True)
class Tokens:
    """Latent frames as they enter the blocks.

    Attributes:
        x: (N, L * S, C).
        temb: (N, L, C) embedded sigma and action.
        metadata: Of the L latent frames.
        camera: (N, L * S, C) embedded rays, where every block has them, or None.
    """

    x: Tensor
    temb: Tensor
    metadata: FrameMetadata
    camera: Tensor | None = None

    @classmethod
    def cat(cls, tokens: list[Tokens]) -> Tokens:
        """One after another along L."""
        x, temb = torch.cat([t.x for t in tokens], 1), torch.cat([t.temb for t in tokens], 1)
        return cls(x, temb, FrameMetadata.cat([t.metadata for t in tokens]))


class ConditionEmbedder(nn.Module):
    """Sigma and text as the blocks want them."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        dim = config.inner_dim
        self.freq_dim = config.freq_dim
        self.time_embedder = embedder(config.freq_dim, dim, nn.SiLU())
        self.time_proj = Linear(dim, 6 * dim)
        self.text_embedder = embedder(config.text_dim, dim, nn.GELU(approximate="tanh"))

    def embed_sigma(self, sigma: Tensor) -> Tensor:
        """(N, L) sigmas 0..1 to (N, L, C)."""
        weight, half = self.time_proj.weight, self.freq_dim // 2
        sigma = sigma.to(weight.device)
        rates = torch.exp(-math.log(10_000.0) * torch.arange(half, device=sigma.device) / half)
        angles = 1000.0 * sigma[..., None].float() * rates
        return self.time_embedder(torch.cat([angles.cos(), angles.sin()], dim=-1).to(weight.dtype))


class CausalTransformer(nn.Module):
    """Denoises latent frames, each at its own sigma, given the past, the camera, an action and text."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.inner_dim
        self.patch_embedding = nn.Conv3d(config.in_channels, dim, (1, *config.patch_size), (1, *config.patch_size))
        self.condition_embedder = ConditionEmbedder(config)
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.num_layers)])
        self.norm_out = nn.LayerNorm(dim, config.eps, elementwise_affine=False)
        self.proj_out = Linear(dim, config.out_channels * math.prod(config.patch_size))
        self.scale_shift_table = nn.Parameter(torch.randn(1, 2, dim) / dim**0.5)
        if config.camera_dim:
            self.camera_embedder = Linear(config.camera_dim, dim)
            nn.init.zeros_(self.camera_embedder.weight)
            nn.init.zeros_(self.camera_embedder.bias)
        if config.action_dim:
            self.action_embedder = nn.Sequential(Linear(config.action_dim, dim), nn.SiLU(), Linear(dim, dim))

    @property
    def cached_dim(self) -> int:
        """Channels of cached keys and values."""
        return self.config.inner_dim

    def set_attention(self, implementation: str) -> None:
        """Compute attention by one of `attention.IMPLEMENTATIONS`."""
        for module in self.modules():
            if isinstance(module, Attention):
                module.implementation = implementation

    def encode_prompts(self, text: Tensor) -> list[KV]:
        """Keys and values for every layer of prompts (N, words, text_dim), or of N * L: one for each latent frame."""
        embedded = self.condition_embedder.text_embedder(text)
        return [cast(Block, block).attn2.encode(embedded) for block in self.blocks]

    def forward(
        self,
        latents: Tensor,
        metadata: FrameMetadata,
        text: list[KV],
        *,
        camera: Tensor | None = None,
        action: Tensor | None = None,
        past: CachedKV | None = None,
        window: int = 10**6,
        base_time: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, NewKV]:
        """One pass.

        Args:
            latents: (N, L, in_channels, h, w).
            metadata: Of the L latent frames.
            text: From `encode_prompts`.
            camera: (N, L, S, camera_dim), or None.
            action: (N, L, action_dim), or None.
            past: Cached latent frames, or None.
            window: Latent frames of past that are attended to.
            base_time: (N,) latent index that counts as time 0 of the rotary positions; older ones count as 0 too.

        Returns:
            (N, L, out_channels, h, w); (N, L, C) embedded sigmas; and what the cache may keep.
        """
        grid = latents.shape[-2] // self.config.patch_size[0], latents.shape[-1] // self.config.patch_size[1]
        tokens = self.patchify(latents, metadata, camera=camera, action=action)
        x, new_kv = self.run_blocks(tokens, text, grid, past=past, window=window, base_time=base_time)
        return self.unpatchify(x, tokens.temb, grid), tokens.temb, new_kv

    def patchify(
        self,
        latents: Tensor,
        metadata: FrameMetadata,
        *,
        hints: Tensor | None = None,
        camera: Tensor | None = None,
        action: Tensor | None = None,
    ) -> Tokens:
        """Latent frames as tokens, in reading order.

        Args:
            latents: (N, L, channels, h, w).
            metadata: Of the L latent frames.
            hints: (N, L, hint channels, h, w), which join as `TransformerConfig.hint_concat` says; or None.
            camera: As in `forward`.
            action: As in `forward`.
        """
        weight, bias, (rows, columns) = self.patch_embedding.weight, self.patch_embedding.bias, self.config.patch_size
        if hints is not None and self.config.hint_concat == "frame":
            latents, metadata = _beside(latents, hints), with_hints(metadata)
            camera, action = (None if t is None else torch.cat([t, t], 1) for t in (camera, action))
        elif hints is not None:
            latents = torch.cat([latents.to(weight.dtype), hints.to(weight.dtype)], 2)
        patches = latents.to(weight.dtype).unflatten(3, (-1, rows)).unflatten(5, (-1, columns))
        # (N, L, channels, h / rows, rows, w / columns, columns) -> (N, L * S, channels * rows * columns)
        patches = patches.permute(0, 1, 3, 5, 2, 4, 6).flatten(4).flatten(1, 3)
        x = per_world(lambda one: F.linear(one, weight.flatten(1), bias), patches)
        embedded = None if camera is None else self.camera_embedder(camera.flatten(1, 2).to(weight.dtype))
        x = x if embedded is None else x + embedded
        temb = self.condition_embedder.embed_sigma(metadata.sigma)
        if action is not None:
            temb = temb + self.action_embedder(action.to(temb.dtype))
        return Tokens(x, temb, metadata, embedded if self.config.camera_blocks else None)

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
        """The blocks: (N, L * S, C) mixed tokens, and what the cache may keep; arguments as in `forward`."""
        length, frame_tokens = tokens.temb.shape[1], math.prod(grid)
        x, queries = tokens.x.unflatten(1, (length, -1)), tokens.metadata
        keys = queries if past is None else FrameMetadata.cat([past.metadata, queries])
        mask = FrameMask(may_attend(queries, keys, window).cpu(), frame_tokens, x.dtype)
        of_keys = self.rotations(keys, base_time, grid).to(x.device)
        rotations = of_keys[:, -length * frame_tokens :], of_keys  # the last keys are the queries' own
        shared, new = self.condition_embedder.time_proj(F.silu(tokens.temb)).unflatten(-1, (6, 1, -1)).float(), []
        camera = None if tokens.camera is None else tokens.camera.view_as(x)
        for k, block in enumerate(self.blocks):
            cached = None if past is None else (past.keys[k], past.values[k])
            x, kv = block(x, text[k], shared, cached, mask, rotations, camera)
            new.append(kv)
        stacked = (torch.stack(layers).unflatten(2, (length, frame_tokens)) for layers in zip(*new, strict=True))
        return x.flatten(1, 2), NewKV(*stacked)

    def unpatchify(self, x: Tensor, temb: Tensor, grid: tuple[int, int]) -> Tensor:
        """Mixed tokens (N, L * S, C) of latent frames with embedded sigmas (N, L, C) to (N, L, out_channels, h, w)."""
        length = temb.shape[1]
        shift, scale = (self.scale_shift_table[:, None] + temb[:, :, None].float()).to(x.dtype).unbind(2)
        by_frame = self.norm_out(x).unflatten(1, (length, -1))
        x = self.proj_out(torch.addcmul(shift[:, :, None], by_frame, 1 + scale[:, :, None]))
        (rows, columns), channels = self.config.patch_size, self.config.out_channels
        # (N, L, S, rows * columns * channels) -> (N, L, channels, h, w)
        x = x.view(len(x), length, *grid, rows, columns, channels).permute(0, 1, 6, 2, 4, 3, 5)
        return x.reshape(len(x), length, channels, grid[0] * rows, grid[1] * columns)

    def rotations(self, frames: FrameMetadata, base_time: Tensor | None, grid: tuple[int, int]) -> Tensor:
        """The table of `rotary_table` for latent frames of N worlds; `base_time` as in `forward`."""
        time = frames.time if base_time is None else (frames.time - base_time[:, None]).clamp(min=0)
        return rotary_table(time, *grid, self.config.attention_head_dim)


def with_hints(metadata: FrameMetadata) -> FrameMetadata:
    """Of latent frames, then of their hints: the same times and chunks, clean, a role that says so."""
    return FrameMetadata.cat([metadata, FrameMetadata.of(metadata.time, 0.0, Role.HINT, metadata.chunk)])


def _beside(latents: Tensor, hints: Tensor) -> Tensor:
    """Hints (N, L, hint channels, h, w) as latent frames of their own, after the targets (N, L, channels, h, w)."""
    targets = torch.cat([latents, torch.zeros_like(hints)], 2)
    return torch.cat([targets, torch.cat([torch.zeros_like(latents), hints], 2)], 1)
