"""The layers of the causal transformer: attention, feed-forward, and the block that they make.

Parameter names and arithmetic are those of diffusers' `WanTransformer3DModel`.

Shapes: N worlds, L latent frames, S tokens of a latent frame, C channels of a token, H heads, D channels of a head.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from wm_gym.backends.video.config import TransformerConfig
from wm_gym.networks.attention import FrameMask, attention
from wm_gym.networks.batch_invariant import Linear
from wm_gym.networks.rotary import rotate

KV = tuple[Tensor, Tensor]
"""Keys and values of one layer, (N, tokens, C) each, keys normed and not rotated."""


class RMSNorm(nn.RMSNorm):
    """Torch's, in the dtype of the input, whatever that of the weights."""

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) to the same."""
        if self.weight.dtype == x.dtype:
            return super().forward(x)
        scale = torch.rsqrt(x.float().square().mean(-1, keepdim=True) + cast(float, self.eps))
        return x * scale.to(x.dtype) * self.weight.to(x.dtype)


class Attention(nn.Module):
    """Attention with normed queries and keys (RMS over all heads together).

    Attributes:
        implementation: Of `attention.attention`.
    """

    def __init__(self, dim: int, heads: int, eps: float) -> None:
        super().__init__()
        self.heads, self.implementation = heads, "auto"
        self.to_q, self.to_k, self.to_v = Linear(dim, dim), Linear(dim, dim), Linear(dim, dim)
        self.to_out = nn.ModuleList([Linear(dim, dim), nn.Identity()])
        self.norm_q, self.norm_k = RMSNorm(dim, eps), RMSNorm(dim, eps)

    def encode(self, context: Tensor) -> KV:
        """Keys and values of a context (N, tokens, C)."""
        return self.norm_k(self.to_k(context)), self.to_v(context)

    def forward(
        self, x: Tensor, context: KV, mask: FrameMask | None = None, rotations: Sequence[Tensor] | None = None
    ) -> Tensor:
        """Attend from x (N, Lq, C) to an encoded context of Lk tokens.

        Args:
            x: Tokens.
            context: From `encode`.
            mask: Which of the context is seen, or None.
            rotations: Of queries and of keys, from `rotary_table`, or None.
        """
        q, k, v = (t.unflatten(-1, (self.heads, -1)) for t in (self.norm_q(self.to_q(x)), *context))
        if rotations is not None:
            q, k = rotate(q, rotations[0]), rotate(k, rotations[1])
        return self.to_out[0](attention(q, k, v, mask, implementation=self.implementation).flatten(2))


def feed_forward(dim: int, hidden: int, approximate: str) -> nn.Sequential:
    """Two layers with a GELU between, with the names of diffusers' `FeedForward`."""
    activated = nn.Sequential(OrderedDict(proj=Linear(dim, hidden), gelu=nn.GELU(approximate)))
    return nn.Sequential(OrderedDict(net=nn.Sequential(activated, nn.Identity(), Linear(hidden, dim))))


def embedder(in_dim: int, dim: int, activation: nn.Module) -> nn.Sequential:
    """Two layers with an activation between, with the names of diffusers' embedders."""
    layers = OrderedDict(linear_1=Linear(in_dim, dim), activation=activation, linear_2=Linear(dim, dim))
    return nn.Sequential(layers)


class Block(nn.Module):
    """Self-attention, attention to text, feed-forward; scaled, shifted and gated by sigma."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        dim, eps = config.inner_dim, config.eps
        self.norm1 = nn.LayerNorm(dim, eps, elementwise_affine=False)
        self.attn1 = Attention(dim, config.num_attention_heads, eps)
        self.attn2 = Attention(dim, config.num_attention_heads, eps)
        self.norm2 = nn.LayerNorm(dim, eps)
        self.ffn = feed_forward(dim, config.ffn_dim, config.gelu)
        self.norm3 = nn.LayerNorm(dim, eps, elementwise_affine=False)
        self.scale_shift_table = nn.Parameter(torch.randn(1, 6, dim) / dim**0.5)
        if config.camera_blocks:
            self.cam_scale, self.cam_shift = Linear(dim, dim), Linear(dim, dim)
            for parameter in (*self.cam_scale.parameters(), *self.cam_shift.parameters()):
                nn.init.zeros_(parameter)

    def forward(
        self,
        x: Tensor,
        text: KV,
        shared: Tensor,
        past: KV | None,
        mask: FrameMask | None,
        rotations: Sequence[Tensor],
        camera: Tensor | None = None,
    ) -> tuple[Tensor, KV]:
        """One block.

        Args:
            x: (N, L, S, C).
            text: Of P prompts of each world, (N * P, words, C) each; latent frame k has prompt k modulo P.
            shared: (N, L, 6, 1, C) float32, shift, scale and gate of attention, then of the feed-forward layers, as far
                as all blocks share them.
            past: Cached keys and values of this layer, (N, Lp * S, C) each.
            mask: Of the L latent frames to the Lp + L.
            rotations: Of queries and of all keys, from `rotary_table`.
            camera: (N, L, S, C) embedded rays, or None where they act only where they enter.

        Returns:
            The tokens, and their keys and values for the cache, (N, L * S, C) each.
        """
        shift1, scale1, gate1, shift2, scale2, gate2 = (self.scale_shift_table[:, None, :, None] + shared).unbind(2)
        parts = shift1, 1 + scale1, gate1, shift2, 1 + scale2, gate2
        shift1, scale1, gate1, shift2, scale2, gate2 = (part.to(x.dtype) for part in parts)
        normed = torch.addcmul(shift1, self.norm1(x), scale1).flatten(1, 2)
        keys, values = self.attn1.encode(normed)
        context = keys, values
        if past is not None:
            context = torch.cat([past[0].to(keys.dtype), keys], 1), torch.cat([past[1].to(values.dtype), values], 1)
        x = torch.addcmul(x, self.attn1(normed, context, mask, rotations).view_as(x), gate1)
        if camera is not None:  # LingBot-World's names and place
            x = torch.addcmul(self.cam_shift(camera), x, 1 + self.cam_scale(camera))
        # (N, L, S, C) -> (N, P, L / P, S, C)
        by_prompt = self.norm2(x).unflatten(1, (-1, len(text[0]) // len(x))).transpose(1, 2)
        mixed = self.attn2(by_prompt.reshape(len(text[0]), -1, x.shape[-1]), text).view(by_prompt.shape)
        x = x + mixed.transpose(1, 2).reshape(x.shape)
        x = torch.addcmul(x, self.ffn(torch.addcmul(shift2, self.norm3(x), scale2)), gate2)
        return x, (keys, values)
