"""Pinhole cameras: pixels, rays and depth.

Camera frame OpenCV: x right, y down, z forward. Intrinsics are (..., 4) fx, fy, cx, cy in pixels. Pixel centres lie
at +0.5, so row 0, column 0 is seen at pixel (0.5, 0.5) and the image spans 0..width, 0..height. Depth is planar z in
metres. Knows nothing of worlds or memory.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from wm_gym.geometry.poses import transform
from wm_gym.geometry.shapes import require_trailing


def intrinsics_from_fov(fov_degrees: float, height: int, width: int) -> Tensor:
    """Intrinsics of square pixels with the optical axis at the middle of the image, (4,) float32.

    Args:
        fov_degrees: Horizontal field of view, more than 0 and less than 180.
        height: Rows.
        width: Columns.

    Raises:
        ValueError: If the field of view or the size is out of range.
    """
    if not 0.0 < fov_degrees < 180.0:
        raise ValueError(f"fov_degrees must lie between 0 and 180, got {fov_degrees}")
    _check_size(height, width)
    focal = 0.5 * width / math.tan(math.radians(fov_degrees) / 2)
    return torch.tensor([focal, focal, width / 2, height / 2], dtype=torch.float32)


def project(p_camera: Tensor, intrinsics: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels and depth of points in front of a camera.

    Args:
        p_camera: (..., 3), camera frame, metres.
        intrinsics: (..., 4) that broadcasts with the points: (N, 1, 4) for (N, P, 3).

    Returns:
        Pixels (..., 2) x, y, and depth (...). Where depth is not positive the point is not in front of the camera
        and its pixel means nothing.

    Raises:
        ValueError: If the last axes are not 3 and 4.
    """
    require_trailing("p_camera", p_camera, (3,))
    require_trailing("intrinsics", intrinsics, (4,))
    depth = p_camera[..., 2]
    pixels = intrinsics[..., :2] * (p_camera[..., :2] / depth[..., None]) + intrinsics[..., 2:]
    return pixels, depth


def rays(intrinsics: Tensor, height: int, width: int) -> Tensor:
    """Directions through every pixel centre, scaled to z = 1, so that depth times ray is the point.

    Args:
        intrinsics: (..., 4).
        height: Rows.
        width: Columns.

    Returns:
        (..., H, W, 3), camera frame.

    Raises:
        ValueError: If the last axis is not 4 or the size is below 1.
    """
    require_trailing("intrinsics", intrinsics, (4,))
    _check_size(height, width)
    fx, fy, cx, cy = intrinsics[..., None, None, :].unbind(-1)
    columns = torch.arange(width, dtype=intrinsics.dtype, device=intrinsics.device) + 0.5
    rows = torch.arange(height, dtype=intrinsics.dtype, device=intrinsics.device)[:, None] + 0.5
    x, y = torch.broadcast_tensors((columns - cx) / fx, (rows - cy) / fy)
    return torch.stack([x, y, torch.ones_like(x)], dim=-1)


def unproject(depth: Tensor, intrinsics: Tensor, world_from_camera: Tensor) -> Tensor:
    """World points of depth maps.

    Args:
        depth: (..., H, W), metres. Zero (unknown) gives the camera's own position.
        intrinsics: (..., 4).
        world_from_camera: (..., 4, 4).

    Returns:
        (..., H, W, 3), world frame, metres.

    Raises:
        ValueError: If the shapes are not these.
    """
    if depth.ndim < 2:
        raise ValueError(f"depth must have shape (..., H, W), got {tuple(depth.shape)}")
    height, width = depth.shape[-2:]
    p_camera = rays(intrinsics, height, width) * depth[..., None]
    return transform(world_from_camera, p_camera.flatten(-3, -2)).unflatten(-2, (height, width))


def resize_intrinsics(intrinsics: Tensor, scale_y: float, scale_x: float) -> Tensor:
    """Intrinsics of the same camera after its image is scaled, (..., 4).

    Args:
        intrinsics: (..., 4).
        scale_y: New height over old height.
        scale_x: New width over old width.

    Raises:
        ValueError: If the last axis is not 4 or a scale is not positive.
    """
    require_trailing("intrinsics", intrinsics, (4,))
    if scale_y <= 0 or scale_x <= 0:
        raise ValueError(f"scale_y and scale_x must be positive, got {scale_y} and {scale_x}")
    return intrinsics * intrinsics.new_tensor([scale_x, scale_y, scale_x, scale_y])


def _check_size(height: int, width: int) -> None:
    if height < 1 or width < 1:
        raise ValueError(f"height and width must be at least 1, got {height} and {width}")
