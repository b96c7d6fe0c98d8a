"""Memories built from posed keyframes. Knows nothing of models."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.memory import Memory
from wm_gym.memory.render import render
from wm_gym.memory.write import write

NEAR_FIRST_METRES = (2.5, 5.0, 10.0, float("inf"))
"""Far limits of the passes in which keyframes are integrated, near surfaces first."""


def build_memory(
    frames: Tensor,
    depth: Tensor,
    world_from_camera: Tensor,
    intrinsics: Tensor,
    config: MemoryConfig,
) -> Memory:
    """The memory of K keyframes of a static scene.

    Near surfaces of all keyframes are integrated first, farther ones in later passes: of a surface that several
    keyframes show, memory then keeps the finest view, the nearest one.

    Args:
        frames: (K, H, W, 3) uint8.
        depth: (K, H, W) float32 metres; 0 is unknown.
        world_from_camera: (K, 4, 4) float32.
        intrinsics: (4,) float32 fx, fy, cx, cy in pixels.
        config: Bounds and tolerances of the memory.
    """
    memory, still, before = Memory.empty(config), torch.zeros_like(depth, dtype=torch.bool), 0.0
    for far_metres in NEAR_FIRST_METRES:
        near = torch.where(depth <= far_metres, depth, 0.0)
        has_more = (near > before).flatten(1).any(1)
        before = far_metres
        for k in has_more.nonzero().flatten().tolist():
            row = slice(k, k + 1)
            memory = integrate_frames(memory, frames[row], near[row], still[row], world_from_camera[row], intrinsics, 0)
    return memory


@cache
def load_kernels() -> None:
    """Load what memories are written and rendered with, which takes half a second of the first call otherwise."""
    frames, depth = torch.zeros(1, 40, 40, 3, dtype=torch.uint8), torch.ones(1, 40, 40)
    depth[:, 0] = 2 * FAR_METRES
    still, lens = torch.zeros(1, 40, 40, dtype=torch.bool), torch.tensor([40.0, 40.0, 20.0, 20.0])
    memory = Memory.empty()
    for _ in range(2):
        memory = integrate_frames(memory, frames, depth, still, torch.eye(4)[None], lens, 0)


def integrate_frames(
    memory: Memory,
    frames: Tensor,
    depth: Tensor,
    moving: Tensor,
    world_from_camera: Tensor,
    intrinsics: Tensor,
    frame_index: int,
) -> Memory:
    """The memory after T frames of one world without active global events; arguments as in `write`."""
    height, width = frames.shape[1:3]
    poses, lens = world_from_camera[None], intrinsics[None]
    hints = render([memory], poses, lens, height, width, [frame_index], [0], samples=1).of_world(0)
    return write(
        memory, frames, depth, moving, world_from_camera, intrinsics, hints, frame_index=frame_index, appearance=0
    )
