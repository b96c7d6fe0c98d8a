"""Known depth as memory shows it: what an earlier frame saw, rendered at the pose of a later one, or patches."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from wm_gym.geometry.cameras import project, unproject
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.poses import inverse, transform

_PATCHES = 4
_NOISE, _SCALE_NOISE = 0.02, 0.02


def reprojected(depth: Tensor, world_from_other: Tensor, world_from_camera: Tensor, lens: Tensor) -> Tensor:
    """Depth (H, W) of another frame as a camera at this pose sees it, metres, 0 where it shows nothing.

    Args:
        depth: (H, W) metres; what is as far as the sky is left out.
        world_from_other: (4, 4) of the frame that it is of.
        world_from_camera: (4, 4).
        lens: (4,) fx, fy, cx, cy in pixels of both.
    """
    height, width = depth.shape
    is_surface = (depth > 0) & (depth < FAR_METRES)
    points = unproject(depth, lens, world_from_other)[is_surface]
    pixels, far = project(transform(inverse(world_from_camera), points), lens)
    columns, rows = pixels.floor().long().unbind(-1)
    inside = (far > 0.05) & (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    drawn = torch.full((height * width,), torch.inf)
    drawn = drawn.scatter_reduce(0, (rows * width + columns)[inside], far[inside], "amin")
    return torch.where(drawn.isfinite(), drawn, 0.0).view(height, width)


def patches(depth: Tensor, rng: np.random.Generator) -> Tensor:
    """Patches of a depth map (H, W), 0 elsewhere."""
    coarse = torch.from_numpy(rng.random((_PATCHES, _PATCHES)) < rng.uniform(0.1, 0.9)).float()
    where = functional.interpolate(coarse[None, None], size=depth.shape, mode="bilinear")[0, 0] > 0.5
    return torch.where(where & (depth < FAR_METRES), depth, 0.0)


def worn(known: Tensor, rng: np.random.Generator) -> Tensor:
    """Known depth (H, W) a little off, as a whole and pixel by pixel."""
    off = _NOISE * rng.standard_normal(tuple(known.shape)) + _SCALE_NOISE * rng.standard_normal()
    return known * torch.from_numpy(np.exp(off).astype(np.float32))
