"""Thin holes (disocclusions) in the hints, filled by extending the surfaces beside them, the background first.

Where the camera moves round an object, or two keyframes leave a strip between them, holes of a few pixels open. They
mostly show the background beside them; an inpainted patch there would be a floater that memory keeps. Source: hole
filling in depth-image-based rendering, Fehn 2004 and later (from the background side). Knows nothing of networks.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.completion.inpainting import InpaintedFrame
from wm_gym.memory.hints import Hints

REACH_PIXELS = 4
"""Number of pixels by which a seen surface is extended into a hole."""

STRAIGHT = 0.12
"""Largest relative change of inverse depth from pixel to pixel at which a surface is extended along its slant; beyond
it, the surface is extended at constant depth."""

STEPS = ((0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))
"""Row and column steps to the eight neighbours, in order of preference."""

RANKS = (1.0, 1.0, 1.01, 1.01, 1.03, 1.03, 1.03, 1.03)
"""Factor on the inverse depth of each neighbour in the choice of the farthest, so that ties go to the first."""


def fill_holes(hints: Hints) -> InpaintedFrame:
    """The unseen pixels within `REACH_PIXELS` of a static surface, filled from it.

    Args:
        hints: (1, H, W), one frame.
    """
    seen, still = hints.seen[0], hints.seen[0] & ~hints.moving[0]
    channels = torch.cat([hints.colour[0].float(), hints.log_depth[0].neg().exp()[..., None]], -1).movedim(-1, 0)
    filled = still
    for _ in range(REACH_PIXELS):
        channels, filled = _grown(channels, filled, seen)
    depth = channels[3].clamp(min=1e-6).reciprocal()
    frame = channels[:3].movedim(0, -1).round().to(torch.uint8)
    return InpaintedFrame(frame, torch.where(filled & ~seen, depth, 0.0))


def _grown(channels: Tensor, filled: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Colour and inverse depth (4, H, W) and the filled pixels (H, W) bool, both extended by one pixel into the holes.

    Each new pixel is extended from its farthest filled neighbour.
    """
    padded = F.pad(torch.cat([channels, filled[None].float()]), (2, 2, 2, 2))
    near, beyond = (_neighbours(padded, distance) for distance in (1, 2))
    change = near[:, 3] - beyond[:, 3]
    is_straight = (beyond[:, 4] > 0) & (change.abs() < STRAIGHT * near[:, 3])
    rank = near[:, 3] * near.new_tensor(RANKS)[:, None, None]
    best = torch.where(near[:, 4] > 0, rank, torch.inf).argmin(0, keepdim=True)
    made = torch.cat([near[:, :3], (near[:, 3] + torch.where(is_straight, change, 0.0))[:, None]], 1)
    made = made.gather(0, best[:, None].expand(1, 4, *best.shape[1:]))[0]
    new = ~seen & ~filled & (near[:, 4] > 0).any(0)
    return torch.where(new, made, channels), filled | new


def _neighbours(padded: Tensor, distance: int) -> Tensor:
    """(8, C, H, W): the pixels 1 or 2 steps away, of an image padded to (C, H + 4, W + 4)."""
    height, width = padded.shape[1] - 4, padded.shape[2] - 4
    corners = [(2 + distance * down, 2 + distance * across) for down, across in STEPS]
    return torch.stack([padded[:, top : top + height, left : left + width] for top, left in corners])
