"""Batches of lessons: some steps in a row, as the network wants them, and spoiled as its own output spoils them.

A model that only ever meets the truth drifts as soon as it meets itself, so the past and the hints are noised,
blurred, tinted and torn here. Everything random comes from (seed, batch number).
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
from wm_gym.train_world.data.samples import FRAMES_PER_STEP, ClipSample, unpack_hints

APPEARING_TIMES = 5
APPEARING_SHARE = 0.005
"""Share of pixels from which on something has appeared."""


Sample = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, tuple[str, ...]]
"""One sample, in the order of `Batch`'s fields."""


@dataclass(frozen=True)
class AugmentationConfig:
    """How much the past and the hints are spoiled.

    Attributes:
        no_hints: Share of samples without any hint.
        torn: Share of samples whose hints have a rectangular hole.
        worn: Share of samples whose hints are noised, tinted and blurred.
        hint_noise: Largest noise of worn hints, in latent units.
        hint_tint: Size of a worn hint's shift of colour.
        specked: Share of samples whose hints hold debris: points of other places that stand in the way.
        most_floaters: Largest share of pixels that debris covers.
        no_prompt: Share of samples whose prompts are left empty.
    """

    no_hints: float = 0.05
    torn: float = 0.35
    worn: float = 0.5
    hint_noise: float = 0.06
    hint_tint: float = 0.04
    specked: float = 0.4
    most_floaters: float = 0.04
    no_prompt: float = 0.1


@dataclass(frozen=True)
class Batch:
    """B samples of L steps in a row.

    Attributes:
        clean: (B, L, 20, H, W) planes of the truth.
        hints: (B, L, 32, H, W) planes, spoiled.
        camera: (B, L, S, 24).
        action: (B, L, 32).
        times: (B, L) index of each step in its clip.
        before: (B, 5, H, W) the frame before the first step.
        prompts: B * L strings, of each step of each sample.
    """

    clean: Tensor
    hints: Tensor
    camera: Tensor
    action: Tensor
    times: Tensor
    before: Tensor
    prompts: list[str]

    def given(self, network: VideoNetwork, hints: Tensor) -> Conditioning:
        """The batch as the network wants it, its hints encoded."""
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
    """Draws batches from lessons."""

    def __init__(
        self,
        samples: Sequence[ClipSample],
        packing: SpaceToDepthCodec,
        video: VideoConfig,
        *,
        length: int,
        turning: float = 0.0,
    ) -> None:
        """Prepare to draw samples of `length` steps, a share of which end where the prompt has just changed.

        Raises:
            ValueError: If a sample is shorter than a chunk of the model.
        """
        if length < video.latents_per_chunk:
            raise ValueError(f"length must be at least latents_per_chunk ({video.latents_per_chunk}), got {length}")
        self.samples, self._fold, self._length, self._video = samples, packing, length, video
        self._turns = _turns(samples, length, video.latents_per_chunk) if turning else []
        self._turning = turning if self._turns else 0.0

    def draw(self, size: int, seed: int, number: int, augmentation: AugmentationConfig | None) -> Batch:
        """Batch `number` of the run with `seed`; None spoils nothing."""
        rng = np.random.default_rng([seed, number])
        samples = [self._sample(rng) for _ in range(size)]
        fields = (torch.stack(parts) for parts in zip(*(s[:-1] for s in samples), strict=True))
        batch = Batch(*fields, prompts=[prompt for s in samples for prompt in s[-1]])
        return batch if augmentation is None else augmented(batch, augmentation, rng)

    def _sample(self, rng: np.random.Generator) -> Sample:
        chunk = self._video.latents_per_chunk
        if rng.random() < self._turning:
            index, step = self._turns[int(rng.integers(len(self._turns)))]
            return self.steps_of(self.samples[index], _chunk_end(step, chunk) - self._length)
        clip_sample = self.samples[int(rng.integers(len(self.samples)))]
        firsts = range(-self._length % chunk, clip_sample.num_steps - self._length + 1, chunk)
        return self.steps_of(clip_sample, firsts[int(rng.integers(len(firsts)))])

    def steps_of(self, clip_sample: ClipSample, first: int) -> Sample:
        """Steps `first` to `first + length - 1` of a lesson, in the order of `Batch`'s fields."""
        length, height, width = self._length, *clip_sample.depth.shape[1:]
        steps = slice(first, first + length)
        frames = slice(FRAMES_PER_STEP * first, FRAMES_PER_STEP * (first + length) + 1)  # one frame before the first
        folded = self._fold.encode(
            torch.from_numpy(clip_sample.frames[frames])[:, None],
            torch.from_numpy(clip_sample.depth[frames].astype(np.float32))[:, None],
            torch.from_numpy(clip_sample.moving[frames])[:, None],
        )
        clean = folded[1:].reshape(length, FRAMES_PER_STEP * FRAME_CHANNELS, height, width)
        hints = self._fold.encode_hints(unpack_hints(clip_sample, steps))
        poses = torch.from_numpy(clip_sample.world_from_camera[frames])
        path = poses.unfold(0, FRAMES_PER_STEP + 1, FRAMES_PER_STEP).movedim(-1, 1)  # of each step
        lens = torch.from_numpy(clip_sample.intrinsics).expand(length, 4)
        keys = torch.from_numpy(clip_sample.keys[steps])[:, None].expand(-1, FRAMES_PER_STEP, -1)
        origin = torch.from_numpy(clip_sample.world_from_camera[self._origins(first)])
        shape = {"grid": self._video.grid, "patch": self._video.patch}
        in_world = self._video.camera_frame == "world"
        camera, action = steer(path, origin, lens, keys, length=1, compress=in_world, **shape)
        times = torch.arange(first, first + length)
        return clean, hints, camera[:, 0], action[:, 0], times, folded[0], clip_sample.prompts[steps]

    def _origins(self, first: int) -> np.ndarray:
        """(L,) for each step the frame that its camera rays are relative to: before its chunk, or the clip's first."""
        steps = np.arange(first, first + self._length)
        if self._video.camera_frame == "world":
            return np.zeros_like(steps)
        return FRAMES_PER_STEP * (steps - steps % self._video.latents_per_chunk)


