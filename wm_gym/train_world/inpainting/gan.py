"""An inpainter's finisher against its adversary: the two turns of a step.

First the adversary learns to tell what was painted from what is true, then the finisher to be taken for the truth, and
not to stray from what is known and from what the codes say. Source: Goodfellow et al. 2014, "Generative Adversarial
Nets", algorithm 1. Half of a batch is painted from the true codes, where the truth is the aim; half from codes that
the inpainter chose, as in use, where the truth is one answer of many.
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
from wm_gym.train_world.inpainting.objective import InpaintingObjectiveConfig, finishing, trusting

RIGHT = 0.12
"""Largest difference of any plane, of -1..1, within which what is known is right."""


@dataclass(frozen=True)
class GanConfig:
    """Weights, and what the adversary is shown.

    Attributes:
        adversarial: Weight of being taken for the truth.
        finish: Of errors where the codes are true.
        trust: Of telling whether what is known is right.
        keep: Of errors where the codes were chosen and what is known is right.
        low: Of means of cells that are not those of the chosen codes, but for what is known and right.
        noise: Standard deviation of the noise on what the adversary is shown. Source: Sønderby et al. 2017.
        num_steps: In which codes are chosen.
        adversary_rate: The adversary's learning rate, of the finisher's.
        errors: What is an error where codes are true; of its settings only `squares` and `contrast` matter.
    """

    adversarial: float = 0.1
    finish: float = 1.0
    trust: float = 0.15
    keep: float = 2.0
    low: float = 1.0
    noise: float = 0.02
    num_steps: int = 3
    adversary_rate: float = 2.0
    errors: InpaintingObjectiveConfig = field(default_factory=InpaintingObjectiveConfig)

    def __post_init__(self) -> None:
        if self.num_steps < 1:
            raise ValueError(f"num_steps must be at least 1, got {self.num_steps}")


class Gan(nn.Module):
    """An inpainter of which the finisher alone learns, and its adversary."""

    def __init__(self, inpainter: Inpainter, config: DiscriminatorConfig) -> None:
        """Random weights of the adversary."""
        super().__init__()
        self.inpainter, self.discriminator = inpainter.requires_grad_(False), Discriminator(config)
        self.inpainter.pixel_decoder.requires_grad_()

    def optimizer(self, learning_rate: float, weight_decay: float) -> Optimizer:
        """One for both, the finisher's group first. It passes over whoever has no gradient: it is not their turn."""
        groups = [{"params": list(part.parameters())} for part in (self.inpainter.pixel_decoder, self.discriminator)]
        # short memories: what deceives the adversary changes with it
        return AdamW(groups, learning_rate, betas=(0.5, 0.95), weight_decay=weight_decay, fused=True)


def gan_loss(
    gan: Gan, optimizer: Optimizer, batch: InpaintingBatch, config: GanConfig, generator: Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """The adversary's turn, with its step; then the loss of the finisher's, and its parts."""
    inpainter, half = gan.inpainter, len(batch.known) // 2
    own = choose_all(inpainter, batch.known[half:], config.num_steps, generator)
    codes = torch.cat([inpainter.codebook.encode(batch.surface[:half]), own])
    made, trust = inpainter.decode_pixels(codes, batch.known, torch.ones_like(batch.steady))
    true_shown, made_shown = (_noisy(planes, config.noise, generator) for planes in (batch.surface, made))
    judged = discriminator_loss(gan.discriminator, true_shown, made_shown)
    _step_discriminator(optimizer, judged, config)
    steady = inpainter.pixels_of(batch.steady)
    keep, low = _faith(inpainter, own, made[half:], batch.known[half:], batch.surface[half:], steady[half:])
    parts = {
        "adversarial": generator_loss(gan.discriminator, made_shown),
        "finish": finishing(made[:half], batch.surface[:half], steady[:half, None].float(), config.errors),
        "trust": trusting(trust, batch.known, batch.surface, steady),
        "keep": keep,
        "low": low,
    }
    total = torch.stack([getattr(config, name) * part for name, part in parts.items()]).sum()
    return total, {name: part.detach() for name, part in (parts | {"discriminator": judged}).items()}


@torch.no_grad()
def choose_all(inpainter: Inpainter, known: Tensor, num_steps: int, generator: Generator) -> Tensor:
    """Codes (N, tokens, slots) of all tokens of N frames at once, settled in a random order, as many each round.

    Args:
        inpainter: Whose choice it is.
        known: (N, CONDITIONING_CHANNELS, H, W).
        num_steps: Passes of the network.
        generator: Of all chance.
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
    """The finisher's gradients are of the step before: they go first."""
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(loss.device.type, enabled=False):
        loss.backward()
    optimizer.param_groups[1]["lr"] *= config.adversary_rate  # the loop sets it anew at every step
    optimizer.step()


def _faith(
    inpainter: Inpainter, codes: Tensor, made: Tensor, known: Tensor, truth: Tensor, steady: Tensor
) -> tuple[Tensor, Tensor]:
    """Errors where what is known is right, and elsewhere how far means of cells are from those of the codes."""
    cell = inpainter.config.cell
    is_near = (known[:, :4] - truth).abs().amax(1) < RIGHT
    right = (is_near & (known[:, SEEN] > 0) & steady)[:, None].float()
    keep = ((made - truth).abs() * right).sum() / (4 * right.sum().clamp(min=1))
    off = F.avg_pool2d(made - inpainter.codebook.decode(codes), cell) * (1 - F.avg_pool2d(right, cell))
    return keep, off.abs().mean()
