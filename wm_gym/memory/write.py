"""Writing frames to memory: new surfaces only, and free-space carving of points that a frame sees through.

The policy was measured on a tiny model in closed loop: writing only new pixels and keeping the old points is worth
2.5 dB after 32 chunks over rewriting everything. Knows nothing of models.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from torch import Tensor

from wm_gym.memory import kernels, projection, write_kernels
from wm_gym.memory.blocks import Row
from wm_gym.memory.config import CLOSEST_TO_FAR, MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.motion import TrackedObject, moved, objects_in, track
from wm_gym.memory.points import Points
from wm_gym.memory.retrieve import View, rows_in_view
from wm_gym.memory.table import Rows, add, bound, compacted, spheres_of, with_alive
from wm_gym.memory.threads import run_all


@dataclass(frozen=True)
class PosedFrames:
    """T frames of one world, as arrays.

    Attributes:
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float32 metres.
        moving: (T, H, W) bool.
        view: The poses of the T frames.
        cameras: (T, 3, 4) float64 camera_from_world of these poses.
        frame_index: Index of the first frame.
        appearance: Active global events as bits.
    """

    frames: np.ndarray
    depth: np.ndarray
    moving: np.ndarray
    view: View
    cameras: np.ndarray
    frame_index: int
    appearance: int


@dataclass
class PendingWrite:
    """The points that one write adds, while it goes through the frames.

    Attributes:
        static: New static points.
        sky: New sky points.
        moving: All moving points, old and new.
        remembered: The moving points in memory.
        detections: Of the frames with moving objects so far, the objects: first those in memory.
    """

    static: Points
    sky: Points
    moving: Points
    remembered: Points
    detections: list[list[TrackedObject]] = field(default_factory=list)


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
    arrays = _array(frames, np.uint8), _array(depth, np.float32), _array(moving, np.bool_)
    posed = PosedFrames(*arrays, view, view.camera_from_world(), frame_index, appearance)
    scale = np.float32(1.0 - memory.config.erase_tolerance)
    carve_limits = np.stack([write_kernels.lowest_around(image, scale) for image in posed.depth])
    shown_depth = _shown_depth(hints, posed.depth.shape)
    replaced_pixels = None if replaced is None else _array(replaced, np.bool_) & (posed.depth > 0)
    limits = carve_limits
    if replaced_pixels is not None:
        limits = _raised_limits(carve_limits, shown_depth, replaced_pixels, memory.config)
    static = _carve(memory.static, posed, limits, shown_depth if hints else None)
    if replaced_pixels is not None:
        shown_depth[replaced_pixels] = np.inf
    remembered = memory.moving.points()
    pending = PendingWrite(Points.cat([]), Points.cat([]), remembered, remembered)
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
    carve_limits: np.ndarray, shown_depth: np.ndarray, replaced_pixels: np.ndarray, config: MemoryConfig
) -> np.ndarray:
    """(T, H, W) carve limits raised so that the surfaces to replace lie in front of them too."""
    back = shown_depth * np.float32(1.0 + config.surface_tolerance) + np.float32(config.surface_metres)
    return np.maximum(carve_limits, np.where(replaced_pixels, back, np.float32(0.0)))


def _carve(rows: Rows, posed: PosedFrames, carve_limits: np.ndarray, shown: np.ndarray | None) -> Rows:
    """The rows without the points that a frame sees through (free-space carving).

    A point is seen through where it is nearer, by a tolerance, than every depth of the 3 x 3 pixels around it, all of
    them known. The memory shows something as near there, so frames whose hints lie behind the limits everywhere are
    skipped; mostly these are all.
    """
    carves = np.ones(len(carve_limits), np.bool_) if shown is None else (shown < carve_limits).any(axis=(1, 2))
    if not carves.any():
        return rows
    indices, lens = rows_in_view(rows, posed.view), posed.view.intrinsics
    cameras, limits = posed.cameras[carves], carve_limits[carves]
    masks = run_all(
        write_kernels.hidden, [(rows[i].block.points.geometry, rows[i].alive, cameras, lens, limits) for i in indices]
    )
    return with_alive(rows, indices, masks)


def _add_frame(
    pending: PendingWrite,
    posed: PosedFrames,
    t: int,
    shown_depth: np.ndarray,
    carve_limit: np.ndarray,
    config: MemoryConfig,
) -> None:
    pending.static = _unseen(pending.static, posed, t, carve_limit)
    _show(pending, posed, t, config, shown_depth)
    kinds = write_kernels.classify(
        posed.depth[t], posed.moving[t], shown_depth, config.front_tolerance, carve_limit, np.float32(config.far_metres)
    )
    static, sky, moving = (_lifted(wanted, kinds, posed, t, config) for wanted in _LAYERS)
    pending.static = Points.cat([pending.static, *static]) if static else pending.static
    pending.sky = Points.cat([pending.sky, *sky]) if sky else pending.sky
    if len(pending.moving):
        # the greatest depth around a pixel is the least of the negated ones; points not behind it are visible
        ceiling = -write_kernels.lowest_around(-posed.depth[t], np.float32(1.0 + config.erase_tolerance))
        by_now = moved(pending.moving, posed.frame_index + t)
        pending.moving = pending.moving.take(_hidden(by_now, posed, t, ceiling))
    if moving:
        _add_moving(pending, moving[0], posed, t)


_LAYERS = (
    (write_kernels.STATIC, write_kernels.STATIC_BORDER),
    (write_kernels.SKY, write_kernels.SKY_BORDER),
    (write_kernels.MOVING,),
)
"""Kinds of pixels that are written to each layer."""


def _add_moving(pending: PendingWrite, detected: Points, posed: PosedFrames, t: int) -> None:
    if not pending.detections:
        pending.detections.append(objects_in(pending.remembered))
    is_whole = _inside(detected, posed.cameras[t], posed.view)
    detected, objects = track(detected, is_whole, pending.detections)
    pending.detections.append(objects)
    pending.moving = Points.cat([pending.moving, detected])


def _unseen(points: Points, posed: PosedFrames, t: int, limit: np.ndarray) -> Points:
    """The points that are not in view of frame t nearer than `limit`."""
    if not len(points):
        return points
    alive = _hidden(points, posed, t, limit)
    return points if alive.all() else points.take(alive)


def _hidden(points: Points, posed: PosedFrames, t: int, limit: np.ndarray) -> np.ndarray:
    """(n,) bool: the points that are not in view of frame t nearer than `limit`."""
    alive, frame = np.ones(len(points), np.bool_), slice(t, t + 1)
    return write_kernels.hidden(points.geometry, alive, posed.cameras[frame], posed.view.intrinsics, limit[None])


def _inside(points: Points, camera: np.ndarray, view: View) -> np.ndarray:
    """(n,) bool: the points that are not at the left or right border of the image."""
    x, _, z = camera[:, :3] @ points.positions.T + camera[:, 3:]
    column = view.intrinsics[0] * x / z + view.intrinsics[2]
    return (column > 1) & (column < view.width - 1)


def _show(pending: PendingWrite, posed: PosedFrames, t: int, config: MemoryConfig, shown_depth: np.ndarray) -> None:
    """Lower `shown_depth` (H, W), in place, to the points that earlier frames of this write have added."""
    if not len(pending.static) + len(pending.sky):
        return
    added, view = Points.cat([pending.static, pending.sky]), posed.view
    screen, box, _ = projection.list_on_screen(
        added, len(pending.static), posed.cameras[t], view.intrinsics, view.height, view.width,
        config.near_metres, config.max_splat_widths * view.width,
    )  # fmt: skip
    screen[:, projection.Z] = np.minimum(screen[:, projection.Z], config.far_metres)
    kernels.nearest_depth(screen, box, np.float32(config.near_metres), shown_depth)


def _lifted(
    wanted: tuple[int, ...], kinds: tuple[np.ndarray, np.ndarray], posed: PosedFrames, t: int, config: MemoryConfig
) -> list[Points]:
    """The points of frame t of each of the kinds that there are, of `write_kernels.classify`."""
    kind, counts = kinds
    frame = posed.frames[t], posed.depth[t], posed.view.world_from_camera[t], posed.view.intrinsics
    rest = CLOSEST_TO_FAR * config.far_metres, posed.frame_index + t, posed.appearance
    return [Points(*write_kernels.lift(kind, one, counts[one], *frame, *rest)) for one in wanted if counts[one]]


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
    spheres = spheres_of(rows)
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
