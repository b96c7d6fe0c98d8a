"""Writing frames to memory: new surfaces only, and free-space carving of points that a frame sees through.

The policy was measured on a tiny model in closed loop: writing only new pixels and keeping the old points is worth
2.5 dB after 32 chunks over rewriting everything. Knows nothing of models.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from wm_gym.memory import kernels, projection, write_kernels
from wm_gym.memory.blocks import Points, Row
from wm_gym.memory.config import CLOSEST_TO_FAR, MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.motion import TrackedObject, moved, objects_in, track
from wm_gym.memory.retrieve import View, rows_in_view
from wm_gym.memory.table import Rows, add, bound, compacted, with_alive
from wm_gym.memory.threads import run_all


@dataclass(frozen=True)
class PosedFrames:
    """T frames of one world, as arrays.

    Attributes:
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float32 metres.
        moving: (T, H, W) bool.
        view: The poses of the T frames.
        frame_index: Index of the first frame.
        appearance: Active global events as bits.
    """

    frames: np.ndarray
    depth: np.ndarray
    moving: np.ndarray
    view: View
    frame_index: int
    appearance: int


@dataclass
class PendingWrite:
    """The points that one write adds, while it goes through the frames.

    Attributes:
        static: New static points.
        sky: New sky points.
        moving: All moving points, old and new.
        detections: The objects in memory, then those of each frame.
    """

    static: Points
    sky: Points
    moving: Points
    detections: list[list[TrackedObject]]


def write(
    memory: Memory,
    frames: Tensor,
    depth: Tensor,
    moving: Tensor,
    world_from_camera: Tensor,
    intrinsics: Tensor,
    hints: Hints | None,
    frame_index: int,
    appearance: int,
    replaced: Tensor | None = None,
) -> Memory:
    """The memory after T frames of one world; the old one is unchanged.

    Static surfaces and sky are written where neither the hints nor earlier frames of this call show them: at unseen
    pixels, in front of the shown surface (which stays), and behind a surface that is seen through. Static points that a
    frame sees through are carved away. Moving objects are kept as last detected: their points in view, at extrapolated
    positions, are replaced by those of the frame unless they are occluded. Unknown depth writes and carves nothing.

    Args:
        memory: The memory before.
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float32 planar z in metres; 0 is unknown, the far value or more is sky.
        moving: (T, H, W) bool.
        world_from_camera: (T, 4, 4) float32.
        intrinsics: (4,) float32 fx, fy, cx, cy in pixels.
        hints: (T, H, W), `memory` rendered at these poses; None for a memory that shows nothing there.
        frame_index: Index of the first frame.
        appearance: Active global events as bits.
        replaced: (T, H, W) bool, pixels whose shown surface is removed and written again from the frame; None for none.

    Raises:
        ValueError: If shapes or dtypes do not fit, or depth or poses are not finite.
    """
    _check(frames, depth, moving, world_from_camera, intrinsics, hints, replaced)
    height, width = depth.shape[1:]
    view = View(_array(world_from_camera, np.float64), _array(intrinsics, np.float64), height, width)
    posed = PosedFrames(
        _array(frames, np.uint8), _array(depth, np.float32), _array(moving, np.bool_), view, frame_index, appearance
    )
    carve_limits = [
        write_kernels.lowest_around(image, np.float32(1.0 - memory.config.erase_tolerance)) for image in posed.depth
    ]
    shown_depth = _shown_depth(hints, posed.depth.shape)
    replaced_pixels = (
        np.zeros(shown_depth.shape, np.bool_) if replaced is None else _array(replaced, np.bool_) & (posed.depth > 0)
    )
    raised_limits = _raised_limits(carve_limits, shown_depth, replaced_pixels, memory.config)
    static = _carve(memory.static, posed, raised_limits, shown_depth if hints else None)
    shown_depth[replaced_pixels] = np.inf
    pending = PendingWrite(Points.cat([]), Points.cat([]), memory.moving.points(), [objects_in(memory.moving.points())])
    for t in range(len(shown_depth)):
        _add_frame(pending, posed, t, shown_depth[t], carve_limits[t], memory.config)
    return _close(memory, static, pending, view)


def _array(tensor: Tensor, dtype: type) -> np.ndarray:
    return np.ascontiguousarray(tensor.detach().cpu().numpy(), dtype=dtype)


def _shown_depth(hints: Hints | None, shape: tuple[int, ...]) -> np.ndarray:
    """(T, H, W) float32 depth of the static points that the hints show, in metres; infinite elsewhere."""
    if hints is None:
        return np.full(shape, np.inf, np.float32)
    seen, moving = _array(hints.seen, np.bool_), _array(hints.moving, np.bool_)
    return np.where(seen & ~moving, np.exp(_array(hints.log_depth, np.float32)), np.float32(np.inf))


def _raised_limits(
    carve_limits: list[np.ndarray], shown_depth: np.ndarray, replaced_pixels: np.ndarray, config: MemoryConfig
) -> list[np.ndarray]:
    """Carve limits raised so that the surfaces to replace lie in front of them too."""
    back = shown_depth * np.float32(1.0 + config.surface_tolerance) + np.float32(config.surface_metres)
    return [
        np.maximum(carve_limit, limit)
        for carve_limit, limit in zip(carve_limits, np.where(replaced_pixels, back, 0.0), strict=True)
    ]


def _carve(rows: Rows, posed: PosedFrames, carve_limits: list[np.ndarray], shown: np.ndarray | None) -> Rows:
    """The rows without the points that a frame sees through (free-space carving).

    A point is seen through where it is nearer, by a tolerance, than every depth of the 3 x 3 pixels around it, all of
    them known. The memory shows something as near there, so frames whose hints lie behind the limits everywhere are
    skipped; mostly these are all.
    """
    view = posed.view
    frames_to_carve = [
        t for t, carve_limit in enumerate(carve_limits) if shown is None or (shown[t] < carve_limit).any()
    ]
    indices = rows_in_view(rows, view) if frames_to_carve else []
    if not indices:
        return rows
    geometry = np.concatenate([rows[i].block.points.geometry for i in indices])
    alive = np.concatenate([rows[i].alive for i in indices])
    cameras = view.camera_from_world()
    frames = [(geometry, alive, cameras[t], view.intrinsics, carve_limits[t]) for t in frames_to_carve]
    run_all(write_kernels.carve, frames)
    return with_alive(rows, indices, alive)


def _add_frame(
    pending: PendingWrite,
    posed: PosedFrames,
    t: int,
    shown_depth: np.ndarray,
    carve_limit: np.ndarray,
    config: MemoryConfig,
) -> None:
    view, depth = posed.view, posed.depth[t]
    camera = view.camera_from_world()[t]
    pending.static = _without(pending.static, camera, view.intrinsics, carve_limit)
    _show(pending, view, t, config, shown_depth)
    kind = write_kernels.classify(
        depth, posed.moving[t], shown_depth, config.front_tolerance, carve_limit, np.float32(config.far_metres)
    )
    for wanted in (write_kernels.STATIC, write_kernels.STATIC_BORDER):
        pending.static = _with_lifted(pending.static, wanted, kind, posed, t, config)
    for wanted in (write_kernels.SKY, write_kernels.SKY_BORDER):
        pending.sky = _with_lifted(pending.sky, wanted, kind, posed, t, config)
    # the greatest depth around a pixel is the least of the negated ones; points not behind it are visible
    ceiling = -write_kernels.lowest_around(-depth, np.float32(1.0 + config.erase_tolerance))
    by_now = moved(pending.moving, posed.frame_index + t)
    pending.moving = pending.moving.take(_hidden(by_now, camera, view.intrinsics, ceiling))
    detected = _with_lifted(Points.cat([]), write_kernels.MOVING, kind, posed, t, config)
    if len(detected):
        is_whole = _inside(detected, camera, view)
        detected, objects = track(detected, is_whole, pending.detections)
        pending.detections.append(objects)
        pending.moving = Points.cat([pending.moving, detected])


def _without(points: Points, camera: np.ndarray, intrinsics: np.ndarray, limit: np.ndarray) -> Points:
    """The points that are not in view nearer than `limit`."""
    alive = _hidden(points, camera, intrinsics, limit)
    return points if alive.all() else points.take(alive)


def _hidden(points: Points, camera: np.ndarray, intrinsics: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """(n,) bool: the points that are not in view nearer than `limit`."""
    alive = np.ones(len(points), dtype=bool)
    if len(points):
        write_kernels.carve(points.geometry, alive, camera, intrinsics, limit)
    return alive


def _inside(points: Points, camera: np.ndarray, view: View) -> np.ndarray:
    """(n,) bool: the points that are not at the left or right border of the image."""
    x, _, z = camera[:, :3] @ points.positions.T + camera[:, 3:]
    column = view.intrinsics[0] * x / z + view.intrinsics[2]
    return (column > 1) & (column < view.width - 1)


def _show(pending: PendingWrite, view: View, t: int, config: MemoryConfig, shown_depth: np.ndarray) -> None:
    """Lower `shown_depth` (H, W), in place, to the points that earlier frames of this write have added."""
    added = Points.cat([pending.static, pending.sky])
    if not len(added):
        return
    screen, box, _ = projection.list_on_screen(
        added, len(pending.static), view.camera_from_world()[t], view.intrinsics, view.height, view.width,
        config.near_metres, config.max_splat_pixels,
    )  # fmt: skip
    screen[:, projection.Z] = np.minimum(screen[:, projection.Z], config.far_metres)
    kernels.nearest_depth(screen, box, np.float32(config.near_metres), shown_depth)


def _with_lifted(
    points: Points, wanted: int, kind: np.ndarray, posed: PosedFrames, t: int, config: MemoryConfig
) -> Points:
    lifted = write_kernels.lift(
        kind, wanted, posed.frames[t], posed.depth[t], posed.view.world_from_camera[t],
        posed.view.intrinsics, CLOSEST_TO_FAR * config.far_metres, posed.frame_index + t, posed.appearance,
    )  # fmt: skip
    return Points.cat([points, Points(*lifted)]) if len(lifted[0]) else points


def _close(memory: Memory, static: Rows, pending: PendingWrite, view: View) -> Memory:
    """The memory with the pending points added, within its bounds."""
    config = memory.config
    static, scattered = compacted(static)
    fresh = _thin(pending.static, static)
    static = add(static, Points.cat([scattered, fresh]), config.block_points)
    sky = add(memory.sky, _thin(pending.sky, memory.sky), config.block_points)
    moving = memory.moving
    if pending.moving is not moving.block.points:
        # copied, so that the points beyond the bound are freed
        moving = Row.of(Points.cat([pending.moving.take(slice(-config.max_moving_points, None))]))
    return replace(
        memory,
        static=bound(static, config.max_points, view.world_from_camera[-1, :3, 3]),
        sky=bound(sky, config.max_sky_points, None),
        moving=moving,
    )


def _thin(points: Points, rows: Rows) -> Points:
    """The new points whose voxels hold no point yet."""
    if not len(points):
        return points
    near = _around(points, rows)
    if not near:
        near = [Row.of(Points.cat([]))]
    records = np.concatenate([row.block.points.record for row in near])
    alive = np.concatenate([row.alive for row in near])
    return points.take(write_kernels.free_voxels(points.geometry, points.record, records, alive))


def _around(points: Points, rows: Rows) -> list[Row]:
    """The rows whose spheres touch the box around the points."""
    if not rows:
        return []
    low, high = points.positions.min(axis=0), points.positions.max(axis=0)
    spheres = np.stack([row.block.sphere for row in rows])
    gaps = spheres[:, :3] - np.clip(spheres[:, :3], low, high)
    near = np.linalg.norm(gaps, axis=1) <= spheres[:, 3]
    return [row for row, is_near in zip(rows, near, strict=True) if is_near]


def _check(
    frames: Tensor,
    depth: Tensor,
    moving: Tensor,
    world_from_camera: Tensor,
    intrinsics: Tensor,
    hints: Hints | None,
    replaced: Tensor | None,
) -> None:
    if frames.ndim != 4 or frames.shape[-1] != 3 or str(frames.dtype) != "torch.uint8":
        raise ValueError(f"frames must be (T, H, W, 3) uint8, got {tuple(frames.shape)} {frames.dtype}")
    shape = tuple(frames.shape[:3])
    for name, tensor, wanted in (
        ("depth", depth, shape),
        ("moving", moving, shape),
        ("world_from_camera", world_from_camera, (shape[0], 4, 4)),
        ("intrinsics", intrinsics, (4,)),
    ):
        if tuple(tensor.shape) != wanted:
            raise ValueError(f"{name} must have shape {wanted}, got {tuple(tensor.shape)}")
    for name, mask in (("moving", moving), ("replaced", replaced)):
        if mask is not None and str(mask.dtype) != "torch.bool":
            raise ValueError(f"{name} must be bool, got {mask.dtype}")
    if replaced is not None and tuple(replaced.shape) != shape:
        raise ValueError(f"replaced must have shape {shape}, got {tuple(replaced.shape)}")
    if hints is not None and tuple(hints.seen.shape) != shape:
        raise ValueError(f"hints must be of one world, {shape}, got {tuple(hints.seen.shape)}")
    for name, tensor in (("depth", depth), ("world_from_camera", world_from_camera), ("intrinsics", intrinsics)):
        if not np.isfinite(tensor.detach().cpu().numpy()).all():
            raise ValueError(f"{name} must be finite, got NaN or infinity")
