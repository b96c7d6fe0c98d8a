"""What one picture from a level camera tells of space: a guess of its depth, and spots of floor in it.

Knows nothing of captures or worlds.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wm_gym.geometry.cameras import rays, unproject
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose

EYE_HEIGHT_METRES = 1.6
WALL_METRES = 9.0
"""Where the guess ends: of a few distances from 4 to 20 m the one that misses the twin's places least."""

_FLOOR_TOLERANCE_METRES = 0.2
_FLOOR_REACH_METRES = 10.0


def ground_and_wall(intrinsics: Tensor, height: int, width: int) -> Tensor:
    """The depth of flat ground under a level camera, up to a wall across the view, (H, W) metres.

    It does not look at the picture: the horizon is the row of the principal point. Things that stand on the ground,
    near walls and the sky are all taken for ground or wall.

    Args:
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        height: Rows.
        width: Columns.
    """
    down = rays(intrinsics, height, width)[..., 1]
    ground = EYE_HEIGHT_METRES / down.clamp(min=1e-6)
    return ground.clamp(max=WALL_METRES).float()


def floor_spots(depth: Tensor, intrinsics: Tensor) -> Tensor:
    """One spot for each square metre of floor that a level camera at the world's origin sees nearby.

    Args:
        depth: (H, W) metres, 0 unknown.
        intrinsics: (4,) fx, fy, cx, cy in pixels.

    Returns:
        (W, 2) float32 x, y in metres; the origin alone where no floor is seen.
    """
    pose = torch.from_numpy(camera_pose(START_BODY_POSE)).float()
    points = unproject(depth.float(), intrinsics.float(), pose).flatten(0, -2)
    is_floor = (points[:, 2] + EYE_HEIGHT_METRES).abs() < _FLOOR_TOLERANCE_METRES
    near = points[:, :2].norm(dim=-1) < _FLOOR_REACH_METRES
    cells = points[is_floor & near & (depth.flatten() > 0), :2].floor().unique(dim=0)
    return cells + 0.5 if len(cells) else torch.zeros(1, 2)
