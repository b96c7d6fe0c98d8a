"""Few-step sampling of latent frames: noise to clean along straight paths, by predictions of the clean latents.

Source: rectified flow (Liu et al. 2023) with x-prediction; z = (1 - sigma) x + sigma * e.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

Predict = Callable[[Tensor, float], Tensor]
"""(noisy latents, sigma) to the clean latents."""


def draw_noise(shape: Sequence[int], seeds: Sequence[int], times: Sequence[Sequence[int]]) -> Tensor:
    """(N, L, *shape) float32 normal numbers from (world seed, latent index) alone, drawn on the CPU.

    Args:
        shape: Of the noise of one latent frame.
        seeds: N world seeds.
        times: N times L indices of latent frames.
    """
    return torch.stack(
        [torch.stack([_normal(shape, seed, time) for time in row]) for seed, row in zip(seeds, times, strict=True)]
    )


def sigmas_of(num_steps: int) -> list[float]:
    """The noise levels at which the model is asked, from pure noise down."""
    return [1.0 - k / num_steps for k in range(num_steps)]


def denoise(noise: Tensor, predict: Predict, num_steps: int) -> Tensor:
    """The clean latents after `num_steps` predictions."""
    noisy = noise
    sigmas = sigmas_of(num_steps)
    clean = predict(noise, sigmas[0])
    for sigma, following in pairwise(sigmas):
        noisy = clean + (noisy - clean) * (following / sigma)
        clean = predict(noisy, following)
    return clean


def _normal(shape: Sequence[int], seed: int, time: int) -> Tensor:
    mixed = int(np.random.SeedSequence([seed, time]).generate_state(1, np.uint64)[0] >> 1)
    return torch.randn(*shape, generator=torch.Generator().manual_seed(mixed))
