"""Pixels of a trajectory that show a surface that its opening showed, by true depth.

Knows nothing of any memory: a point is known if it lies on a surface that a keyframe shows.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wm_gym.evaluation.trajectories import Trajectory
from wm_gym.geometry.cameras import project, unproject
from wm_gym.geometry.poses import inverse, transform
from wm_gym.world_model import Capture

SKY_SHARE = 0.99  # of the far value: from here on it is sky
SKY_METRES = 1e5  # sky is known by its direction, so its points lie beyond all parallax
TOLERANCE = 0.1  # of depth


def known_pixels(truth: Trajectory, capture: Capture) -> Tensor:
    """Pixels of a true trajectory that are still and show what a keyframe showed, (T, H, W) bool.

    Args:
        truth: With true depth and moving masks, in the capture's world frame.
        capture: Keyframes of the opening, with true depth.
    """
    far_metres = truth.spec.far_metres
    still = (truth.depth > 0) & ~truth.moving
    points = unproject(_without_end(truth.depth, far_metres), truth.intrinsics, truth.world_from_camera)[still]
    shown = torch.zeros(len(points), dtype=torch.bool)
    usable = torch.where(capture.moving, 0.0, _without_end(capture.depth, far_metres))
    for depth, pose in zip(usable, capture.world_from_camera, strict=True):
        rest = torch.nonzero(~shown)[:, 0]
        shown[rest] = _lies_on(points[rest], depth, pose, capture.intrinsics)
    known = torch.zeros_like(still)
    known[still] = shown
    return known


def _lies_on(points: Tensor, depth: Tensor, pose: Tensor, intrinsics: Tensor) -> Tensor:
    """Whether points (P, 3) lie on the surfaces that one keyframe (H, W) shows."""
    p_camera = transform(inverse(pose), points)
    ahead = p_camera[:, 2] > 1e-3
    pixels, z = project(torch.where(ahead[:, None], p_camera, torch.ones(3)), intrinsics)
    column, row = pixels.floor().long().unbind(-1)
    height, width = depth.shape
    inside = ahead & (row >= 0) & (row < height) & (column >= 0) & (column < width)
    seen = depth[row.clamp(0, height - 1), column.clamp(0, width - 1)]
    return inside & ((z - seen).abs() < TOLERANCE * seen)


def _without_end(depth: Tensor, far_metres: float) -> Tensor:
    return torch.where(depth >= SKY_SHARE * far_metres, SKY_METRES, depth)
