"""The layers of the causal transformer: attention, feed-forward, and the block that they make.

Parameter names and arithmetic are those of diffusers' `WanTransformer3DModel`.

Shapes: N worlds, L latent frames, S tokens of a latent frame, C channels of a token, H heads, D channels of a head.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.backends.video.config import TransformerConfig
from wm_gym.backends.video.rotary import rotate
from wm_gym.networks.batch_invariant import Linear, matmul, per_world


class Attention(nn.Module):
    """Attention with normed queries and keys (RMS over all heads together)."""

    def __init__(self, dim: int, heads: int, eps: float) -> None:
        super().__init__()
        self.heads, self.eps = heads, eps
        self.to_q, self.to_k, self.to_v = Linear(dim, dim), Linear(dim, dim), Linear(dim, dim)
        self.to_out = nn.ModuleList([Linear(dim, dim), nn.Identity()])
        self.norm_q, self.norm_k = nn.RMSNorm(dim, eps), nn.RMSNorm(dim, eps)

    def keys_and_values(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """(N, tokens, C) each, keys normed and not rotated."""
        return _norm(self.to_k(context), self.norm_k.weight, self.eps), self.to_v(context)

    def forward(
        self,
        x: Tensor,
        keys: Tensor,
        values: Tensor,
        bias: Tensor | None = None,
        tables: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Attend from x (N, Lq, C) to keys and values (N, Lk, C)."""
        q, k, v = (
            t.unflatten(-1, (self.heads, -1)) for t in (_norm(self.to_q(x), self.norm_q.weight, self.eps), keys, values)
        )
        if tables is not None:
            q, k = rotate(q, tables[0]), rotate(k, tables[1])
        mixed = attend(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), bias)
        return self.to_out[0](mixed.transpose(1, 2).flatten(2))


class Activated(nn.Module):
    """A layer and a GELU."""

    def __init__(self, dim: int, hidden: int, approximate: str) -> None:
        super().__init__()
        self.proj, self.approximate = Linear(dim, hidden), approximate

    def forward(self, x: Tensor) -> Tensor:
        """(..., dim) to (..., hidden)."""
        return F.gelu(self.proj(x), approximate=self.approximate)


class FeedForward(nn.Module):
    """Two layers with a GELU between, with the names of diffusers' `FeedForward`."""

    def __init__(self, dim: int, hidden: int, approximate: str) -> None:
        super().__init__()
        self.net = nn.Sequential(Activated(dim, hidden, approximate), nn.Identity(), Linear(hidden, dim))

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) to (..., C)."""
        return self.net(x)


class Embedder(nn.Module):
    """Two layers with an activation between, with the names of diffusers' embedders."""

    def __init__(self, in_dim: int, dim: int, activation: nn.Module) -> None:
        super().__init__()
        self.linear_1, self.activation, self.linear_2 = Linear(in_dim, dim), activation, Linear(dim, dim)

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
        self.ffn = FeedForward(dim, config.ffn_dim, config.gelu)
        self.norm3 = nn.LayerNorm(dim, eps, elementwise_affine=False)
        self.scale_shift_table = nn.Parameter(torch.randn(1, 6, dim) / dim**0.5)

    def forward(
        self,
        x: Tensor,
        text: tuple[Tensor, Tensor],
        modulation: tuple[Tensor, ...],
        past: tuple[Tensor, Tensor] | None,
        bias: Tensor | None,
        tables: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """One block.

        Args:
            x: (N, L, S, C).
            text: Keys and values of the prompts, (N, words, C) each, or (N * L, words, C): one for each latent frame.
            modulation: Six of (N, L, 1, C): shift, scale and gate of attention, then of the feed-forward layers.
            past: Cached keys and values of this layer, (N, Lp * S, C) each.
            bias: (N, 1, L * S, (Lp + L) * S) added to the scores, or None.
            tables: Rotations of queries and of all keys.

        Returns:
            The tokens, and their keys and values for the cache, (N, L * S, C) each.
        """
        shift1, scale1, gate1, shift2, scale2, gate2 = modulation
        seen = torch.addcmul(shift1, self.norm1(x), scale1).flatten(1, 2)
        keys, values = self.attn1.keys_and_values(seen)
        all_keys, all_values = (keys, values) if past is None else _extend(past, keys, values)
        x = torch.addcmul(x, self.attn1(seen, all_keys, all_values, bias, tables).view_as(x), gate1)
        x = x + self.attn2(self.norm2(x).reshape(len(text[0]), -1, x.shape[-1]), *text).view_as(x)
        x = torch.addcmul(x, self.ffn(torch.addcmul(shift2, self.norm3(x), scale2)), gate2)
        return x, keys, values

    def encode_prompts(self, text: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of a prompt; they depend on nothing else, so they can be kept."""
        return self.attn2.keys_and_values(text)


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
    """Attention of (N, H, Lq, D) to (N, H, Lk, D); `bias` (N, 1, Lq, Lk) is added to the scores.

    Plain products on a CPU: over a few hundred tokens they take half the time of the fused kernel, and a sixth of its
    backward pass.
    """
    if q.is_cuda:
        return per_world(_fused_attention, *((q, k, v) if bias is None else (q, k, v, bias)))
    scores = matmul(q * q.shape[-1] ** -0.5, k.transpose(-1, -2))
    return matmul((scores if bias is None else scores + bias).softmax(-1).to(v.dtype), v)


def _fused_attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)


def _norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """RMS norm in the dtype of x, whatever that of the weights."""
    if weight.dtype == x.dtype:
        return F.rms_norm(x, weight.shape, weight, eps)
    scale = torch.rsqrt(x.float().square().mean(-1, keepdim=True) + eps)
    return x * scale.to(x.dtype) * weight.to(x.dtype)


def _extend(past: tuple[Tensor, Tensor], keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    return torch.cat([past[0].to(keys.dtype), keys], 1), torch.cat([past[1].to(values.dtype), values], 1)
