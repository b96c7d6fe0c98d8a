"""Hints of one frame alone: the last one, turned into the views that follow.

A camera that turns moves every pixel by a homography that no depth enters, so this hint holds what a network without
any memory could know. What it misses, parallax and all that comes into view, is left to be generated.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.backends.video.codec import FRAME_CHANNELS, SpaceToDepthCodec
from wm_gym.geometry.cameras import rays

_SKY = 0.999
"""Scaled depth from which on it is the sky, which is as far from every side."""


def turned_hints(
    planes: Tensor, world_from_camera: Tensor, targets: Tensor, intrinsics: Tensor, packing: SpaceToDepthCodec
) -> Tensor:
    """Hints of T frames from the frame before them.

    Args:
        planes: (B, 5, H, W) of the frame, in -1..1.
        world_from_camera: (B, 4, 4) of that frame.
        targets: (B, T, 4, 4) world_from_camera of the frames to come.
        intrinsics: (B, 4) fx, fy, cx, cy in pixels.
        packing: Scale of depth.

    Returns:
        (B, T, 8, H, W) planes of hints; 0 where the frame shows nothing. Their age is 0.
    """
    count, length, (height, width) = len(planes), targets.shape[1], planes.shape[-2:]
    before_from_target = world_from_camera[:, None, :3, :3].mT @ targets[:, :, :3, :3]
    seen_from = rays(intrinsics, height, width)[:, None] @ before_from_target[:, :, None].mT  # (B, T, H, W, 3)
    along = seen_from[..., 2:].clamp(min=1e-3)
    focal, middle = (part[:, None, None, None] for part in (intrinsics[:, :2], intrinsics[:, 2:]))
    size = torch.tensor([width, height], device=planes.device)
    grid = (seen_from[..., :2] / along * focal + middle) / size * 2 - 1
    seen = (grid.abs() <= 1).all(-1) & (seen_from[..., 2] > 1e-3)
    source = planes[:, None].expand(count, length, *planes.shape[1:]).flatten(0, 1)
    looked = F.grid_sample(source, grid.clamp(-2, 2).flatten(0, 1), padding_mode="border", align_corners=False)
    return _as_hints(looked.unflatten(0, (count, length)), along[..., 0], seen, packing)


def _as_hints(looked: Tensor, along: Tensor, seen: Tensor, packing: SpaceToDepthCodec) -> Tensor:
    """Planes (B, T, 5, H, W) as they were seen, as hints: what lies `along` the old axis is nearer on the new one."""
    octaves = math.log(packing.far_metres / packing.near_metres)
    is_sky = looked[:, :, 3] > _SKY
    depth = torch.where(is_sky, looked[:, :, 3], (looked[:, :, 3] - 2 * along.log() / octaves).clamp(-1, 1))
    moving = torch.where(looked[:, :, FRAME_CHANNELS - 1] > 0, 1.0, -1.0)
    one = torch.ones_like(depth)
    channels = [*looked[:, :, :3].unbind(2), depth, one, moving, torch.zeros_like(one), one]
    return torch.stack(channels, 2) * seen[:, :, None]
