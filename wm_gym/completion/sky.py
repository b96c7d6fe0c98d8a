"""Sky continued: unseen pixels above or beside seen sky are sky too.

As the camera moves, more sky appears from behind roofs and treetops. It is all one surface, so it need not be
inpainted, nor rendered from a retrieved scene, whose towers would then hang in it. Knows nothing of networks.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from wm_gym.memory.config import CLOSEST_TO_FAR
from wm_gym.memory.hints import Hints

MIN_ELEVATION = 0.05
"""Sine of the angle above the horizon from which on unseen pixels may be sky."""

FADES_PIXELS = 8.0
"""Decay length over which the colour of the nearest sky pixel fades into the mean sky colour of its row."""

SIDEWAYS_PIXELS = 8
"""Largest number of pixels by which sky is continued along rows; along columns there is no limit."""

NOWHERE = 10_000
"""Stands for a distance beyond all pixels."""


def continue_sky(hints: Hints, elevations: Tensor, far_metres: float) -> tuple[Hints, Tensor]:
    """Hints of sky everywhere, (T, H, W), and the unseen pixels that are sky, (T, H, W) bool.

    Args:
        hints: (T, H, W).
        elevations: (T, H, W) sine of each pixel's angle above the horizon.
        far_metres: Depth that stands for sky.
    """
    sky = hints.seen & ~hints.moving & (hints.log_depth > math.log(CLOSEST_TO_FAR * far_metres))
    unseen = ~hints.seen & (elevations > MIN_ELEVATION)
    colour, means = hints.colour.float(), _row_means(hints.colour.float(), sky)
    filled = torch.zeros_like(sky)
    for dim, directions, farthest in ((1, (True,), NOWHERE - 1), (2, (True, False), SIDEWAYS_PIXELS)):
        source, distance = _nearest(sky | filled, unseen & ~filled, dim, directions)
        near = colour.gather(dim, source[..., None].expand_as(colour))
        made = means + torch.exp(-distance / FADES_PIXELS)[..., None] * (near - means)
        new = distance <= farthest
        colour, filled = torch.where(new[..., None], made, colour), filled | new
    shown = replace(
        hints,
        colour=colour.round().to(torch.uint8),
        log_depth=torch.full_like(hints.log_depth, math.log(far_metres)),
        area=torch.ones_like(hints.area),
    )
    return shown, filled


def _nearest(sky: Tensor, unseen: Tensor, dim: int, directions: tuple[bool, ...]) -> tuple[Tensor, Tensor]:
    """Index of, and distance in pixels to, the nearest sky pixel that only unseen pixels separate from each unseen one.

    Args:
        sky: (T, H, W) bool.
        unseen: (T, H, W) bool.
        dim: Dimension to search along.
        directions: Directions to search in: True towards larger indices, False towards smaller ones.
    """
    shape = [-1 if d == dim else 1 for d in range(sky.ndim)]
    index = torch.arange(sky.shape[dim], device=sky.device).view(shape).expand_as(sky)
    source, distance = index, torch.full_like(index, NOWHERE)
    for onwards in directions:
        found = _next_sky(sky, unseen, index, dim) if onwards else _last_sky(sky, unseen, index, dim)
        apart = torch.where(unseen & (found >= 0), (index - found).abs(), NOWHERE)
        source, distance = torch.where(apart < distance, found, source), torch.minimum(apart, distance)
    return source, distance


def _last_sky(sky: Tensor, unseen: Tensor, index: Tensor, dim: int) -> Tensor:
    """Index of the last sky pixel before each pixel, or -1 where another surface lies between."""
    last = torch.where(sky, index, -1).cummax(dim).values
    other = torch.where(~sky & ~unseen, index, -1).cummax(dim).values
    return torch.where(last > other, last, -1)


def _next_sky(sky: Tensor, unseen: Tensor, index: Tensor, dim: int) -> Tensor:
    """Index of the next sky pixel after each pixel, or -1 where another surface lies between."""
    found = _last_sky(sky.flip(dim), unseen.flip(dim), index, dim).flip(dim)
    return torch.where(found >= 0, index.shape[dim] - 1 - found, -1)


def _row_means(colour: Tensor, sky: Tensor) -> Tensor:
    """Mean colour of the sky (T, H, 1, 3) in each row, or of the frame's whole sky where a row has none."""
    counts = sky.float()[..., None]
    total = (colour * counts).sum((1, 2), keepdim=True) / counts.sum((1, 2), keepdim=True).clamp(min=1)
    rows = (colour * counts).sum(2, keepdim=True) / counts.sum(2, keepdim=True).clamp(min=1)
    return torch.where(sky.any(2)[..., None, None], rows, total)
