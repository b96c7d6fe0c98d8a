"""Memories rendered to hints at given poses.

On the CPU by compiled kernels, one job for each (world, pose) on a few threads; on other devices by `render_torch`.
Knows nothing of models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import torch
from torch import Tensor

from wm_gym.memory import kernels
from wm_gym.memory.config import CLOSEST_TO_FAR, MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.motion import moved
from wm_gym.memory.projection import list_on_screen
from wm_gym.memory.retrieve import View, VisiblePoints, retrieve
from wm_gym.memory.threads import run_all

SAMPLES = 2
"""Subpixels along each side of a pixel: what is aliased in hints, a video model keeps."""


def render(
    memories: Sequence[Memory],
    world_from_camera: Tensor,
    intrinsics: Tensor,
    height: int,
    width: int,
    frame_index: Sequence[int],
    appearance: Sequence[int],
    *,
    samples: int = SAMPLES,
) -> Hints:
    """N memories, of any sizes, rendered at T poses each.

    At the pose of capture every pixel is reproduced exactly. World i of N equals the world alone, bit for bit.

    Args:
        memories: N memories.
        world_from_camera: (N, T, 4, 4) float32; its device renders and holds the hints.
        intrinsics: (N, 4) float32 fx, fy, cx, cy in pixels.
        height: Rows.
        width: Columns.
        frame_index: N indices of the first of the T frames.
        appearance: N bit masks of active global events.
        samples: Subpixels along each side of a pixel. One is enough to know what is seen, and how far away.

    Returns:
        Hints (N, T, height, width).

    Raises:
        ValueError: If shapes or lengths do not fit, or a pose or the intrinsics are not finite.
    """
    if samples < 1:
        raise ValueError(f"samples must be at least 1, got {samples}")
    _check(memories, world_from_camera, intrinsics, height, width, frame_index, appearance)
    poses = world_from_camera.detach().to("cpu", torch.float64).numpy()
    lenses = intrinsics.detach().to("cpu", torch.float64).numpy()
    views = [View(poses[n], lenses[n], height, width) for n in range(len(memories))]
    visible = [retrieve(memory, view) for memory, view in zip(memories, views, strict=True)]
    clocks = [(int(frame), int(bits)) for frame, bits in zip(frame_index, appearance, strict=True)]
    configs = [memory.config for memory in memories]
    if world_from_camera.device.type != "cpu":
        from wm_gym.memory.render_torch import render_on_device

        return render_on_device(visible, views, configs, clocks, samples, world_from_camera.device)
    num_frames = world_from_camera.shape[1]
    hints = blank_hints(len(memories), num_frames, height, width, torch.device("cpu"))
    jobs = [
        (visible[n], views[n], configs[n], clocks[n], samples, t, _slices(hints, n, t))
        for n in range(len(memories))
        for t in range(num_frames)
    ]
    run_all(_render_pose, jobs)
    return hints


def blank_hints(num_worlds: int, num_frames: int, height: int, width: int, device: torch.device) -> Hints:
    """Hints (N, T, H, W) of empty memories."""
    shape = (num_worlds, num_frames, height, width)

    def blank(dtype: torch.dtype, *channels: int) -> Tensor:
        return torch.zeros(*shape, *channels, dtype=dtype, device=device)

    return Hints(
        colour=blank(torch.uint8, 3),
        log_depth=blank(torch.float32),
        seen=blank(torch.bool),
        moving=blank(torch.bool),
        age=blank(torch.int32),
        same_appearance=blank(torch.bool),
        area=blank(torch.float32),
        from_behind=blank(torch.bool),
    )


def _slices(hints: Hints, n: int, t: int) -> tuple[np.ndarray, ...]:
    """One pose's hints, in their own order, in which `kernels.reduce` fills them."""
    return tuple(getattr(hints, field.name)[n, t].numpy() for field in fields(Hints))


def _render_pose(
    visible: VisiblePoints,
    view: View,
    config: MemoryConfig,
    clock: tuple[int, int],
    samples: int,
    t: int,
    out: tuple[np.ndarray, ...],
) -> None:
    height, width, frame = samples * view.height, samples * view.width, clock[0] + t
    lens = view.camera_from_world()[t], samples * view.intrinsics, height, width
    near_and_size = config.near_metres, config.max_splat_widths * width
    limits = config.near_metres, config.surface_tolerance, config.surface_metres
    fine = (
        np.empty((height, width, 3), np.float32),
        np.full((height, width), np.inf, np.float32),
        np.zeros((height, width), np.int32),
        np.empty((height, width), np.float32),
    )
    static, moving = visible.static_and_sky, moved(visible.moving, frame)
    for points, num_finite, is_moving in ((static, visible.num_static, False), (moving, len(moving), True)):
        listed = list_on_screen(points, num_finite, *lens, *near_and_size)
        if len(listed[-1]):
            kernels.draw(*listed, points.record, is_moving, limits, fine)
    logs = math.log(config.far_metres), math.log(CLOSEST_TO_FAR * config.far_metres)
    kernels.reduce(fine, samples, static.record, moving.record, limits, logs, (frame, clock[1]), out)


def _check(
    memories: Sequence[Memory],
    world_from_camera: Tensor,
    intrinsics: Tensor,
    height: int,
    width: int,
    frame_index: Sequence[int],
    appearance: Sequence[int],
) -> None:
    num_worlds = len(memories)
    if world_from_camera.ndim != 4 or (world_from_camera.shape[0], *world_from_camera.shape[2:]) != (num_worlds, 4, 4):
        raise ValueError(
            f"world_from_camera must have shape ({num_worlds}, T, 4, 4), got {tuple(world_from_camera.shape)}"
        )
    if tuple(intrinsics.shape) != (num_worlds, 4):
        raise ValueError(f"intrinsics must have shape ({num_worlds}, 4), got {tuple(intrinsics.shape)}")
    if height < 1 or width < 1:
        raise ValueError(f"height and width must be at least 1, got {height} and {width}")
    for name, values in (("frame_index", frame_index), ("appearance", appearance)):
        if len(values) != num_worlds:
            raise ValueError(f"{name} must have one number for each of {num_worlds} worlds, got {len(values)}")
    for name, tensor in (("world_from_camera", world_from_camera), ("intrinsics", intrinsics)):
        if not np.isfinite(tensor.detach().cpu().numpy()).all():
            raise ValueError(f"{name} must be finite, got NaN or infinity")
