"""An adversarial head on the critic's features: learned queries that look at them and say how true they are.

Source: LingBot-World section 3.4.2, figure 6b; Lin et al. 2025 (APT). The head is the only discriminator: the critic
that it reads is not moved by it, and there is no R1 or R2. Equations 5 and 6 as printed give the discriminator no
reason to prefer the truth; the logistic losses of Goodfellow et al. 2014 are meant and used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.backends.video.network import VideoNetwork
from wm_gym.train_world.distilling.flow import Predict


class AdversarialHead(nn.Module):
    """Cross-attention of learned queries to a block's features, then one logit."""

    def __init__(self, dim: int, heads: int, queries: int = 1) -> None:
        """Random weights for features of `dim` channels."""
        super().__init__()
        self.queries = nn.Parameter(torch.randn(queries, dim) / dim**0.5)
        self.norm = nn.LayerNorm(dim)
        self.look = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.judge = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, 1))

    def forward(self, features: Tensor) -> Tensor:
        """(B, tokens, C) features to (B,) logits, high for what looks true."""
        normed = self.norm(features.float())
        looked, _ = self.look(self.queries.expand(len(features), -1, -1), normed, normed, need_weights=False)
        return self.judge(looked).mean((1, 2))


class FeatureReader:
    """Reads what a block of a network puts out while the network predicts."""

    def __init__(self, network: VideoNetwork) -> None:
        """Read the middle block."""
        self._block = cast(nn.Module, network.transformer.blocks[len(network.transformer.blocks) // 2])

    def __call__(self, predict: Predict, noisy: Tensor, sigma: Tensor) -> Tensor:
        """(B, tokens, C) features of noisy latents."""
        with self._kept() as kept:
            predict(noisy, sigma)
        return kept[-1].flatten(1, 2)

    @contextmanager
    def _kept(self) -> Iterator[list[Tensor]]:
        kept: list[Tensor] = []
        handle = self._block.register_forward_hook(lambda _module, _inputs, outputs: kept.append(outputs[0]))
        try:
            yield kept
        finally:
            handle.remove()


def head_loss(true_logits: Tensor, made_logits: Tensor) -> Tensor:
    """What the head learns by: logits (B,) of truth should be high, those of the student's low."""
    return F.softplus(-true_logits).mean() + F.softplus(made_logits).mean()


def deceiving_loss(made_logits: Tensor) -> Tensor:
    """What the student learns by: its logits (B,) should be high."""
    return F.softplus(-made_logits).mean()
