"""The discriminator of an inpainter: it tells true frames from inpainted ones, patch by patch, so that blur shows.

Sources: Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks" (pix2pix), section 3.2.2:
logits of patches, not of frames; Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks": no
layer stretches any difference; Lim and Ye 2017, "Geometric GAN": the hinge losses. Beside a loss of errors, as the
adversarial head of LingBot-World, section 3.4.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from wm_gym.completion.codebook import SURFACE_CHANNELS


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Shape of a discriminator.

    Attributes:
        channels: Channels of the first layer; the second has twice and the third three times as many.
        slope: Slope of the activations below 0.
    """

    channels: int = 32
    slope: float = 0.2

    def __post_init__(self) -> None:
        if self.channels < 1:
            raise ValueError(f"channels must be at least 1, got {self.channels}")


class Discriminator(nn.Module):
    """Logits of being true, of patches of two sizes: texture, and the look of things."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        """Random weights."""
        super().__init__()
        width, self.slope = config.channels, config.slope
        self.halve = spectral_norm(nn.Conv2d(SURFACE_CHANNELS, width, 4, stride=2, padding=1))
        self.quarter = spectral_norm(nn.Conv2d(width, 2 * width, 4, stride=2, padding=1))
        self.eighth = spectral_norm(nn.Conv2d(2 * width, 3 * width, 4, stride=2, padding=1))
        self.around = spectral_norm(nn.Conv2d(3 * width, 3 * width, 3, padding=1))
        self.fine = spectral_norm(nn.Conv2d(2 * width, 1, 3, padding=1))
        self.coarse = spectral_norm(nn.Conv2d(3 * width, 1, 3, padding=1))

    def forward(self, surface: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, 1, H / 8, W / 8) of patches of 54 pixels and (N, 1, H / 4, W / 4) of patches of 18 pixels.

        Args:
            surface: Planes (N, 4, H, W) of -1..1: red, green, blue and log-depth.
        """
        x = self._active(self.quarter(self._active(self.halve(surface))))
        fine = self.fine(x)
        x = self._active(self.eighth(x))
        return self.coarse(x + self._active(self.around(x))), fine

    def _active(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, self.slope)


def discriminator_loss(discriminator: Discriminator, true: Tensor, made: Tensor) -> Tensor:
    """Hinge loss of the discriminator on true and made frames (N, 4, H, W): zero above 1 and below -1."""
    pairs = zip(discriminator(true), discriminator(made.detach()), strict=True)
    margins = [F.relu(1 - high.float()).mean() + F.relu(1 + low.float()).mean() for high, low in pairs]
    return margins[0] + margins[1]


def generator_loss(discriminator: Discriminator, made: Tensor) -> Tensor:
    """Adversarial loss of the generator on made frames (N, 4, H, W); the discriminator gets no gradient from it."""
    discriminator.requires_grad_(False)
    coarse, fine = discriminator(made)
    discriminator.requires_grad_()
    return -coarse.float().mean() - fine.float().mean()
