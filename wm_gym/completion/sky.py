"""Sky that goes on: what is open above or beside known sky is sky too.

Wherever one walks, another piece of sky comes out from behind a roof or a crown. It is all one surface, so it need not
be invented, nor looked up in another place, whose towers would then hang in it. Knows nothing of networks.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from wm_gym.memory.config import CLOSEST_TO_FAR
from wm_gym.memory.hints import Hints

LEAST_RISE = 0.05
"""Sine of the angle above the horizon from which on sky goes on."""

FADES_PIXELS = 8.0
"""Distance over which the colour of the nearest known pixel fades into the mean of the sky in its row."""

SIDEWAYS_PIXELS = 8
"""How far sky goes on along its rows; up its columns it has no end."""

NOWHERE = 10_000
"""Stands for a distance beyond all pixels."""


def continue_sky(hints: Hints, rises: Tensor, far_metres: float) -> tuple[Hints, Tensor]:
    """Sky, (T, H, W), and where something that is open must be that, (T, H, W) bool.

    Args:
        hints: (T, H, W).
        rises: (T, H, W) sine of each pixel's angle above the horizon.
        far_metres: Depth that stands for sky.
    """
    sky = hints.seen & ~hints.moving & (hints.log_depth > math.log(CLOSEST_TO_FAR * far_metres))
    open_ = ~hints.seen & (rises > LEAST_RISE)
    colour, means = hints.colour.float(), _row_means(hints.colour.float(), sky)
    filled = torch.zeros_like(sky)
    for dim, ways, reach in ((1, (True,), NOWHERE - 1), (2, (True, False), SIDEWAYS_PIXELS)):
        source, distance = _nearest(sky | filled, open_ & ~filled, dim, ways)
        near = colour.gather(dim, source[..., None].expand_as(colour))
        made = means + torch.exp(-distance / FADES_PIXELS)[..., None] * (near - means)
        new = distance <= reach
        colour, filled = torch.where(new[..., None], made, colour), filled | new
    shown = replace(
        hints,
        colour=colour.round().to(torch.uint8),
        log_depth=torch.full_like(hints.log_depth, math.log(far_metres)),
        area=torch.ones_like(hints.area),
    )
    return shown, filled


def _nearest(sky: Tensor, open_: Tensor, dim: int, ways: tuple[bool, ...]) -> tuple[Tensor, Tensor]:
    """Index along a dimension of the sky that each open pixel is joined to by open ones, and how far that is.

    Args:
        sky: (T, H, W) bool.
        open_: (T, H, W) bool.
        dim: Along it.
        ways: Whether to look towards larger indices, for each way to look.
    """
    shape = [-1 if d == dim else 1 for d in range(sky.ndim)]
    index = torch.arange(sky.shape[dim], device=sky.device).view(shape).expand_as(sky)
    source, distance = index, torch.full_like(index, NOWHERE)
    for onwards in ways:
        found = _last_sky(sky, open_, index, dim) if not onwards else _next_sky(sky, open_, index, dim)
        apart = torch.where(open_ & (found >= 0), (index - found).abs(), NOWHERE)
        source, distance = torch.where(apart < distance, found, source), torch.minimum(apart, distance)
    return source, distance


def _last_sky(sky: Tensor, open_: Tensor, index: Tensor, dim: int) -> Tensor:
    """Index of the last sky before each pixel, or -1 where something else comes between."""
    last = torch.where(sky, index, -1).cummax(dim).values
    other = torch.where(~sky & ~open_, index, -1).cummax(dim).values
    return torch.where(last > other, last, -1)


def _next_sky(sky: Tensor, open_: Tensor, index: Tensor, dim: int) -> Tensor:
    """Index of the next sky after each pixel, or -1 where something else comes between."""
    found = _last_sky(sky.flip(dim), open_.flip(dim), index, dim).flip(dim)
    return torch.where(found >= 0, index.shape[dim] - 1 - found, -1)


def _row_means(colour: Tensor, sky: Tensor) -> Tensor:
    """(T, H, 1, 3) mean colour of the sky in each row, or of all of it where a row has none."""
    counts = sky.float()[..., None]
    total = (colour * counts).sum((1, 2), keepdim=True) / counts.sum((1, 2), keepdim=True).clamp(min=1)
    rows = (colour * counts).sum(2, keepdim=True) / counts.sum(2, keepdim=True).clamp(min=1)
    return torch.where(sky.any(2)[..., None, None], rows, total)
