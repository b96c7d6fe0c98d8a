"""The causal, chunk-wise diffusion transformer.

Parameter names and arithmetic are those of diffusers' `WanTransformer3DModel`; what is new is the mask, the cache,
and a noise level for each latent frame.

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

from wm_gym.backends.video.alone import each_alone
from wm_gym.backends.video.config import TransformerConfig
from wm_gym.backends.video.rotary import rotary_table, rotate
from wm_gym.backends.video.rows import Rows, may_attend, token_mask


@dataclass(frozen=True)
class Past:
    """Keys and values of latent frames that were generated before, before rotation.

    Attributes:
        rows: N worlds, Lp rows.
        keys: (num_layers, N, Lp * S, C).
        values: (num_layers, N, Lp * S, C).
    """

    rows: Rows
    keys: Tensor
    values: Tensor


@dataclass(frozen=True)
class Written:
    """What one pass leaves for the cache, of each latent frame.

    Attributes:
        keys: (num_layers, N, L, S, C), before rotation.
        values: (num_layers, N, L, S, C).
    """

    keys: Tensor
    values: Tensor


class Attention(nn.Module):
    """Attention with normed queries and keys (RMS over all heads together)."""

    def __init__(self, dim: int, heads: int, eps: float) -> None:
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = nn.Linear(dim, dim), nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.to_out = nn.ModuleList([nn.Linear(dim, dim), nn.Identity()])
        self.norm_q, self.norm_k = nn.RMSNorm(dim, eps), nn.RMSNorm(dim, eps)

    def keys_and_values(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """(N, tokens, C) each, keys normed and not rotated."""
        return _norm(self.to_k(context), self.norm_k), self.to_v(context)

    def forward(
        self,
        x: Tensor,
        keys: Tensor,
        values: Tensor,
        mask: Tensor | None = None,
        tables: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Attend from x (N, Lq, C) to keys and values (N, Lk, C)."""
        q, k, v = (t.unflatten(-1, (self.heads, -1)) for t in (_norm(self.to_q(x), self.norm_q), keys, values))
        if tables is not None:
            q, k = rotate(q, tables[0]), rotate(k, tables[1])
        mixed = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), attn_mask=mask)
        return self.to_out[0](mixed.transpose(1, 2).flatten(2))


