"""How the camera and the keys steer the model: Plücker rays for every token, and a motion vector for every chunk.

Everything is relative to the camera of the frame before the chunk, so the model never sees absolute places.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wm_gym.geometry.plucker import plucker_rays
from wm_gym.geometry.poses import compose, inverse, log

NUM_KEYS = 8


def camera_tokens(poses: Tensor, before: Tensor, intrinsics: Tensor, grid: tuple[int, int], patch: int) -> Tensor:
    """The rays of each token's middle in each frame of a chunk.

    Args:
        poses: (N, T, 4, 4) world_from_camera of the chunk.
        before: (N, 4, 4) world_from_camera of the frame before it.
        intrinsics: (N, 4) fx, fy, cx, cy in pixels.
        grid: Rows and columns of tokens.
        patch: Pixels along a token's side.

    Returns:
        (N, S, T * 6) float32: moment and direction of each frame's ray, in the frame of `before`.
    """
    before_from_camera = compose(inverse(before)[:, None], poses)
    coarse = (intrinsics / patch)[:, None].expand(-1, poses.shape[1], -1)
    rays = plucker_rays(coarse, before_from_camera, *grid)
    return rays.permute(0, 2, 3, 1, 4).flatten(3).flatten(1, 2)


def motion_vector(poses: Tensor, before: Tensor, keys: Tensor) -> Tensor:
    """Twists from frame to frame, scaled to about one, and the keys: (N, T * 6 + 8) float32.

    Args:
        poses: (N, T, 4, 4) world_from_camera of the chunk.
        before: (N, 4, 4) world_from_camera of the frame before it.
        keys: (N, T, 8) bool.
    """
    path = torch.cat([before[:, None], poses], 1)
    twists = log(compose(inverse(path[:, :-1]), path[:, 1:])) * 10.0
    return torch.cat([twists.flatten(1), keys.float().mean(1)], 1)


def action_dim(num_frames: int) -> int:
    """Length of a motion vector."""
    return 6 * num_frames + NUM_KEYS
