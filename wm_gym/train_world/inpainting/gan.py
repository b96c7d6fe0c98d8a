"""GAN steps of an inpainter: its pixel decoder is the generator, against a discriminator.

First the discriminator is trained to tell decoded frames from true ones, then the generator to be taken for the truth
and to keep to the hints and the codes. Source: Goodfellow et al. 2014, "Generative Adversarial Nets", algorithm 1. Half
of a batch is decoded from the true codes, where the truth is the target; half from codes that the inpainter chose, as
in use, where the truth is one answer of many.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.optim import AdamW, Optimizer

from wm_gym.completion.conditioning import SEEN
from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.network import HIDDEN, REVEALED
from wm_gym.completion.sampling import SamplingConfig, choose
from wm_gym.train_world.inpainting.batches import InpaintingBatch
from wm_gym.train_world.inpainting.discriminator import (
    Discriminator,
    DiscriminatorConfig,
    discriminator_loss,
    generator_loss,
)
from wm_gym.train_world.inpainting.objective import InpaintingObjectiveConfig, pixel_loss, trust_loss

RIGHT = 0.12
"""Largest difference of any plane, in -1..1, within which a hint is right."""


@dataclass(frozen=True)
class GanConfig:
    """Weights of the losses, and the discriminator's input.

    Attributes:
        adversarial: Weight of the generator's adversarial loss.
        pixel: Weight of errors where the codes are true.
        trust: Weight of the confidence in hints.
        keep: Weight of errors where the codes were chosen and a hint is right.
        low: Weight of means of cells that differ from those of the chosen codes, except where a hint is right.
        noise: Standard deviation of the noise on the discriminator's input. Source: Sønderby et al. 2017.
        num_steps: MaskGIT steps in which codes are chosen.
        discriminator_rate: The discriminator's learning rate, as a multiple of the generator's.
        errors: Error where the codes are true; of its settings only `squares` and `contrast` have an effect.
    """

    adversarial: float = 0.1
    pixel: float = 1.0
    trust: float = 0.15
    keep: float = 2.0
    low: float = 1.0
    noise: float = 0.02
    num_steps: int = 3
    discriminator_rate: float = 2.0
    errors: InpaintingObjectiveConfig = field(default_factory=InpaintingObjectiveConfig)

    def __post_init__(self) -> None:
        if self.num_steps < 1:
            raise ValueError(f"num_steps must be at least 1, got {self.num_steps}")


class Gan(nn.Module):
    """An inpainter of which only the pixel decoder is trained, and a discriminator."""

    def __init__(self, inpainter: Inpainter, config: DiscriminatorConfig) -> None:
        """Random weights of the discriminator."""
        super().__init__()
        self.inpainter, self.discriminator = inpainter.requires_grad_(False), Discriminator(config)
        self.inpainter.pixel_decoder.requires_grad_()

    def optimizer(self, learning_rate: float, weight_decay: float) -> Optimizer:
        """One optimizer of both, the generator's group first. It skips parameters without a gradient."""
        groups = [{"params": list(part.parameters())} for part in (self.inpainter.pixel_decoder, self.discriminator)]
        # short momentum: what deceives a discriminator changes with it
        return AdamW(groups, learning_rate, betas=(0.5, 0.95), weight_decay=weight_decay, fused=True)


def gan_loss(
    gan: Gan, optimizer: Optimizer, batch: InpaintingBatch, config: GanConfig, generator: Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """A step of the discriminator; then the generator's loss and its parts, with the discriminator's among them."""
    inpainter, half = gan.inpainter, len(batch.known) // 2
    own = choose_all(inpainter, batch.known[half:], config.num_steps, generator)
    codes = torch.cat([inpainter.codebook.encode(batch.surface[:half]), own])
    made, trust = inpainter.decode_pixels(codes, batch.known, torch.ones_like(batch.steady))
    true_shown, made_shown = (_noisy(planes, config.noise, generator) for planes in (batch.surface, made))
    discrimination = discriminator_loss(gan.discriminator, true_shown, made_shown)
    _step_discriminator(optimizer, discrimination, config)
    steady = inpainter.pixels_of(batch.steady)
    keep, low = _fidelity(inpainter, own, made[half:], batch.known[half:], batch.surface[half:], steady[half:])
    parts = {
        "adversarial": generator_loss(gan.discriminator, made_shown),
        "pixel": pixel_loss(made[:half], batch.surface[:half], steady[:half, None].float(), config.errors),
        "trust": trust_loss(trust, batch.known, batch.surface, steady),
        "keep": keep,
        "low": low,
    }
    total = torch.stack([getattr(config, name) * part for name, part in parts.items()]).sum()
    return total, {name: part.detach() for name, part in (parts | {"discriminator": discrimination}).items()}


@torch.no_grad()
def choose_all(inpainter: Inpainter, known: Tensor, num_steps: int, generator: Generator) -> Tensor:
    """Codes of all tokens of N frames, chosen in a random order, equally many in each step.

    Args:
        inpainter: Chooses the codes.
        known: (N, CONDITIONING_CHANNELS, H, W) conditioning input.
        num_steps: MaskGIT steps.
        generator: Of all noise.

    Returns:
        (N, tokens, codes per token) int64.
    """
    size, codes_per_token = (len(known), inpainter.config.num_tokens), inpainter.config.codes_per_token
    codes = torch.zeros(*size, codes_per_token, dtype=torch.long, device=known.device)
    roles = torch.full(size, HIDDEN, device=known.device)
    order = torch.rand(size, generator=generator).argsort(1).argsort(1).to(known.device)
    detail = inpainter.network.detail(known)
    context = inpainter.network.detail.of_codes(detail)
    for number in range(num_steps):
        is_open = roles == HIDDEN
        states = inpainter.network(known, detail, codes, roles)[is_open]
        chance = torch.rand(len(states), codes_per_token, generator=generator).to(known.device)
        queries = inpainter.network.head.queries(states, context[is_open])
        codes[is_open], _ = choose(inpainter, queries, chance, SamplingConfig())
        roles[order < (number + 1) * size[1] // num_steps] = REVEALED
    return codes


def _noisy(planes: Tensor, amount: float, generator: Generator) -> Tensor:
    return planes + amount * torch.randn(planes.shape, generator=generator).to(planes.device)


def _step_discriminator(optimizer: Optimizer, loss: Tensor, config: GanConfig) -> None:
    """A step of the discriminator alone: the generator's gradients, of the step before, are cleared first."""
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(loss.device.type, enabled=False):
        loss.backward()
    optimizer.param_groups[1]["lr"] *= config.discriminator_rate  # the trainer sets it anew in every step
    optimizer.step()


def _fidelity(
    inpainter: Inpainter, codes: Tensor, made: Tensor, known: Tensor, truth: Tensor, steady: Tensor
) -> tuple[Tensor, Tensor]:
    """Errors where a hint is right, and elsewhere the difference of means of cells from those of the codes."""
    cell = inpainter.config.cell
    is_near = (known[:, :4] - truth).abs().amax(1) < RIGHT
    right = (is_near & (known[:, SEEN] > 0) & steady)[:, None].float()
    keep = ((made - truth).abs() * right).sum() / (4 * right.sum().clamp(min=1))
    off = F.avg_pool2d(made - inpainter.codebook.decode(codes), cell) * (1 - F.avg_pool2d(right, cell))
    return keep, off.abs().mean()
