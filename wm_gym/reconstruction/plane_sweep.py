"""How well other frames of known pose agree with a frame, at each of several depths: parallax as a network reads it.

Source: Collins 1996, "A space-sweep approach to true multi-image matching". Knows nothing of networks.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from wm_gym.geometry.cameras import rays

PLANES = 12
"""Depths that are tried."""

NEAREST_METRES, FARTHEST_METRES = 0.5, 40.0
OUTSIDE = -1.0
"""Cost where the other frame does not show the point, or where there is no other frame."""

_SCALE = 4.0


def plane_depths() -> Tensor:
    """(PLANES,) metres, evenly spread in their logarithms."""
    return torch.logspace(math.log10(NEAREST_METRES), math.log10(FARTHEST_METRES), PLANES)


def plane_sweep(frames: Tensor, others: Tensor, other_from_frame: Tensor, intrinsics: Tensor) -> Tensor:
    """Difference of colour from another frame with every pixel at each depth, (N, PLANES, H/2, W/2) float32.

    Args:
        frames: (N, 3, H, W) colours, 0..1; even sizes.
        others: (N, 3, H, W), taken through the same lens.
        other_from_frame: (N, 4, 4).
        intrinsics: (N, 4) fx, fy, cx, cy in pixels.
    """
    height, width = frames.shape[2:]
    turned = torch.einsum("nij,nhwj->inhw", other_from_frame[:, :3, :3], rays(intrinsics, height, width))
    depths = plane_depths().to(turned)[:, None, None]
    x, y, z = (turned[k][:, None] * depths + other_from_frame[:, k, 3, None, None, None] for k in range(3))
    fx, fy, cx, cy = (one[:, None, None, None] for one in intrinsics.unbind(-1))
    scale = 1.0 / z.clamp(min=1e-3)
    x, y = fx * x * scale + cx, fy * y * scale + cy  # (N, PLANES, H, W)
    inside = (z > 0.05) & (x > 0) & (x < width) & (y > 0) & (y < height)
    grid = torch.stack([2 * x / width - 1, 2 * y / height - 1], -1).flatten(1, 2)
    seen = functional.grid_sample(others, grid, padding_mode="border", align_corners=False)
    off = (seen.unflatten(2, (PLANES, height)) - frames[:, :, None]).abs().mean(1)
    cost = torch.where(inside, _SCALE * off, OUTSIDE)
    return functional.avg_pool2d(cost, 2)


def no_sweep(count: int, height: int, width: int) -> Tensor:
    """The costs of frames beside which there is no other."""
    return torch.full((count, PLANES, height // 2, width // 2), OUTSIDE)
