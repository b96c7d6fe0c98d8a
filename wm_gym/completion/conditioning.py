"""The inpainter's conditioning input: the hints of one frame as image channels, and the elevation of each pixel's ray.

Values lie in -1..1. Knows nothing of networks.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from wm_gym.geometry.depth_scale import scale_log_depth
from wm_gym.memory.hints import Hints

CONDITIONING_CHANNELS = 9
"""Red, green, blue, log-depth, seen, moving, same appearance, coarseness, elevation of the ray."""

SEEN, MOVING, SAME, COARSE, ELEVATION = range(4, CONDITIONING_CHANNELS)

COARSEST_AREA = 64.0
"""Area of a splat, in square pixels, from which on its coarseness is 1."""


def coarseness(area: float) -> float:
    """Coarseness of a splat that covers `area` square pixels: 0 at one pixel, 1 at `COARSEST_AREA`."""
    return min(max(math.log2(area) / math.log2(COARSEST_AREA), 0.0), 1.0)


def scale_depth(depth: Tensor, near_metres: float, far_metres: float) -> Tensor:
    """Depth (...) in metres to log-depth in -1..1; depths outside the near and far values are clamped to them."""
    return scale_log_depth(depth.clamp(near_metres, far_metres).log(), near_metres, far_metres)


def surface_planes(frames: Tensor, depth: Tensor, near_metres: float, far_metres: float) -> Tensor:
    """Surface images (N, 4, H, W) in -1..1 of frames (N, H, W, 3) uint8 and depth (N, H, W) metres."""
    colour = frames.movedim(-1, 1).float() / 127.5 - 1
    return torch.cat([colour, scale_depth(depth.float(), near_metres, far_metres)[:, None]], 1)


def conditioning_planes(hints: Hints, up: Tensor, intrinsics: Tensor, near_metres: float, far_metres: float) -> Tensor:
    """The conditioning input, (N, CONDITIONING_CHANNELS, H, W) float32 in -1..1.

    All channels but the elevation are 0 where nothing is seen.

    Args:
        hints: (N, H, W), one frame of each world.
        up: (N, 3) the world's z axis in the camera frame.
        intrinsics: (N, 4) fx, fy, cx, cy in pixels.
        near_metres: Depth that is scaled to -1; nearer surfaces are too.
        far_metres: Depth that is scaled to 1 and stands for the sky.
    """
    seen = hints.seen.float()
    surface = surface_planes(hints.colour, hints.log_depth.exp(), near_metres, far_metres)
    coarse = (hints.area.clamp(min=1.0).log2() / math.log2(COARSEST_AREA)).clamp(max=1.0)  # `coarseness`
    flags = torch.stack([seen, _sign(hints.moving), _sign(hints.same_appearance), coarse], 1)
    rendered = torch.cat([surface, flags], 1) * seen[:, None]
    return torch.cat([rendered, elevation(up, intrinsics, *hints.seen.shape[1:])[:, None]], 1)


def elevation(up: Tensor, intrinsics: Tensor, height: int, width: int) -> Tensor:
    """(N, H, W) sine of the angle between each pixel's ray and the horizon, positive upwards.

    Args:
        up: (N, 3) the world's z axis in the camera frame.
        intrinsics: (N, 4) fx, fy, cx, cy in pixels.
        height: Rows.
        width: Columns.
    """
    fx, fy, cx, cy = (number[:, None, None] for number in intrinsics.float().unbind(-1))
    x = (torch.arange(width, device=up.device) + 0.5 - cx) / fx
    y = (torch.arange(height, device=up.device)[:, None] + 0.5 - cy) / fy
    up_x, up_y, up_z = (number[:, None, None] for number in up.float().unbind(-1))
    return (x * up_x + y * up_y + up_z) / (x.square() + y.square() + 1).sqrt()


def _sign(mask: Tensor) -> Tensor:
    return mask.float() * 2 - 1
