"""Gaps in what is known, closed by what is beside them: surfaces go on as they are, and where two meet, the farther.

Where a thing is walked round, or two views leave a strip between them, a few pixels open. What is there is mostly what
is beside them, farther back; an invented patch would be a speck that memory keeps. Source: hole filling in depth-image-
based rendering, Fehn 2004 and after (from the background side). Knows nothing of networks.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.completion.inpainting import InpaintedFrame
from wm_gym.memory.hints import Hints

REACH_PIXELS = 4
"""How far beyond its last known pixel a surface goes on."""

STRAIGHT = 0.12
"""Change of inverse depth from pixel to pixel, as a fraction, up to which a surface goes on at its slant."""

STEPS = ((0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))
"""Rows and columns to the neighbours, those first from which a pixel is rather continued."""

RANKS = (1.0, 1.0, 1.01, 1.01, 1.03, 1.03, 1.03, 1.03)
"""By how much nearer each neighbour counts, so that of equally far ones the first is taken."""


def fill_holes(hints: Hints) -> InpaintedFrame:
    """What the hints (1, H, W) of a frame leave open near what they know, as that goes on."""
    known, still = hints.seen[0], hints.seen[0] & ~hints.moving[0]
    planes = torch.cat([hints.colour[0].float(), hints.log_depth[0].neg().exp()[..., None]], -1).movedim(-1, 0)
    reached = still
    for _ in range(REACH_PIXELS):
        planes, reached = _grown(planes, reached, known)
    depth = planes[3].clamp(min=1e-6).reciprocal()
    frame = planes[:3].movedim(0, -1).round().to(torch.uint8)
    return InpaintedFrame(frame, torch.where(reached & ~known, depth, 0.0))


def _grown(planes: Tensor, reached: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Planes (4, H, W: colour, inverse depth) with the open pixels beside reached ones (H, W) bool filled, and those.

    Each goes on as the farthest of its neighbours.
    """
    room = F.pad(torch.cat([planes, reached[None].float()]), (2, 2, 2, 2))
    near, beyond = (_neighbours(room, distance) for distance in (1, 2))
    change = near[:, 3] - beyond[:, 3]
    is_straight = (beyond[:, 4] > 0) & (change.abs() < STRAIGHT * near[:, 3])
    rank = near[:, 3] * near.new_tensor(RANKS)[:, None, None]
    best = torch.where(near[:, 4] > 0, rank, torch.inf).argmin(0, keepdim=True)
    made = torch.cat([near[:, :3], (near[:, 3] + torch.where(is_straight, change, 0.0))[:, None]], 1)
    made = made.gather(0, best[:, None].expand(1, 4, *best.shape[1:]))[0]
    new = ~known & ~reached & (near[:, 4] > 0).any(0)
    return torch.where(new, made, planes), reached | new


def _neighbours(room: Tensor, distance: int) -> Tensor:
    """(8, C, H, W): the pixels of padded planes (C, H + 4, W + 4) a distance of 1 or 2 away."""
    height, width = room.shape[1] - 4, room.shape[2] - 4
    corners = [(2 + distance * down, 2 + distance * across) for down, across in STEPS]
    return torch.stack([room[:, top : top + height, left : left + width] for top, left in corners])
