"""Joining the depth that a model generates to the depth that memory knows.

Knows nothing of networks.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.memory.hints import Hints

REACH_PIXELS = 4
"""How far beyond the border of what is known the generated depth is bent towards it, in one of two passes."""

SMOOTH = 0.35
"""Largest spread of log-depth over a pixel and its neighbours on one surface."""

SKY_SHARE = 0.9  # of the far value: beyond it a hint is sky, and no measure for surfaces


def blend_depth(depth: Tensor, moving: Tensor, hints: Hints, far_metres: float) -> Tensor:
    """Memory's depth where it and the model both see a still surface, or both a moving thing; elsewhere the model's.

    Memory's depth is ten times as exact, and a wrong depth would make memory erase what it looks through. Elsewhere
    the model's log-depth is shifted by what it is wrong by nearby, on still surfaces and moving things apart, so that
    both go on without a step. A moving thing is as far away all over as it is in the mean around: where the model is
    unsure of a thing it has just imagined, each pixel would stand at a distance of its own, and the thing would fall
    apart as soon as it is looked at from elsewhere.

    Args:
        depth: (N, T, H, W) metres, generated.
        moving: (N, T, H, W) bool, generated.
        hints: At the same poses.
        far_metres: Depth that stands for the sky.

    Returns:
        (N, T, H, W) metres.
    """
    known = hints.seen & (hints.moving == moving)
    generated = depth.clamp(min=1e-3).log()
    is_surface = depth < SKY_SHARE * far_metres
    surface = known & (hints.log_depth.exp() < SKY_SHARE * far_metres) & is_surface
    difference = hints.log_depth - generated
    error, weight = _mean_around(difference, surface & ~moving)
    if moving.any():
        pair = _mean_around(difference, surface & moving)
        error, weight = torch.where(moving, pair[0], error), torch.where(moving, pair[1], weight)
        generated = torch.where(moving & is_surface, _mean_around(generated, moving & is_surface)[0], generated)
    shift = error * (2 * weight).clamp(max=1.0)
    fitted = torch.where(is_surface, (generated + shift).exp().clamp(max=far_metres), depth)
    return torch.where(known, hints.log_depth.exp(), fitted)


def write_mask(depth: Tensor, moving: Tensor, hints: Hints, *, imagines: bool) -> Tensor:
    """What is to be remembered, (N, T, H, W) bool: what hints say, what moves, and imagined surfaces that are smooth.

    On an edge or a speck that it must imagine, a model that predicts in one step gives a depth between the surfaces,
    where nothing is. Remembered, such points hang in the air for good.

    Args:
        depth: (N, T, H, W) metres, joined to the hints.
        moving: (N, T, H, W) bool.
        hints: At the same poses.
        imagines: Whether the model has to imagine. If another decides what is new, it only heals cracks, each time.
    """
    if not imagines:
        return hints.seen | moving
    log_depth = depth.clamp(min=1e-3).log().flatten(0, 1)[:, None]
    spread = F.max_pool2d(log_depth, 3, 1, 1) + F.max_pool2d(-log_depth, 3, 1, 1)
    return hints.seen | moving | (spread[:, 0].view_as(depth) < SMOOTH)


def _mean_around(values: Tensor, where: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of some pixels over a neighbourhood, 0 where there are none, and their share in it, (N, T, H, W)."""
    total, weight = _spread(torch.stack([torch.where(where, values, 0.0), where.float()]))
    return torch.where(weight > 1e-3, total / weight.clamp(min=1e-3), 0.0), weight


def _spread(images: Tensor) -> Tensor:
    """Means over a neighbourhood, (..., H, W); at half the size, since a shift of depth is smooth."""
    half = F.avg_pool2d(images.flatten(0, -4), 2, ceil_mode=True, count_include_pad=False)
    for _ in range(2):
        half = F.avg_pool2d(half, REACH_PIXELS + 1, 1, REACH_PIXELS // 2, count_include_pad=False)
    wide = half.repeat_interleave(2, -2).repeat_interleave(2, -1)
    return wide[..., : images.shape[-2], : images.shape[-1]].view_as(images)
