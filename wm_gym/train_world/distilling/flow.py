"""Flow matching with x-prediction: noise levels, noisy latents, the loss, and a sampler of many steps.

Source: Lipman et al. 2023; z = (1 - sigma) x + sigma e, whose velocity is (z - x) / sigma, so that an error of clean
latents counts by 1 / sigma squared. Li and He 2025 ("Back to Basics"): clean latents, not noise, are what a small
network can predict. The teacher of LingBot-World (section 3.1.2) draws one level for all latents of a clip, and its
shift grows with their number (section 3.3.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

Predict = Callable[[Tensor, Tensor], Tensor]
"""(noisy latents (B, L, C, h, w), sigma (B, L)) to the clean latents."""


@dataclass(frozen=True)
class FlowConfig:
    """Noise levels of training and of sampling.

    Attributes:
        level_mean: Mean of the logit of noise levels, before the shift.
        level_spread: Standard deviation of it.
        least_level: Least noise level that is drawn; above 0 for an expert of high noise.
        most_level: Most; below 1 for an expert of low noise.
        pure_noise: Share of samples at the most noise, where sampling begins.
        least_noise: Lower bound of the noise level in the weight of the loss.
        shift: Shift of noise levels of a single latent frame; above 1 there is more noise. It grows with the root of
            the number of latent frames, since more of them hide less from one another.
        num_steps: Steps of the sampler.
    """

    level_mean: float = -0.3
    level_spread: float = 1.1
    least_level: float = 0.0
    most_level: float = 1.0
    pure_noise: float = 0.1
    least_noise: float = 0.05
    shift: float = 1.0
    num_steps: int = 16

    def __post_init__(self) -> None:
        if not 0 <= self.pure_noise <= 1:
            raise ValueError(f"pure_noise must be in 0..1, got {self.pure_noise}")
        if not 0 <= self.least_level < self.most_level <= 1:
            raise ValueError(
                f"least_level and most_level must rise within 0..1, got {self.least_level} and {self.most_level}"
            )
        if self.num_steps < 1:
            raise ValueError(f"num_steps must be at least 1, got {self.num_steps}")
        if not (self.shift > 0 and self.least_noise > 0):
            raise ValueError(f"shift and least_noise must be above 0, got {self.shift} and {self.least_noise}")


def shifted(sigma: Tensor, shift: float, length: int) -> Tensor:
    """Noise levels moved towards noise: s sigma / (1 + (s - 1) sigma) with s = shift * sqrt(length).

    Source: Esser et al. 2024 (Stable Diffusion 3), equation 23.
    """
    s = shift * length**0.5
    return s * sigma / (1 + (s - 1) * sigma)


def draw_levels(count: int, length: int, config: FlowConfig, generator: torch.Generator) -> Tensor:
    """(B, L) noise levels, one for all latent frames of a clip."""
    bounds = torch.tensor([config.least_level, config.most_level], dtype=torch.float64)
    ranks = torch.special.ndtr((_unshifted(bounds, config, length).logit() - config.level_mean) / config.level_spread)
    rank = ranks[0] + (ranks[1] - ranks[0]) * torch.rand(count, 1, generator=generator, dtype=torch.float64)
    logits = config.level_mean + config.level_spread * torch.special.ndtri(rank)
    levels = shifted(logits.sigmoid(), config.shift, length).clamp(*bounds.tolist())
    is_pure = torch.rand(count, 1, generator=generator) < config.pure_noise
    return torch.where(is_pure, config.most_level, levels).float().expand(count, length)


def _unshifted(sigma: Tensor, config: FlowConfig, length: int) -> Tensor:
    """The inverse of `shifted`."""
    s = config.shift * length**0.5
    return sigma / (s - (s - 1) * sigma)


def noised(clean: Tensor, sigma: Tensor, noise: Tensor) -> Tensor:
    """Latents (B, L, ...) at noise levels (B, L)."""
    level = sigma.view(*sigma.shape, *[1] * (clean.ndim - sigma.ndim))
    return (1 - level) * clean + level * noise


def flow_errors(
    predict: Predict, clean: Tensor, sigma: Tensor, config: FlowConfig, generator: torch.Generator
) -> Tensor:
    """Squared errors (B, L, C, h, w) of the clean latents that are predicted at `sigma`, as errors of velocity.

    Args:
        predict: Network.
        clean: (B, L, C, h, w).
        sigma: (B, L).
        config: Its least noise bounds the weight.
        generator: Of the noise, on the CPU.
    """
    noise = torch.randn(clean.shape, generator=generator).to(clean)
    error = (predict(noised(clean, sigma, noise), sigma) - clean).square()
    return error / sigma.clamp(min=config.least_noise).square()[:, :, None, None, None]


def levels_of(num_steps: int, shift: float, length: int) -> list[float]:
    """The falling noise levels of a sampler, from pure noise to 0: one more than its steps."""
    return shifted(torch.linspace(1, 0, num_steps + 1), shift, length).tolist()


def sample(predict: Predict, noise: Tensor, config: FlowConfig) -> Tensor:
    """Latents sampled along the flow by Euler's method, from noise (B, L, C, h, w)."""
    return trajectory(predict, noise, levels_of(config.num_steps, config.shift, noise.shape[1]))[-1]


def trajectory(predict: Predict, noise: Tensor, levels: list[float]) -> list[Tensor]:
    """The latents at each of the falling noise levels, the first of which is pure noise."""
    path = [noise]
    for sigma, following in pairwise(levels):
        clean = predict(path[-1], torch.full(noise.shape[:2], sigma, device=noise.device))
        path.append(clean + (path[-1] - clean) * (following / sigma))
    return path


def experts(high: Predict, low: Predict, boundary: float) -> Predict:
    """Two networks as one: one for noise levels from the boundary up, one below it.

    Source: Wan 2.2, and LingBot-World section 3.3.1. All latents of a call have one level.
    """
    return lambda noisy, sigma: (high if bool(sigma.flatten()[0] >= boundary) else low)(noisy, sigma)