def _chunk_end(step: int, latents_per_chunk: int) -> int:
    """The step after the last one of a step's chunk."""
    return step + latents_per_chunk - step % latents_per_chunk


def _turns(samples: Sequence[ClipSample], length: int, latents_per_chunk: int) -> list[tuple[int, int]]:
    """(lesson, step) wherever a prompt differs from the one before, and enough steps lie before it.

    What an event adds is imagined at its onset alone; later memory shows it. So onsets are what there is least of, and
    those at which something appears that moves come several times.
    """
    turns = []
    for index, clip_sample in enumerate(samples):
        last = clip_sample.num_steps - clip_sample.num_steps % latents_per_chunk  # of whole chunks
        for step in range(max(1, length - 1), last):
            if clip_sample.prompts[step] != clip_sample.prompts[step - 1]:
                turns += [(index, step)] * (APPEARING_TIMES if _appears(clip_sample, step) else 1)
    return turns


def _appears(clip_sample: ClipSample, step: int) -> bool:
    """Whether something moves at the end of a step that the hints do not show."""
    moves = clip_sample.moving[FRAMES_PER_STEP * (step + 1)]
    hinted = (clip_sample.hint_flags[step, -1] & 2) > 0
    return bool((moves & ~hinted).mean() > APPEARING_SHARE)


def augmented(batch: Batch, config: AugmentationConfig, rng: np.random.Generator) -> Batch:
    """The batch as a model in closed loop would meet it. The truth stays."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    hints = _cut_out(_add_floaters(_add_noise(batch.hints, config, generator), config, generator), config, rng)
    count, length = batch.times.shape
    is_told = np.repeat(rng.random(count) >= config.no_prompt, length)
    prompts = [prompt if told else "" for prompt, told in zip(batch.prompts, is_told, strict=True)]
    return replace(batch, hints=hints, prompts=prompts)


def _add_noise(hints: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Noise, tint and blur the colours and depths of some samples' hints."""
    count = len(hints)
    worn = (torch.rand(count, generator=generator) < config.worn).float().view(-1, 1, 1, 1, 1, 1)
    by_frame = hints.unflatten(2, (-1, HINT_CHANNELS))
    surface, seen = by_frame[:, :, :, :4], by_frame[:, :, :, 4:5]
    amount = worn * config.hint_noise * torch.rand(count, 1, 1, 1, 1, 1, generator=generator)
    noise = amount * torch.randn(surface.shape, generator=generator)
    tint = worn * config.hint_tint * torch.randn(count, 1, 1, 4, 1, 1, generator=generator)
    tint[:, :, :, 3] *= 0.25
    blur = worn * torch.rand(count, 1, 1, 1, 1, 1, generator=generator) * 0.7
    soft = F.avg_pool2d(surface.flatten(0, 2), 3, 1, 1, count_include_pad=False).view_as(surface)
    surface = torch.lerp(surface, soft, blur.expand_as(surface)) + noise + tint
    return torch.cat([surface * seen, by_frame[:, :, :, 4:]], 3).flatten(2, 3)


def _add_floaters(hints: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Debris in some samples' hints, as points of wrong depth leave it: specks of what is seen elsewhere."""
    count, length, _, height, width = hints.shape
    specked = torch.rand(count, 1, 1, 1, 1, generator=generator) < config.specked
    share = config.most_floaters * torch.rand(count, 1, 1, 1, 1, generator=generator)
    floaters = specked & (torch.rand(count, length, 1, height, width, generator=generator) < share)
    rows, columns = (int(torch.randint(4, size - 4, (), generator=generator)) for size in (height, width))
    return torch.where(floaters, hints.roll((rows, columns), (-2, -1)), hints)


def _cut_out(hints: Tensor, config: AugmentationConfig, rng: np.random.Generator) -> Tensor:
    """Holes of every size in some samples' hints, and no hints at all in a few."""
    height, width = hints.shape[-2:]
    hints = hints.clone()
    for sample in hints:
        if rng.random() < config.no_hints:
            sample.zero_()
        elif rng.random() < config.torn:
            rows, columns = (int(rng.integers(size // 6, size + 1)) for size in (height, width))
            top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
            sample[..., top : top + rows, left : left + columns] = 0
    return hints
