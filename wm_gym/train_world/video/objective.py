"""The loss: predict clean latents from noisy ones, each latent frame at its own noise level (diffusion forcing).

Source: Chen et al. 2024 (diffusion forcing); rectified flow with x-prediction, weighted as a velocity loss.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS
from wm_gym.backends.video.codecs import ExactCodec
from wm_gym.backends.video.frame_metadata import FrameMetadata, Role
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.train_world.video.batches import Batch
from wm_gym.train_world.video.latents import latents_of


@dataclass(frozen=True)
class ObjectiveConfig:
    """Noise levels and weights.

    Attributes:
        forced: Share of samples in which every latent frame is a target at a noise level of its own; in the others only
            the last is, after a nearly clean past, as in closed loop.
        pure_noise: Share of targets at pure noise, the only level of one-step sampling.
        level_mean: Mean of the logit of other targets' noise levels.
        level_spread: Standard deviation of it.
        past_noise: Largest noise level of the latent frames before the target.
        least_noise: Lower bound of the noise level in the weight of the loss.
        moving_weight: Weight of the moving mask against a colour.
        depth_weight: Weight of log-depth against a colour.
        unseen_weight: Added weight of pixels that the hints do not show.
        log_weight: Weight of the logarithm of each frame's squared error of colour: in decibels a frame that the hints
            show almost exactly counts like any other.
        log_floor: Squared error below which a frame counts as exact, in latent units.
        paired: Share of samples that are predicted twice, from other noise, for the energy score.
        energy_weight: Weight of the energy score: predictions from two noises should differ as much as each differs
            from the truth, so that the unknown is imagined in one of many ways, and not as the mean of all.
        mover_weight: Added weight of pixels where something moves, in truth or by the hints; there are few of them.
    """

    forced: float = 0.6
    pure_noise: float = 0.5
    level_mean: float = 0.8
    level_spread: float = 0.8
    past_noise: float = 0.3
    least_noise: float = 0.4
    moving_weight: float = 0.3
    depth_weight: float = 1.0
    unseen_weight: float = 1.0
    log_weight: float = 0.03
    log_floor: float = 5e-4
    mover_weight: float = 2.0
    paired: float = 0.25
    energy_weight: float = 0.3

    def __post_init__(self) -> None:
        if not 0 <= self.paired <= 0.5:
            raise ValueError(f"paired must be in 0..0.5, got {self.paired}")


def draw_levels(
    count: int, length: int, config: ObjectiveConfig, generator: torch.Generator, latents_per_chunk: int = 1
) -> Tensor:
    """(B, L) noise levels, one for each chunk; the last chunk is whole."""
    shape = count, length
    temb = torch.sigmoid(config.level_mean + config.level_spread * torch.randn(shape, generator=generator))
    temb = torch.where(torch.rand(shape, generator=generator) < config.pure_noise, 1.0, temb)
    clean = config.past_noise * torch.rand(shape, generator=generator) ** 2
    is_forced = torch.rand(count, 1, generator=generator) < config.forced
    is_last = torch.arange(length) >= length - latents_per_chunk
    last_of_chunk = length - 1 - (length - 1 - torch.arange(length)) // latents_per_chunk * latents_per_chunk
    return torch.where(is_forced | is_last, temb, clean)[:, last_of_chunk]


def loss(
    network: VideoNetwork, batch: Batch, config: ObjectiveConfig, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of a batch, and the mean squared errors of the targets: of colour, depth and mask, or of latents.

    Args:
        network: Network that is trained.
        batch: On the network's device.
        config: Noise levels and weights.
        generator: On the CPU; all noise comes from it.
    """
    count, length = batch.times.shape
    pairs, chunk = int(config.paired * count), network.config.latents_per_chunk
    batch = twice(batch, pairs)
    latents = latents_of(network.codec, batch, chunk)
    levels = draw_levels(count, length, config, generator, chunk).to(latents.clean.device)
    noise = torch.randn(latents.clean.shape, generator=generator).to(latents.clean.device)
    if pairs:
        levels[:pairs, -chunk:] = 1.0
        levels[-pairs:], noise[-pairs:, :-chunk] = levels[:pairs], noise[:pairs, :-chunk]
    temb = levels[:, :, None, None, None]
    noisy = (1 - temb) * latents.clean + temb * noise
    metadata = FrameMetadata.of(batch.times, levels, Role.TARGET, batch.times - batch.times % chunk)
    clean, _ = network(noisy, metadata, batch.conditioning(network, latents.hints))
    squared = (clean - latents.clean).square()
    scale = 1 / levels.clamp(min=config.least_noise) ** 2
    patch = max(1, network.config.patch // network.codec.scale)
    scored = _surfaces if isinstance(network.codec, ExactCodec) else torch.nn.Identity()
    energy = energy_score(scored(clean[:, -1]), scored(latents.clean[:, -1]), pairs, patch) * config.energy_weight
    if isinstance(network.codec, ExactCodec):
        total, parts = _loss_of_planes(squared, scale, batch, config)
        return total + energy, parts
    focus = F.avg_pool2d(_focus(batch, config).mean(2).flatten(0, 1), network.codec.scale).unflatten(0, levels.shape)
    weights = scale[:, :, None, None, None] * focus
    return (squared * weights).mean() + energy, {"latent": squared[:, -1].detach().mean()}


def twice(batch: Batch, pairs: int) -> Batch:
    """The batch with its last samples replaced by its first ones."""
    if not pairs:
        return batch
    tensors = {name: value for name, value in vars(batch).items() if isinstance(value, Tensor)}
    doubled = {name: torch.cat([value[:-pairs], value[:pairs]]) for name, value in tensors.items()}
    count = pairs * batch.times.shape[1]
    return replace(batch, **doubled, prompts=[*batch.prompts[:-count], *batch.prompts[:count]])


def _surfaces(planes: Tensor) -> Tensor:
    """Colour and depth alone: a mask that differs from noise to noise has no outline."""
    return planes.unflatten(1, (-1, FRAME_CHANNELS))[:, :, :4].flatten(1, 2)


def energy_score(clean: Tensor, truth: Tensor, pairs: int, patch: int) -> Tensor:
    """Distance of two predictions from the truth, less their distance from one another, in patches.

    A proper score: its mean is least when predictions are drawn from the distribution of the truth. Source: Gneiting
    and Raftery 2007, equation 21; Shen and Meinshausen 2024 train one-step generators by it.

    Args:
        clean: (B, C, h, w); the last `pairs` predict the same as the first.
        truth: (B, C, h, w).
        pairs: Number of predictions that come twice.
        patch: Side of a patch, pixels of a latent.
    """
    if not pairs:
        return clean.new_zeros(())
    one, other, goal = clean[:pairs], clean[-pairs:], truth[:pairs]

    def distance(a: Tensor, b: Tensor) -> Tensor:
        return (F.avg_pool2d((a - b).square().mean(1, keepdim=True), patch) + 1e-6).sqrt().mean()

    return (distance(one, goal) + distance(other, goal) - distance(one, other)) / 2


def _loss_of_planes(
    squared: Tensor, scale: Tensor, batch: Batch, config: ObjectiveConfig
) -> tuple[Tensor, dict[str, Tensor]]:
    squared = squared.unflatten(2, (-1, FRAME_CHANNELS))
    weights = scale[:, :, None, None, None, None] * channel_weights(config, squared.device) * _focus(batch, config)
    mean = squared[:, -1].detach().mean((0, 1, 3, 4))
    by_frame = squared[:, :, :, :3].mean((3, 4, 5))
    total = (squared * weights).mean() + config.log_weight * (by_frame + config.log_floor).log().mean()
    return total, {"colour": mean[:3].mean(), "depth": mean[3], "moving": mean[4]}


def channel_weights(config: ObjectiveConfig, device: torch.device) -> Tensor:
    """Weights of the five channels of a frame, (1, 1, 1, 5, 1, 1)."""
    weights = [1.0, 1.0, 1.0, config.depth_weight, config.moving_weight]
    return torch.tensor(weights, device=device).view(1, 1, 1, FRAME_CHANNELS, 1, 1)


def _focus(batch: Batch, config: ObjectiveConfig) -> Tensor:
    """Weights (B, L, F, 1, H, W) of pixels: higher where the hints show nothing, and on movers."""
    hints = batch.hints.unflatten(2, (-1, HINT_CHANNELS))
    seen = hints[:, :, :, 4:5] > 0
    moves = batch.clean.unflatten(2, (-1, FRAME_CHANNELS))[:, :, :, 4:5] > 0
    moved = seen & (hints[:, :, :, 5:6] > 0)
    return 1 + config.unseen_weight * ~seen + config.mover_weight * (moves | moved)
