"""Another lens, another light and a worse camera for frames that the depth network trains on."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

_CROPPED, _SMALLEST = 0.4, 0.6
_GAIN, _TINT, _GAMMA = (0.65, 1.4), (0.85, 1.15), (0.75, 1.35)
_SWAPPED, _BLURRED, _NOISY = 0.15, 0.25, 0.4
_MOST_NOISE = 0.04


def cropped(frames: Tensor, maps: Tensor, lens: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Now and then a part of the frames through a longer lens, at the same size; the optical axis may then be off.

    Args:
        frames: (F, 3, H, W) colours.
        maps: (M, H, W) of the first of them, such as depth.
        lens: (4,) fx, fy, cx, cy in pixels.
        rng: Of everything random.
    """
    if rng.random() >= _CROPPED:
        return frames, maps, lens
    height, width = maps.shape[-2:]
    share = rng.uniform(_SMALLEST, 1.0)
    rows, columns = max(2, round(share * height)), max(2, round(share * width))
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    part = (..., slice(top, top + rows), slice(left, left + columns))
    maps = functional.interpolate(maps[part][None], size=(height, width), mode="nearest")[0]
    frames = functional.interpolate(frames[part], size=(height, width), mode="bilinear", align_corners=False)
    wider, taller = width / columns, height / rows
    return frames, maps, (lens - lens.new_tensor([0, 0, left, top])) * lens.new_tensor([wider, taller, wider, taller])


def relit(frames: Tensor, rng: np.random.Generator) -> Tensor:
    """Frames (F, 3, H, W) in another exposure and tint, now and then blurred, noisy or with other colours."""
    if rng.random() < _SWAPPED:
        frames = frames[:, torch.from_numpy(rng.permutation(3))]
    gains = torch.from_numpy((rng.uniform(*_GAIN) * rng.uniform(*_TINT, (3, 1, 1))).astype(np.float32))
    frames = (frames.clamp(min=1e-4) ** rng.uniform(*_GAMMA)) * gains
    if rng.random() < _BLURRED:
        frames = torch.lerp(frames, functional.avg_pool2d(frames, 3, 1, 1, count_include_pad=False), rng.uniform(0, 1))
    if rng.random() < _NOISY:
        noise = rng.standard_normal(tuple(frames.shape), np.float32) * rng.uniform(0, _MOST_NOISE)
        frames = frames + torch.from_numpy(noise.astype(np.float32))
    return frames.clamp(0, 1)