class Activated(nn.Module):
    """A layer and a GELU."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.proj = nn.Linear(dim, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """(..., dim) to (..., hidden)."""
        return F.gelu(self.proj(x), approximate="tanh")


class FeedForward(nn.Module):
    """Two layers with a GELU between, with the names of diffusers' `FeedForward`."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.net = nn.Sequential(Activated(dim, hidden), nn.Identity(), nn.Linear(hidden, dim))

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) to (..., C)."""
        return self.net(x)


class Embedder(nn.Module):
    """Two layers with an activation between, with the names of diffusers' embedders."""

    def __init__(self, in_dim: int, dim: int, activation: nn.Module) -> None:
        super().__init__()
        self.linear_1, self.activation, self.linear_2 = nn.Linear(in_dim, dim), activation, nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_dim) to (..., dim)."""
        return self.linear_2(self.activation(self.linear_1(x)))


class Block(nn.Module):
    """Self-attention, attention to text, feed-forward; scaled, shifted and gated by the noise level."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        dim, eps = config.inner_dim, config.eps
        self.norm1 = nn.LayerNorm(dim, eps, elementwise_affine=False)
        self.attn1 = Attention(dim, config.num_attention_heads, eps)
        self.attn2 = Attention(dim, config.num_attention_heads, eps)
        self.norm2 = nn.LayerNorm(dim, eps)
        self.ffn = FeedForward(dim, config.ffn_dim)
        self.norm3 = nn.LayerNorm(dim, eps, elementwise_affine=False)
        self.scale_shift_table = nn.Parameter(torch.randn(1, 6, dim) / dim**0.5)

    def forward(
        self,
        x: Tensor,
        text: tuple[Tensor, Tensor],
        modulation: Tensor,
        past: tuple[Tensor, Tensor] | None,
        mask: Tensor | None,
        tables: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """One block.

        Args:
            x: (N, L * S, C).
            text: Keys and values of the prompt, (N, words, C) each.
            modulation: (N, L, 6, C) of each latent frame.
            past: Cached keys and values of this layer, (N, Lp * S, C) each.
            mask: (N, 1, L * S, (Lp + L) * S) bool, or None.
            tables: Rotations of queries and of all keys.

        Returns:
            The tokens, and their keys and values for the cache.
        """
        length = modulation.shape[1]
        parts = (self.scale_shift_table[:, None] + modulation.float()).unbind(2)
        shift1, scale1, gate1, shift2, scale2, gate2 = (part[:, :, None] for part in parts)
        seen = _modulate(self.norm1(x), scale1, shift1, length)
        keys, values = self.attn1.keys_and_values(seen)
        all_keys, all_values = (keys, values) if past is None else _extend(past, keys, values)
        x = _add(x, self.attn1(seen, all_keys, all_values, mask, tables), gate1, length)
        x = x + self.attn2(self.norm2(x), *text)
        x = _add(x, self.ffn(_modulate(self.norm3(x), scale2, shift2, length)), gate2, length)
        return x, keys, values

    def read(self, text: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of a prompt; they depend on nothing else, so they can be kept."""
        return self.attn2.keys_and_values(text)


class ConditionEmbedder(nn.Module):
    """Noise level and text as the blocks want them."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        dim = config.inner_dim
        self.freq_dim = config.freq_dim
        self.time_embedder = Embedder(config.freq_dim, dim, nn.SiLU())
        self.time_proj = nn.Linear(dim, 6 * dim)
        self.text_embedder = Embedder(config.text_dim, dim, nn.GELU(approximate="tanh"))

    def embed_noise(self, noise: Tensor) -> Tensor:
        """(N, L) noise levels 0..1 to (N, L, C)."""
        half = self.freq_dim // 2
        rates = torch.exp(-math.log(10_000.0) * torch.arange(half, device=noise.device) / half)
        angles = 1000.0 * noise[..., None].float() * rates
        waves = torch.cat([angles.cos(), angles.sin()], dim=-1).to(self.time_proj.weight.dtype)
        return each_alone(self.time_embedder, waves)

    def embed_text(self, text: Tensor) -> Tensor:
        """(N, words, text_dim) to (N, words, C)."""
        return self.text_embedder(text)


class CausalTransformer(nn.Module):
    """Denoises latent frames, each at its own noise level, given the past, the camera, an action and text."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.inner_dim
        self.patch_embedding = nn.Conv3d(config.in_channels, dim, (1, *config.patch_size), (1, *config.patch_size))
        self.condition_embedder = ConditionEmbedder(config)
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.num_layers)])
        self.norm_out = nn.LayerNorm(dim, config.eps, elementwise_affine=False)
        self.proj_out = nn.Linear(dim, config.out_channels * math.prod(config.patch_size))
        self.scale_shift_table = nn.Parameter(torch.randn(1, 2, dim) / dim**0.5)
        if config.camera_dim:
            self.camera_embedder = nn.Linear(config.camera_dim, dim)
            nn.init.zeros_(self.camera_embedder.weight)
            nn.init.zeros_(self.camera_embedder.bias)
        if config.action_dim:
            self.action_embedder = nn.Sequential(nn.Linear(config.action_dim, dim), nn.SiLU(), nn.Linear(dim, dim))

    def read(self, text: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Keys and values of prompts (N, words, text_dim) for every layer."""
        embedded = self.condition_embedder.embed_text(text)
        return [cast(Block, block).read(embedded) for block in self.blocks]

    def forward(
        self,
        latents: Tensor,
        rows: Rows,
        text: list[tuple[Tensor, Tensor]],
        *,
        camera: Tensor | None = None,
        action: Tensor | None = None,
        past: Past | None = None,
        window: int = 10**6,
        base_time: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Written]:
        """One pass.

        Args:
            latents: (N, L, in_channels, h, w).
            rows: Of the L latent frames.
            text: From `read`.
            camera: (N, L, S, camera_dim), or None.
            action: (N, L, action_dim), or None.
            past: Cached latent frames, or None.
            window: Latent frames of past that are attended to.
            base_time: (N,) latent index that counts as time 0 of the rotary positions; older ones count as 0 too.

        Returns:
            (N, L, out_channels, h, w); (N, L, C) embedded noise levels; and what the cache may keep.
        """
        (patch_rows, patch_columns), (height, width) = self.config.patch_size, latents.shape[-2:]
        grid = height // patch_rows, width // patch_columns
        x = self._embed(latents, camera)
        level = self.condition_embedder.embed_noise(rows.noise)
        if action is not None:
            level = level + each_alone(self.action_embedder, action.to(level.dtype))
        modulation = each_alone(self.condition_embedder.time_proj, F.silu(level)).unflatten(-1, (6, -1))
        keys_rows = rows if past is None else Rows.cat([past.rows, rows])
        mask = token_mask(may_attend(rows, keys_rows, window), grid[0] * grid[1])
        tables = self._tables(rows, base_time, grid), self._tables(keys_rows, base_time, grid)
        keys, values = [], []
        for k, block in enumerate(self.blocks):
            layer_past = None if past is None else (past.keys[k], past.values[k])
            x, layer_keys, layer_values = block(x, text[k], modulation, layer_past, mask, tables)
            keys.append(layer_keys)
            values.append(layer_values)
        written = Written(*(torch.stack(t).unflatten(2, (rows.time.shape[1], -1)) for t in (keys, values)))
        return self._leave(x, level, grid), level, written

    def _embed(self, latents: Tensor, camera: Tensor | None) -> Tensor:
        weight = self.patch_embedding.weight
        x = F.linear(
            _patches(latents.to(weight.dtype), self.config.patch_size), weight.flatten(1), self.patch_embedding.bias
        )
        if camera is not None:
            x = x + self.camera_embedder(camera.flatten(1, 2).to(weight.dtype))
        return x

    def _tables(self, rows: Rows, base_time: Tensor | None, grid: tuple[int, int]) -> Tensor:
        time = rows.time if base_time is None else (rows.time - base_time[:, None]).clamp(min=0)
        return rotary_table(time, *grid, self.config.attention_head_dim)

    def _leave(self, x: Tensor, level: Tensor, grid: tuple[int, int]) -> Tensor:
        length = level.shape[1]
        shift, scale = (self.scale_shift_table[:, None] + level[:, :, None].float()).unbind(2)
        x = self.proj_out(_modulate(self.norm_out(x), scale[:, :, None], shift[:, :, None], length))
        (rows, columns), channels = self.config.patch_size, self.config.out_channels
        # (N, L*S, rows*columns*channels) -> (N, L, channels, h, w)
        x = x.view(len(x), length, *grid, rows, columns, channels).permute(0, 1, 6, 2, 4, 3, 5)
        return x.reshape(len(x), length, channels, grid[0] * rows, grid[1] * columns)


def _norm(x: Tensor, norm: nn.RMSNorm) -> Tensor:
    """RMS norm in the dtype of x, whatever that of the weights."""
    return F.rms_norm(x, norm.normalized_shape, norm.weight.to(x.dtype), norm.eps)


def _patches(latents: Tensor, patch: tuple[int, int]) -> Tensor:
    """(N, L, C, h, w) to (N, L * S, C * rows * columns), tokens in reading order."""
    n, length, channels, height, width = latents.shape
    rows, columns = patch
    x = latents.view(n, length, channels, height // rows, rows, width // columns, columns)
    return x.permute(0, 1, 3, 5, 2, 4, 6).reshape(n, -1, channels * rows * columns)


def _modulate(x: Tensor, scale: Tensor, shift: Tensor, length: int) -> Tensor:
    """Scale and shift the tokens of each latent frame; the dtype of x is kept."""
    by_frame = x.unflatten(1, (length, -1))
    return (by_frame * (1 + scale).to(x.dtype) + shift.to(x.dtype)).flatten(1, 2)


def _add(x: Tensor, update: Tensor, gate: Tensor, length: int) -> Tensor:
    """Tokens plus the gated update of each latent frame."""
    return x + (update.unflatten(1, (length, -1)) * gate.to(x.dtype)).flatten(1, 2)


def _extend(past: tuple[Tensor, Tensor], keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    return torch.cat([past[0].to(keys.dtype), keys], 1), torch.cat([past[1].to(values.dtype), values], 1)
