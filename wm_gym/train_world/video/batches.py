"""Batches of consecutive steps of samples, with augmented hints. Everything random comes from (seed, batch number).

In closed loop hints come from generated frames, so a model trained on true hints alone drifts: they get noise, tint,
blur, cutout and floaters here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS, SpaceToDepthCodec
from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.network import Conditioning, VideoNetwork
from wm_gym.backends.video.steering import steer
from wm_gym.train_world.data.samples import ClipSample, unpack_hints

APPEARING_TIMES = 5
APPEARING_SHARE = 0.005
"""Least share of pixels that a new mover covers."""

Sample = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, tuple[str, ...]]
"""One sample, in the order of `Batch`'s fields."""


@dataclass(frozen=True)
class AugmentationConfig:
    """Noise, cutout and floaters of hints, and dropout of prompts.

    Attributes:
        no_hints: Share of samples without any hint.
        cutout: Share of samples whose hints have a rectangular hole.
        noisy: Share of samples whose hints get noise, tint and blur.
        hint_noise: Largest noise of these hints, in latent units.
        hint_tint: Standard deviation of their shift of colour, in latent units.
        floaters: Share of samples whose hints hold floaters: points at a wrong depth in front of the scene.
        most_floaters: Largest share of pixels that floaters cover.
        no_prompt: Share of samples whose prompts are left empty.
    """

    no_hints: float = 0.05
    cutout: float = 0.35
    noisy: float = 0.5
    hint_noise: float = 0.06
    hint_tint: float = 0.04
    floaters: float = 0.4
    most_floaters: float = 0.04
    no_prompt: float = 0.1


@dataclass(frozen=True)
class Batch:
    """B samples of L consecutive steps of F frames.

    Attributes:
        clean: (B, L, F * 5, H, W) planes of the truth.
        hints: (B, L, F * 8, H, W) planes, augmented.
        camera: (B, L, tokens, camera channels) camera rays.
        action: (B, L, action channels) motion and keys.
        times: (B, L) index of each step in its clip.
        before: (B, 5, H, W) planes of the frame before the first step.
        prompts: B * L strings, of each step of each sample.
    """

    clean: Tensor
    hints: Tensor
    camera: Tensor
    action: Tensor
    times: Tensor
    before: Tensor
    prompts: list[str]

    def conditioning(self, network: VideoNetwork, hints: Tensor) -> Conditioning:
        """The network's conditioning by this batch.

        Args:
            network: Encodes the prompts.
            hints: (B, L, hint channels, h, w), encoded.
        """
        return Conditioning(
            hints=hints,
            prompt=network.encode_prompts(self.prompts),
            camera=self.camera,
            action=self.action,
            base_time=self.times[:, 0],
        )

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        moved = {name: value.to(device) for name, value in vars(self).items() if isinstance(value, Tensor)}
        return replace(self, **moved)


