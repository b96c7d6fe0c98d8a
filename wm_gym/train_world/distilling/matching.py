"""Distribution matching: what the frozen teacher and the trained critic say of the student's clean latents.

Source: Yin et al. 2024 (DMD, equations 7 and 8; DMD2 for the two time scales); LingBot-World section 3.4.2, equations 3
and 4. Equation 4 as printed has the sign of the difference reversed: its descent would lead away from the teacher.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from wm_gym.train_world.distilling.flow import Predict, noised, shifted


@dataclass(frozen=True)
class MatchingConfig:
    """Noise levels at which teacher and critic are asked, and the two time scales.

    Attributes:
        least_level: Least noise level, before the shift.
        most_level: Most.
        shift: Shift of these levels for one latent frame; it grows as that of the teacher. Colours of whole frames are
            decided where there is little but noise, so there should be many such levels.
        least_distance: Lower bound of a sample's distance from the teacher's prediction, which divides its gradient.
        critic_steps: Steps of the critic for each step of the student.
        critic_rate: Learning rate of the critic, as a multiple of the student's.
    """

    least_level: float = 0.05
    most_level: float = 0.95
    shift: float = 1.5
    least_distance: float = 0.01
    critic_steps: int = 4
    critic_rate: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.least_level < self.most_level < 1:
            raise ValueError(
                f"least_level and most_level must rise between 0 and 1, got {self.least_level} and {self.most_level}"
            )
        if self.critic_steps < 1:
            raise ValueError(f"critic_steps must be at least 1, got {self.critic_steps}")

    def draw(self, count: int, length: int, generator: torch.Generator) -> Tensor:
        """(B, L) noise levels, one for all latent frames of a sample."""
        chance = torch.rand(count, 1, generator=generator)
        levels = self.least_level + (self.most_level - self.least_level) * chance
        return shifted(levels, self.shift, length).expand(count, length)


@torch.no_grad()
def matching_gradient(
    teacher: Predict, critic: Predict, latents: Tensor, sigma: Tensor, noise: Tensor, least_distance: float
) -> Tensor:
    """The direction in which the student's samples are too likely.

    Args:
        teacher: Predicts clean latents as the data have them.
        critic: Predicts clean latents as the student makes them.
        latents: (B, L, C, h, w), the student's.
        sigma: (B, L) noise levels.
        noise: Shaped like the latents.
        least_distance: As in `MatchingConfig`.

    Returns:
        (B, L, C, h, w) mu_fake - mu_real, divided by each sample's mean distance from mu_real.
    """
    noisy = noised(latents, sigma, noise)
    real, fake = teacher(noisy, sigma), critic(noisy, sigma)
    distance = (latents - real).abs().mean(tuple(range(1, latents.ndim)), keepdim=True)
    return (fake - real) / distance.clamp(min=least_distance)


def matching_loss(latents: Tensor, gradient: Tensor) -> Tensor:
    """A loss whose gradient with respect to the latents is `gradient` over their number."""
    return 0.5 * (latents - (latents - gradient).detach()).square().mean()
