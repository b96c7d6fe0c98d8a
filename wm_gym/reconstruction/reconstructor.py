"""What a model does not give of its frames: depth and what moves. One interface, and the plainest that fills it.

Source: TeleWorld, section 3.3 (reconstruction closes the loop). Knows nothing of models or tasks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import torch
from torch import Tensor

from wm_gym.geometry.cameras import rays
from wm_gym.memory.hints import Hints
from wm_gym.world_model import Chunk


class Reconstructor(Protocol):
    """Depth and moving masks of frames, in metres of the world."""

    def reconstruct(self, chunk: Chunk, hints: Hints, intrinsics: Tensor, far_metres: float) -> Chunk:
        """The chunk with depth and moving masks; what the model gave stays.

        Args:
            chunk: N worlds, T frames, with poses.
            hints: (N, T, H, W), what memory shows at the poses.
            intrinsics: (N, 4) fx, fy, cx, cy in pixels.
            far_metres: Depth that stands for the sky.
        """
        ...


class PlainReconstructor:
    """Memory's depth where memory shows something; elsewhere flat ground, and sky above the horizon.

    It does not look at the frames: things that stand on the ground are taken for it until something better looks.
    """

    def __init__(self, ground_metres: float = -1.6) -> None:
        """Expect the ground at a height (z) of the world frame, whose origin is the camera that the world opened at."""
        self.ground_metres = ground_metres

    def reconstruct(self, chunk: Chunk, hints: Hints, intrinsics: Tensor, far_metres: float) -> Chunk:
        """As `Reconstructor.reconstruct` says."""
        depth, moving = chunk.depth, chunk.moving
        if depth is None:
            assert chunk.world_from_camera is not None
            size = chunk.frames.shape[2], chunk.frames.shape[3]
            ground = ground_depth(chunk.world_from_camera, intrinsics, size, self.ground_metres, far_metres)
            depth = torch.where(hints.seen, hints.log_depth.exp(), ground)
        if moving is None:
            moving = hints.seen & hints.moving
        return replace(chunk, depth=depth, moving=moving)


def ground_depth(
    world_from_camera: Tensor, intrinsics: Tensor, size: tuple[int, int], ground_metres: float, far_metres: float
) -> Tensor:
    """Planar z of flat ground, (N, T, H, W) float32 metres; the far value where a ray meets none before.

    Args:
        world_from_camera: (N, T, 4, 4).
        intrinsics: (N, 4) fx, fy, cx, cy in pixels.
        size: Rows and columns.
        ground_metres: Height of the ground in the world frame.
        far_metres: Depth that stands for the sky.
    """
    lens = torch.stack([rays(one, *size) for one in intrinsics.cpu()]).to(world_from_camera)  # (N, H, W, 3), z = 1
    rise = torch.einsum("ntk,nhwk->nthw", world_from_camera[..., 2, :3], lens)
    drop = ground_metres - world_from_camera[..., 2, 3, None, None]
    depth = torch.where(rise < 0, drop / rise.clamp(max=-1e-6), far_metres)
    return torch.where(depth > 0, depth, far_metres).clamp(max=far_metres).float()