class Batches:
    """Draws batches from samples."""

    def __init__(
        self,
        samples: Sequence[ClipSample],
        packing: SpaceToDepthCodec,
        video: VideoConfig,
        *,
        length: int,
        turning: float = 0.0,
    ) -> None:
        """Prepare to draw.

        Args:
            samples: One for each clip.
            packing: Packs frames and hints into planes.
            video: The model; its chunks are never cut at the end of a sample.
            length: L, steps of a drawn sample, each a latent frame of the model.
            turning: Share of drawn samples that end where the prompt has just changed.

        Raises:
            ValueError: If a sample is shorter than a chunk of the model, or a clip than a sample of whole chunks.
        """
        if length < video.latents_per_chunk:
            raise ValueError(f"length must be at least latents_per_chunk ({video.latents_per_chunk}), got {length}")
        needed, shortest = _chunk_end(length - 1, video.latents_per_chunk), min(clip.num_steps for clip in samples)
        if shortest < needed:
            raise ValueError(f"clips must have at least {needed} steps for samples of {length}, got {shortest}")
        self.samples, self._packing, self._length, self._video = samples, packing, length, video
        self._changes = _prompt_changes(samples, length, video.latents_per_chunk) if turning else []
        self._turning = turning if self._changes else 0.0

    def draw(self, size: int, seed: int, number: int, augmentation: AugmentationConfig | None) -> Batch:
        """Batch `number` of the run with `seed`, of `size` samples; None augments nothing."""
        rng = np.random.default_rng([seed, number])
        samples = [self._sample(rng) for _ in range(size)]
        fields = (torch.stack(parts) for parts in zip(*(s[:-1] for s in samples), strict=True))
        batch = Batch(*fields, prompts=[prompt for s in samples for prompt in s[-1]])
        return batch if augmentation is None else augmented(batch, augmentation, rng)

    def _sample(self, rng: np.random.Generator) -> Sample:
        chunk = self._video.latents_per_chunk
        if rng.random() < self._turning:
            index, step = self._changes[int(rng.integers(len(self._changes)))]
            return self.steps_of(self.samples[index], _chunk_end(step, chunk) - self._length)
        clip_sample = self.samples[int(rng.integers(len(self.samples)))]
        firsts = range(-self._length % chunk, clip_sample.num_steps - self._length + 1, chunk)
        return self.steps_of(clip_sample, firsts[int(rng.integers(len(firsts)))])

    def steps_of(self, clip_sample: ClipSample, first: int) -> Sample:
        """Steps `first` to `first + length - 1` of a clip, in the order of `Batch`'s fields."""
        spec, length = clip_sample.spec, self._length
        steps = slice(first, first + length)
        frames = slice(spec.num_frames(first) - 1, spec.num_frames(first + length))  # one frame before the first step
        planes = self._packing.encode(
            torch.from_numpy(clip_sample.frames[frames])[:, None],
            torch.from_numpy(clip_sample.depth[frames].astype(np.float32))[:, None],
            torch.from_numpy(clip_sample.moving[frames])[:, None],
        )
        clean = planes[1:].reshape(length, spec.frames_per_step * FRAME_CHANNELS, spec.height, spec.width)
        hints = self._packing.encode_hints(unpack_hints(clip_sample, steps))
        poses = torch.from_numpy(clip_sample.world_from_camera[frames])
        path = poses.unfold(0, spec.frames_per_step + 1, spec.frames_per_step).movedim(-1, 1)  # of each step
        lens = torch.from_numpy(clip_sample.intrinsics).expand(length, 4)
        keys = torch.from_numpy(clip_sample.keys[steps])[:, None].expand(-1, spec.frames_per_step, -1)
        origin = torch.from_numpy(clip_sample.world_from_camera[self._origins(clip_sample, first)])
        shape = {"grid": self._video.grid, "patch": self._video.patch}
        in_world = self._video.camera_frame == "world"
        camera, action = steer(path, origin, lens, keys, length=1, compress=in_world, **shape)
        times = torch.arange(first, first + length)
        return clean, hints, camera[:, 0], action[:, 0], times, planes[0], clip_sample.prompts[steps]

    def _origins(self, clip_sample: ClipSample, first: int) -> list[int]:
        """For each step the frame that its camera rays are relative to: before its chunk, or the clip's first."""
        steps, chunk = range(first, first + self._length), self._video.latents_per_chunk
        in_world = self._video.camera_frame == "world"
        return [0 if in_world else clip_sample.spec.num_frames(step - step % chunk) - 1 for step in steps]


def _chunk_end(step: int, latents_per_chunk: int) -> int:
    """The step after the last one of a step's chunk."""
    return step + latents_per_chunk - step % latents_per_chunk


