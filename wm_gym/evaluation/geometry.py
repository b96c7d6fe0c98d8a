"""Self-consistency of depth: surfaces of one frame rendered at the pose of a later one.

Knows nothing of the truth. Occlusions and gaps between points make even true depth disagree with itself, so read these
figures beside the twin's own.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wm_gym.evaluation.trajectories import Trajectory
from wm_gym.geometry.cameras import project, unproject
from wm_gym.geometry.poses import inverse, transform

NEAR_SHARE = 0.9
"""Share of the far plane beyond which depth counts as sky."""
NEAREST_METRES = 1e-3


def depth_self_errors(trajectory: Trajectory, frames: Tensor) -> Tensor:
    """Relative disagreement of some frames' depth with what the frame before each of them shows.

    Still surfaces of one frame are rendered at the pose of the next; z is what is rendered, d the depth there.

    Args:
        trajectory: Trajectory of one world.
        frames: (P + 1,) int64, rising indices; each but the first is compared with the one before it.

    Returns:
        (P, H, W) |z - d| / d, NaN where nothing is rendered, or d is unknown or of something that moves.
    """
    before, after = frames[:-1], frames[1:]
    shown = (trajectory.depth[before] < NEAR_SHARE * trajectory.spec.far_metres) & ~trajectory.moving[before]
    poses, depth = trajectory.world_from_camera, trajectory.depth[after]
    usable = torch.where(shown, trajectory.depth[before], 0.0)
    rendered = render_depth(usable, trajectory.intrinsics, poses[before], poses[after])
    compared = (rendered > 0) & (depth > 0) & ~trajectory.moving[after]
    return torch.where(compared, (rendered - depth).abs() / depth, torch.nan)


def render_depth(depth: Tensor, intrinsics: Tensor, world_from_camera: Tensor, world_from_viewer: Tensor) -> Tensor:
    """Depth maps seen from elsewhere: each pixel a point, in its nearest pixel; the nearest point wins.

    Args:
        depth: (P, H, W) metres, 0 unknown.
        intrinsics: (4,), of both cameras.
        world_from_camera: (P, 4, 4), where the depth was taken.
        world_from_viewer: (P, 4, 4).

    Returns:
        (P, H, W) metres, 0 where no point falls.
    """
    count, height, width = depth.shape
    points = unproject(depth, intrinsics.expand(count, 4), world_from_camera).flatten(1, 2)
    p_viewer = transform(inverse(world_from_viewer), points)
    ahead = (depth.flatten(1) > 0) & (p_viewer[..., 2] > NEAREST_METRES)
    pixels, z = project(torch.where(ahead[..., None], p_viewer, torch.ones(3)), intrinsics)
    column, row = pixels.floor().long().unbind(-1)
    inside = ahead & (row >= 0) & (row < height) & (column >= 0) & (column < width)
    image = torch.arange(count)[:, None].expand_as(row)
    cells = ((image * height + row) * width + column)[inside]
    nearest = torch.full((count * height * width,), torch.inf).scatter_reduce(0, cells, z[inside], "amin")
    return torch.where(nearest.isinf(), 0.0, nearest).view(count, height, width)
