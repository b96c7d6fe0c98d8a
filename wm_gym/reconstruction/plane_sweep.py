"""How well other frames of known pose agree with a frame, at each of several depths: parallax as a network reads it.

Source: Collins 1996, "A space-sweep approach to true multi-image matching". Knows nothing of networks.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from wm_gym.geometry.cameras import rays

PLANES = 24
"""Depths that are tried."""

SWEEP_MAPS = PLANES + 2
"""Maps of a sweep: the cost of each plane, which plane is best, and by how much."""

NEAREST_METRES, FARTHEST_METRES = 0.4, 40.0
OUTSIDE = -1.0
"""Cost where no other frame shows the point."""

_SCALE = 4.0


def plane_depths() -> Tensor:
    """(PLANES,) metres, evenly spread in their logarithms."""
    return torch.logspace(math.log10(NEAREST_METRES), math.log10(FARTHEST_METRES), PLANES)


def plane_sweep(frames: Tensor, others: Tensor, other_from_frame: Tensor, shown: Tensor, intrinsics: Tensor) -> Tensor:
    """Parallax of N frames against K others each, (N, SWEEP_MAPS, H/2, W/2) float32.

    The first PLANES maps are the mean difference of colour from the others that show the point, over 3 x 3 pixels of
    half the size; then the plane that is best (-1 the nearest to 1 the farthest), and how far it is below the mean.

    Args:
        frames: (N, 3, H, W) colours, 0..1; even sizes.
        others: (N, K, 3, H, W), taken through the same lens.
        other_from_frame: (N, K, 4, 4).
        shown: (N, K) bool, which of the others there are.
        intrinsics: (N, 4) fx, fy, cx, cy in pixels.
    """
    small, lens = functional.avg_pool2d(frames, 2), intrinsics / 2
    total, count = small.new_zeros(2, len(small), PLANES, *small.shape[2:])
    for k in range(others.shape[1]):
        rows = shown[:, k].nonzero()[:, 0]
        if len(rows):
            other = functional.avg_pool2d(others[rows, k], 2)
            off, inside = _differences(small[rows], other, other_from_frame[rows, k], lens[rows])
            total[rows] += off * inside
            count[rows] += inside
    weight = functional.avg_pool2d(count, 3, 1, 1)
    cost = functional.avg_pool2d(total, 3, 1, 1) / weight.clamp(min=1e-6)
    is_seen = weight > 0
    best, plane = torch.where(is_seen, cost, torch.inf).min(1)
    mean = (cost * is_seen).sum(1) / is_seen.sum(1).clamp(min=1)
    margin = torch.where(best.isfinite(), _SCALE * (mean - best), 0.0)
    place = torch.where(best.isfinite(), 2 * plane / (PLANES - 1) - 1, 0.0)
    costs = torch.where(is_seen, _SCALE * cost, OUTSIDE)
    return torch.cat([costs, place[:, None], margin[:, None]], 1)


def _differences(frames: Tensor, others: Tensor, other_from_frame: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
    """Difference of colour at each depth, (N, PLANES, H, W), and where the other frame shows the point."""
    height, width = frames.shape[2:]
    turned = torch.einsum("nij,nhwj->inhw", other_from_frame[:, :3, :3], rays(lens, height, width))
    depths = plane_depths().to(turned)[:, None, None]
    x, y, z = (turned[k][:, None] * depths + other_from_frame[:, k, 3, None, None, None] for k in range(3))
    fx, fy, cx, cy = (one[:, None, None, None] for one in lens.unbind(-1))
    scale = 1.0 / z.clamp(min=1e-3)
    x, y = fx * x * scale + cx, fy * y * scale + cy  # (N, PLANES, H, W)
    inside = (z > 0.05) & (x > 0) & (x < width) & (y > 0) & (y < height)
    grid = torch.stack([2 * x / width - 1, 2 * y / height - 1], -1).flatten(1, 2)
    seen = functional.grid_sample(others, grid, padding_mode="border", align_corners=False)
    return (seen.unflatten(2, (PLANES, height)) - frames[:, :, None]).abs().mean(1), inside


def no_sweep(count: int, height: int, width: int) -> Tensor:
    """The sweep of frames beside which there is no other."""
    costs = torch.full((count, PLANES, height // 2, width // 2), OUTSIDE)
    return torch.cat([costs, torch.zeros(count, 2, height // 2, width // 2)], 1)