def _prompt_changes(samples: Sequence[ClipSample], length: int, latents_per_chunk: int) -> list[tuple[int, int]]:
    """(sample, step) wherever the prompt differs from that of the step before, and enough steps lie before it.

    What an event adds is imagined at its onset alone, since later memory shows it: onsets are rare in recordings, so
    they are oversampled, and those at which a mover appears several times over.
    """
    changes = []
    for index, clip_sample in enumerate(samples):
        last = clip_sample.num_steps - clip_sample.num_steps % latents_per_chunk  # of whole chunks
        for step in range(max(1, length - 1), last):
            if clip_sample.prompts[step] != clip_sample.prompts[step - 1]:
                changes += [(index, step)] * (APPEARING_TIMES if _appears(clip_sample, step) else 1)
    return changes


def _appears(clip_sample: ClipSample, step: int) -> bool:
    """Whether at the end of a step something moves that the hints do not show."""
    moves = clip_sample.moving[clip_sample.spec.frames_of(step)[-1]]
    hinted = (clip_sample.hint_flags[step, -1] & 2) > 0
    return bool((moves & ~hinted).mean() > APPEARING_SHARE)


def augmented(batch: Batch, config: AugmentationConfig, rng: np.random.Generator) -> Batch:
    """The batch with hints and prompts as they are in closed loop. The truth stays."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    hints = _cut_out(_add_floaters(_add_noise(batch.hints, config, generator), config, generator), config, rng)
    count, length = batch.times.shape
    is_kept = np.repeat(rng.random(count) >= config.no_prompt, length)
    prompts = [prompt if kept else "" for prompt, kept in zip(batch.prompts, is_kept, strict=True)]
    return replace(batch, hints=hints, prompts=prompts)


def _add_noise(hints: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Noise, tint and blur of the colours and depths of some samples' hints."""
    count = len(hints)
    noisy = (torch.rand(count, generator=generator) < config.noisy).float().view(-1, 1, 1, 1, 1, 1)
    by_frame = hints.unflatten(2, (-1, HINT_CHANNELS))
    surface, seen = by_frame[:, :, :, :4], by_frame[:, :, :, 4:5]
    amount = noisy * config.hint_noise * torch.rand(count, 1, 1, 1, 1, 1, generator=generator)
    noise = amount * torch.randn(surface.shape, generator=generator)
    tint = noisy * config.hint_tint * torch.randn(count, 1, 1, 4, 1, 1, generator=generator)
    tint[:, :, :, 3] *= 0.25
    blur = noisy * torch.rand(count, 1, 1, 1, 1, 1, generator=generator) * 0.7
    soft = F.avg_pool2d(surface.flatten(0, 2), 3, 1, 1, count_include_pad=False).view_as(surface)
    surface = torch.lerp(surface, soft, blur.expand_as(surface)) + noise + tint
    return torch.cat([surface * seen, by_frame[:, :, :, 4:]], 3).flatten(2, 3)


def _add_floaters(hints: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Floaters in some samples' hints: pixels of the same hints from elsewhere in the frame."""
    count, length, _, height, width = hints.shape
    chosen = torch.rand(count, 1, 1, 1, 1, generator=generator) < config.floaters
    share = config.most_floaters * torch.rand(count, 1, 1, 1, 1, generator=generator)
    floaters = chosen & (torch.rand(count, length, 1, height, width, generator=generator) < share)
    rows, columns = (int(torch.randint(4, size - 4, (), generator=generator)) for size in (height, width))
    return torch.where(floaters, hints.roll((rows, columns), (-2, -1)), hints)


def _cut_out(hints: Tensor, config: AugmentationConfig, rng: np.random.Generator) -> Tensor:
    """Rectangular holes of every size in some samples' hints, and no hints at all in a few."""
    height, width = hints.shape[-2:]
    hints = hints.clone()
    for sample in hints:
        if rng.random() < config.no_hints:
            sample.zero_()
        elif rng.random() < config.cutout:
            rows, columns = (int(rng.integers(size // 6, size + 1)) for size in (height, width))
            top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
            sample[..., top : top + rows, left : left + columns] = 0
    return hints
