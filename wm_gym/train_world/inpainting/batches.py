"""Batches of training frames: conditioning input, truth, and the tokens that are inpainted.

Parts of the conditioning input are cut out, as turning cameras uncover what no memory shows. Everything random comes
from (seed, batch number).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.completion.conditioning import CONDITIONING_CHANNELS, SEEN, conditioning_planes, surface_planes
from wm_gym.completion.inpainter_config import InpainterConfig
from wm_gym.memory.hints import Hints
from wm_gym.train_world.data.hint_masks import unpack_masks
from wm_gym.train_world.inpainting.training_frames import AREA_STEPS, TrainingFrames


@dataclass(frozen=True)
class HintAugmentation:
    """How much of the conditioning input is taken away.

    Attributes:
        nothing: Share of frames without any hint.
        strip: Share of frames with a strip at one side cut out, as a turning camera uncovers it.
        box: Share of frames with a box cut out.
        everything: Share of frames all of whose tokens are inpainted, whatever the hints show.
        noise: Largest standard deviation of noise on the hints, in planes of -1..1.
    """

    nothing: float = 0.04
    strip: float = 0.5
    box: float = 0.2
    everything: float = 0.3
    noise: float = 0.04


@dataclass(frozen=True)
class InpaintingBatch:
    """B training frames.

    Attributes:
        known: (B, CONDITIONING_CHANNELS, H, W) conditioning input.
        surface: (B, 4, H, W) the truth: red, green, blue and log-depth in -1..1.
        everything: (B,) bool: all tokens are inpainted.
        steady: (B, tokens) bool: nothing moves there in truth.
        shown: (B, tokens) in 0..1: rank by which inpainted tokens are hidden.
        share: (B,) in 0..1: share of the inpainted tokens that is hidden.
    """

    known: Tensor
    surface: Tensor
    everything: Tensor
    steady: Tensor
    shown: Tensor
    share: Tensor

    def to(self, device: torch.device) -> InpaintingBatch:
        """The batch on a device."""
        return replace(self, **{name: value.to(device) for name, value in vars(self).items()})


def draw_batch(
    training_frames: TrainingFrames,
    config: InpainterConfig,
    augmentation: HintAugmentation,
    size: int,
    seed: int,
    number: int,
) -> InpaintingBatch:
    """Batch `number` of the run with `seed`."""
    rng = np.random.default_rng([seed, number])
    rows = np.sort(rng.integers(len(training_frames), size=size))
    known, surface, moving = _planes(training_frames, rows, config, mirrored=rng.random() < 0.5)
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    moves = F.max_pool2d(moving.float()[:, None], config.token).flatten(1) > 0
    return InpaintingBatch(
        known=_augmented(known, augmentation, rng, generator),
        surface=surface,
        everything=torch.rand(size, generator=generator) < augmentation.everything,
        steady=~moves,
        shown=torch.rand(size, config.num_tokens, generator=generator),
        share=torch.cos(torch.rand(size, generator=generator) * math.pi / 2),
    )


def _planes(
    training_frames: TrainingFrames, rows: np.ndarray, config: InpainterConfig, *, mirrored: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Conditioning input, truth, and mask of what moves in it."""
    flags = torch.from_numpy(training_frames.hint_flags[rows])
    area = torch.exp2((torch.from_numpy(training_frames.hint_area[rows]).float() - 128) / AREA_STEPS)
    hints = Hints(
        colour=torch.from_numpy(training_frames.hint_colour[rows]),
        log_depth=torch.from_numpy(training_frames.hint_log_depth[rows]).float(),
        age=torch.zeros_like(flags, dtype=torch.int32),
        area=area,
        from_behind=torch.zeros_like(flags, dtype=torch.bool),
        **unpack_masks(flags),
    )
    depth_range = config.near_metres, config.far_metres
    up, lens = torch.from_numpy(training_frames.up[rows]).float(), torch.from_numpy(training_frames.intrinsics[rows])
    known = conditioning_planes(hints, up, lens, *depth_range)
    surface = surface_planes(
        torch.from_numpy(training_frames.frames[rows]), torch.from_numpy(training_frames.depth[rows]), *depth_range
    )
    moving = torch.from_numpy(training_frames.moving[rows])
    planes = known, surface, moving
    return tuple(plane.flip(-1) for plane in planes) if mirrored else planes  # type: ignore[return-value]


def _augmented(
    known: Tensor, augmentation: HintAugmentation, rng: np.random.Generator, generator: torch.Generator
) -> Tensor:
    seen = known[:, SEEN : SEEN + 1]
    amount = augmentation.noise * torch.rand(len(known), 1, 1, 1, generator=generator).square()
    known = known.clone()
    known[:, :4] += amount * torch.randn(known[:, :4].shape, generator=generator) * seen
    height, width = known.shape[-2:]
    for frame in known:
        chance, hints = rng.random(), frame[: CONDITIONING_CHANNELS - 1]
        if chance < augmentation.nothing:
            hints.zero_()
        elif chance < augmentation.nothing + augmentation.strip:
            side = int(rng.integers(4))
            rows, columns = (int(rng.integers(1, size + 1) * rng.random()) + 1 for size in (height, width))
            (hints[..., :columns], hints[..., -columns:], hints[:, :rows], hints[:, -rows:])[side].zero_()
        elif chance < augmentation.nothing + augmentation.strip + augmentation.box:
            rows, columns = (int(rng.integers(4, size // 2)) for size in (height, width))
            top, left = int(rng.integers(height - rows)), int(rng.integers(width - columns))
            hints[:, top : top + rows, left : left + columns].zero_()
    return known
