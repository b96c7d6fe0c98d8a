"""Generated depth blended with the depth of memory, and the mask of what is then written. Knows nothing of networks."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.memory.hints import Hints
from wm_gym.networks.arithmetic import takes_kernels
from wm_gym.reconstruction import kernels

RADIUS_PIXELS = 4
"""Width, less one, of the box filter that spreads depth errors beyond the hints; two passes, at half the resolution."""

SMOOTH = 0.35
"""Largest range of log-depth over a 3 x 3 neighbourhood on one surface."""

SKY_SHARE = 0.9
"""Share of the far plane beyond which a depth is sky, which says nothing about the error of surfaces."""


def blend_depth(depth: Tensor, moving: Tensor, hints: Hints, far_metres: float) -> Tensor:
    """Memory's depth where it and the model agree on static or moving, elsewhere the model's, shifted to join it.

    Memory's depth is ten times as exact, and a wrong depth would make memory carve away the surfaces in front of it.
    Elsewhere the generated log-depth is shifted by its mean error nearby, for static and moving pixels separately, so
    that both join memory without a step. A moving object takes the mean depth around each pixel: where the model is
    unsure of a new object, each pixel would lie at a depth of its own, and the object would fall apart as soon as it
    is seen from another pose.

    Args:
        depth: (N, T, H, W) metres, generated.
        moving: (N, T, H, W) bool, generated.
        hints: (N, T, H, W), memory rendered at the same poses.
        far_metres: Depth that stands for the sky.

    Returns:
        (N, T, H, W) metres.
    """
    is_remembered = hints.seen & (hints.moving == moving)
    if takes_kernels(depth):
        fields = depth, moving, hints.log_depth, is_remembered
        made, moves, known, remembered = (field.flatten(0, 1).contiguous().numpy() for field in fields)
        sky, far, blended = np.float32(SKY_SHARE * far_metres), np.float32(far_metres), torch.empty(depth.shape)
        out = blended.flatten(0, 1).numpy()
        kernels.depths(made, moves, known, remembered, sky, far, RADIUS_PIXELS // 2, out)
        return blended
    generated = depth.clamp(min=1e-3).log()
    is_surface = depth < SKY_SHARE * far_metres
    surface = is_remembered & (hints.log_depth.exp() < SKY_SHARE * far_metres) & is_surface
    difference = hints.log_depth - generated
    error, weight = _mean_around(difference, surface & ~moving)
    if moving.any():
        pair = _mean_around(difference, surface & moving)
        error, weight = torch.where(moving, pair[0], error), torch.where(moving, pair[1], weight)
        generated = torch.where(moving & is_surface, _mean_around(generated, moving & is_surface)[0], generated)
    shift = error * (2 * weight).clamp(max=1.0)
    fitted = torch.where(is_surface, (generated + shift).exp().clamp(max=far_metres), depth)
    return torch.where(is_remembered, hints.log_depth.exp(), fitted)


def write_mask(depth: Tensor, moving: Tensor, hints: Hints, *, imagines: bool) -> Tensor:
    """The pixels to write to memory, (N, T, H, W) bool: hints, moving pixels and smooth generated surfaces.

    At an imagined edge or floater, a model that predicts in one step gives a depth between the surfaces, where nothing
    is. Written to memory, such points would float in the air for good.

    Args:
        depth: (N, T, H, W) metres, blended with the hints.
        moving: (N, T, H, W) bool.
        hints: (N, T, H, W), memory rendered at the same poses.
        imagines: Whether the model generates new surfaces. Where completion decides those, the model only fills thin
            holes, which is done anew in every chunk and not written.
    """
    if not imagines:
        return hints.seen | moving
    log_depth = depth.clamp(min=1e-3).log()
    spread = _largest_around(log_depth) + _largest_around(-log_depth)
    return hints.seen | moving | (spread < SMOOTH)


def _largest_around(images: Tensor) -> Tensor:
    """The largest value of each 3 x 3 neighbourhood of images (..., H, W)."""
    # a tenth of the time of torch's pooling on a CPU
    padded = F.pad(images, (1, 1, 1, 1), value=-torch.inf)
    rows = torch.maximum(torch.maximum(padded[..., :-2, :], padded[..., 1:-1, :]), padded[..., 2:, :])
    return torch.maximum(torch.maximum(rows[..., :-2], rows[..., 1:-1]), rows[..., 2:])


def _mean_around(values: Tensor, where: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of the pixels `where` in each neighbourhood, 0 where there are none, and their share; (N, T, H, W)."""
    total, weight = _spread(torch.stack([torch.where(where, values, 0.0), where.float()]))
    return torch.where(weight > 1e-3, total / weight.clamp(min=1e-3), 0.0), weight


def _spread(images: Tensor) -> Tensor:
    """Means of images (..., H, W) over neighbourhoods, at half the resolution, since the shift of depth is smooth."""
    half = F.avg_pool2d(images.flatten(0, -4), 2, ceil_mode=True, count_include_pad=False)
    for _ in range(2):
        half = F.avg_pool2d(half, RADIUS_PIXELS + 1, 1, RADIUS_PIXELS // 2, count_include_pad=False)
    wide = half.repeat_interleave(2, -2).repeat_interleave(2, -1)
    return wide[..., : images.shape[-2], : images.shape[-1]].view_as(images)
