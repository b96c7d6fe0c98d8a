"""Geometry of one picture from a level camera: a depth prior, and positions on the floor.

Knows nothing of captures or worlds.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wm_gym.geometry.cameras import rays, unproject
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose

EYE_HEIGHT_METRES = 1.6
WALL_METRES = 9.0
"""Distance of the prior's wall: of several from 4 to 20 m the one with the least depth error in the twin's places."""

_FLOOR_TOLERANCE_METRES = 0.2
_FLOOR_RADIUS_METRES = 10.0


def ground_and_wall(intrinsics: Tensor, height: int, width: int) -> Tensor:
    """Depth prior of a level camera: flat ground up to a wall across the view, (H, W) float32 metres.

    The picture itself is not read: the horizon is the row of the principal point. Objects on the ground, nearer walls
    and the sky all get the depth of ground or wall.

    Args:
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        height: Rows.
        width: Columns.
    """
    return flat_ground(intrinsics, height, width).clamp(max=WALL_METRES)


def flat_ground(intrinsics: Tensor, height: int, width: int) -> Tensor:
    """Depth of flat ground without end before a level camera, (H, W) float32 metres; the far value above the horizon.

    Args:
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        height: Rows.
        width: Columns.
    """
    down = rays(intrinsics, height, width)[..., 1]
    return (EYE_HEIGHT_METRES / down.clamp(min=1e-6)).clamp(max=FAR_METRES).float()


def floor_positions(depth: Tensor, intrinsics: Tensor, world_from_camera: Tensor | None = None) -> Tensor:
    """One position for each square metre of floor within 10 m that cameras at the world's origin see.

    Args:
        depth: (..., H, W) metres, 0 unknown.
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        world_from_camera: (..., 4, 4); None for level ones that look ahead.

    Returns:
        (P, 2) float32 x, y in metres; the origin alone where no floor is seen.
    """
    level = torch.from_numpy(camera_pose(START_BODY_POSE)).float()
    pose = level if world_from_camera is None else world_from_camera
    points = unproject(depth.float(), intrinsics.float(), pose).flatten(0, -2)
    is_floor = (points[:, 2] + EYE_HEIGHT_METRES).abs() < _FLOOR_TOLERANCE_METRES
    near = points[:, :2].norm(dim=-1) < _FLOOR_RADIUS_METRES
    cells = points[is_floor & near & (depth.flatten() > 0), :2].floor().unique(dim=0)
    return cells + 0.5 if len(cells) else torch.zeros(1, 2)
