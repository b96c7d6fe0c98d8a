"""Few-step sampling of latent frames: noise to clean along straight paths, by predictions of the clean latents.

Source: rectified flow (Liu et al. 2023) with x-prediction; z = (1 - sigma) x + sigma * e. Distilled students are asked
at a few noise levels of their own, and their clean latents get fresh noise in between (Song et al. 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

Predict = Callable[[Tensor, float], Tensor]
"""(noisy latents, sigma) to the clean latents."""

Renoise = Callable[[int], Tensor]
"""Fresh noise for the step of this number, shaped like the latents."""


def draw_noise(shape: Sequence[int], seeds: Sequence[int], times: Sequence[Sequence[int]], step: int = 0) -> Tensor:
    """(N, L, *shape) float32 normal numbers from (world seed, latent index, step) alone, drawn on the CPU.

    Args:
        shape: Of the noise of one latent frame.
        seeds: N world seeds.
        times: N times L indices of latent frames.
        step: Denoising step that the noise is for.
    """
    rows = zip(seeds, times, strict=True)
    return torch.stack([torch.stack([_normal(shape, seed, time, step) for time in row]) for seed, row in rows])


def even_sigmas(num_steps: int) -> list[float]:
    """Evenly falling noise levels at which the model is asked, from pure noise down."""
    return [1.0 - k / num_steps for k in range(num_steps)]


def denoise(noise: Tensor, predict: Predict, sigmas: Sequence[float], renoise: Renoise | None = None) -> Tensor:
    """The clean latents after one prediction at each noise level.

    Args:
        noise: Pure noise.
        predict: The model.
        sigmas: Falling noise levels, the first 1.
        renoise: Noise that clean latents get on their way to the next level; None: they keep the noise they had.
    """
    noisy = noise
    clean = predict(noise, sigmas[0])
    for step, (sigma, following) in enumerate(pairwise(sigmas), 1):
        kept = (noisy - clean) * (following / sigma) if renoise is None else following * (renoise(step) - clean)
        noisy = clean + kept
        clean = predict(noisy, following)
    return clean


def _normal(shape: Sequence[int], seed: int, time: int, step: int) -> Tensor:
    entropy = [seed, time, step] if step else [seed, time]
    mixed = int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0] >> 1)
    return torch.randn(*shape, generator=torch.Generator().manual_seed(mixed))
