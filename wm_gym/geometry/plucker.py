"""Plücker ray maps: for every pixel, the line it sees, as six numbers in the world frame.

Knows nothing of the models that read them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wm_gym.geometry.cameras import rays
from wm_gym.geometry.shapes import require_trailing


def plucker_rays(intrinsics: Tensor, world_from_camera: Tensor, height: int, width: int) -> Tensor:
    """The line through every pixel centre: its moment, then its unit direction.

    The moment is position x direction for any position on the line, so it does not depend on which.

    Args:
        intrinsics: (..., 4).
        world_from_camera: (..., 4, 4).
        height: Rows.
        width: Columns.

    Returns:
        (..., H, W, 6), world frame; moments in metres.

    Raises:
        ValueError: If the shapes are not these.
    """
    require_trailing("world_from_camera", world_from_camera, (4, 4))
    directions = rays(intrinsics, height, width) @ world_from_camera[..., None, :3, :3].transpose(-1, -2)
    directions = directions / directions.norm(dim=-1, keepdim=True)
    origin = world_from_camera[..., None, None, :3, 3].expand_as(directions)
    return torch.cat([torch.linalg.cross(origin, directions, dim=-1), directions], dim=-1)
