"""Few-step sampling of a latent frame: noise to clean along straight paths, by predictions of the clean latent.

Source: rectified flow (Liu et al. 2023) with x-prediction; z = (1 - noise) x + noise * e.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

Predict = Callable[[Tensor, float], Tensor]
"""(noisy latent, noise level) to the clean latent."""


def draw_noise(shape: Sequence[int], seeds: Sequence[int], times: Sequence[int]) -> Tensor:
    """(N, *shape) float32 normal numbers from (world seed, latent index) alone, drawn on the CPU.

    Args:
        shape: Of one world's noise.
        seeds: N world seeds.
        times: N indices of latent frames.
    """
    rows = []
    for seed, time in zip(seeds, times, strict=True):
        mixed = int(np.random.SeedSequence([seed, time]).generate_state(1, np.uint64)[0] >> 1)
        rows.append(torch.randn(*shape, generator=torch.Generator().manual_seed(mixed)))
    return torch.stack(rows)


def noise_levels(num_steps: int) -> list[float]:
    """The levels at which the model is asked, from pure noise down."""
    return [1.0 - k / num_steps for k in range(num_steps)]


def denoise(noise: Tensor, predict: Predict, num_steps: int) -> Tensor:
    """The clean latent after `num_steps` predictions."""
    noisy, clean = noise, noise
    levels = [*noise_levels(num_steps), 0.0]
    for level, following in pairwise(levels):
        clean = predict(noisy, level)
        noisy = clean + (noisy - clean) * (following / level)
    return clean
