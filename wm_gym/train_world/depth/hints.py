"""Known depth as a sensor gives it: patches of the true one, a little off."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from wm_gym.geometry.depth_scale import FAR_METRES

_PATCHES = 4
_NOISE, _SCALE_NOISE = 0.02, 0.02


def patches(depth: Tensor, rng: np.random.Generator) -> Tensor:
    """Patches of a depth map (H, W), 0 elsewhere."""
    coarse = torch.from_numpy(rng.random((_PATCHES, _PATCHES)) < rng.uniform(0.1, 0.9)).float()
    where = functional.interpolate(coarse[None, None], size=depth.shape, mode="bilinear")[0, 0] > 0.5
    return torch.where(where & (depth < FAR_METRES), depth, 0.0)


def worn(known: Tensor, rng: np.random.Generator) -> Tensor:
    """Known depth (H, W) a little off, as a whole and pixel by pixel."""
    off = _NOISE * rng.standard_normal(tuple(known.shape)) + _SCALE_NOISE * rng.standard_normal()
    return known * torch.from_numpy(np.exp(off).astype(np.float32))
