"""How the camera and the keys steer the model: Plücker rays for each token, a motion vector for each latent frame.

Rays are expressed in the frame of one camera, the origin, and motion from frame to frame. So the model never sees where
a world lies.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wm_gym.backends.video.steering_kernels import steer_all
from wm_gym.geometry.plucker import plucker_rays
from wm_gym.geometry.poses import compose, inverse, log

NUM_KEYS = 8

NEAR_METRES = 10.0
"""Distance up to which a compressed translation is about as long as it is."""


def steer(
    path: Tensor,
    origin: Tensor,
    intrinsics: Tensor,
    keys: Tensor,
    *,
    length: int,
    grid: tuple[int, int],
    patch: int,
    compress: bool = False,
) -> tuple[Tensor, Tensor]:
    """Camera and action of the L latent frames of a chunk, of T frames each.

    Args:
        path: (N, 1 + L * T, 4, 4) world_from_camera of the frame before the chunk, then of its frames.
        origin: (N, 4, 4) world_from_camera of the camera in whose frame rays are expressed.
        intrinsics: (N, 4) fx, fy, cx, cy in pixels.
        keys: (N, L * T, 8) bool.
        length: L.
        grid: Rows and columns of tokens.
        patch: Pixels along a token's side.
        compress: Whether distances from the origin are compressed, as they must be where it may be far away.

    Returns:
        The rays of each token's middle in each frame, moment and direction, (N, L, S, T * 6) float32; and the twists
        from frame to frame, scaled to about one, and the keys, (N, L, T * 6 + 8) float32.
    """
    origin_from_camera = compose(inverse(origin)[:, None], path[:, 1:])
    if compress:
        origin_from_camera = compressed(origin_from_camera)
    token_intrinsics = (intrinsics / patch)[:, None].expand(-1, path.shape[1] - 1, -1)
    rays = plucker_rays(token_intrinsics, origin_from_camera, *grid).unflatten(1, (length, -1))
    # (N, L, T, rows, columns, 6) -> (N, L, S, T * 6)
    camera = rays.permute(0, 1, 3, 4, 2, 5).flatten(4).flatten(2, 3)
    twists = log(compose(inverse(path[:, :-1]), path[:, 1:])) * 10.0
    pressed = keys.float().unflatten(1, (length, -1)).mean(2)
    return camera, torch.cat([twists.unflatten(1, (length, -1)).flatten(2), pressed], 2)


def steer_on_cpu(
    path: Tensor,
    origin: Tensor,
    intrinsics: Tensor,
    keys: Tensor,
    *,
    length: int,
    grid: tuple[int, int],
    patch: int,
    compress: bool,
) -> tuple[Tensor, Tensor]:
    """As `steer`, by a compiled kernel, without gradients."""
    num_frames = keys.shape[1] // length
    camera = torch.empty(len(path), length, grid[0] * grid[1], 6 * num_frames)
    action = torch.empty(len(path), length, action_dim(num_frames))
    at, before, lens, pressed = (t.contiguous().numpy() for t in (path, origin, intrinsics, keys))
    steer_all(at, before, lens, pressed, grid, patch, NEAR_METRES if compress else 0.0, camera.numpy(), action.numpy())
    return camera, action


def compressed(poses: Tensor) -> Tensor:
    """Poses (..., 4, 4) whose translations keep their direction and grow with the logarithm of their length.

    A metre becomes 0.95 metres and a kilometre 46, so that far walks stay in the range of what was learned; the map can
    be undone, so nothing is lost. Source: symlog of Hafner et al. 2023 (DreamerV3), of the
    length instead of each coordinate, which keeps directions.
    """
    translation = poses[..., :3, 3]
    far = translation.norm(dim=-1, keepdim=True) / NEAR_METRES
    shrunk = translation * torch.where(far > 1e-6, torch.log1p(far) / far.clamp(min=1e-6), 1.0)
    return torch.cat([torch.cat([poses[..., :3, :3], shrunk[..., None]], -1), poses[..., 3:, :]], -2)


def action_dim(num_frames: int) -> int:
    """Length of the action vector of a latent frame of `num_frames` frames."""
    return 6 * num_frames + NUM_KEYS
