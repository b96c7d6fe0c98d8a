"""Writing frames to memory: only what it did not know, and erasing what a frame sees through.

The policy was measured on a tiny model in closed loop: writing new pixels only, and keeping what is known, is worth
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
from wm_gym.memory.motion import Thing, moved, things_in, tracked
from wm_gym.memory.retrieve import View, rows_in_view
from wm_gym.memory.table import Rows, add, bound, sparse, with_alive
from wm_gym.memory.threads import run_all


@dataclass(frozen=True)
class Sighting:
    """T frames of one world, as arrays.

    Attributes:
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float32 metres.
        moving: (T, H, W) bool.
        view: The cameras.
        frame_index: Of the first frame.
        appearance: Bits.
    """

    frames: np.ndarray
    depth: np.ndarray
    moving: np.ndarray
    view: View
    frame_index: int
    appearance: int


@dataclass
class Draft:
    """What one write adds, while it goes through the frames; `tracks` holds the things sighted, time by time."""

    static: Points
    sky: Points
    moving: Points
    tracks: list[list[Thing]]


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
    """The memory after T frames of one world; the old one stays as it was.

    Static surfaces and sky are written where neither the hints nor the frames before in this call show them: where
    nothing is known, in front of what is known, and behind what is seen through. A surface in front of a known one
    is new and is written beside it. Static points that a frame sees through are erased. Moving things are kept as
    last sighted: sightings in view that are not hidden give way to those of the frame. Where they would be by
    now is what counts: each goes on as fast as it went. Unknown depth writes and erases nothing.

    Args:
        memory: What is known.
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float32 planar z in metres; 0 unknown, the far value or more is sky.
        moving: (T, H, W) bool.
        world_from_camera: (T, 4, 4) float32.
        intrinsics: (4,) float32 fx, fy, cx, cy in pixels.
        hints: What `memory` shows at these poses, without the axis of worlds: (T, ...). None: it shows nothing.
        frame_index: Of the first frame.
        appearance: Active global events as bits.
        replaced: (T, H, W) bool: pixels at which the surface that the hints show is let go and written anew, since the
            frame knows better. None: nowhere.

    Raises:
        ValueError: If shapes or dtypes do not fit, or depth or poses are not finite.
    """
    _check(frames, depth, moving, world_from_camera, intrinsics, hints, replaced)
    height, width = depth.shape[1:]
    view = View(_array(world_from_camera, np.float64), _array(intrinsics, np.float64), height, width)
    sighting = Sighting(
        _array(frames, np.uint8), _array(depth, np.float32), _array(moving, np.bool_), view, frame_index, appearance
    )
    floors = [
        write_kernels.lowest_around(image, np.float32(1.0 - memory.config.erase_tolerance)) for image in sighting.depth
    ]
    known = _known(hints, sighting.depth.shape)
    anew = np.zeros(known.shape, np.bool_) if replaced is None else _array(replaced, np.bool_) & (sighting.depth > 0)
    static = _erase(
        memory.static, sighting, _without_replaced(floors, known, anew, memory.config), known if hints else None
    )
    known[anew] = np.inf
    draft = Draft(Points.cat([]), Points.cat([]), memory.moving.points(), [things_in(memory.moving.points())])
    for t in range(len(known)):
        _add_frame(draft, sighting, t, known[t], floors[t], memory.config)
    return _close(memory, static, draft, view)


def _array(tensor: Tensor, dtype: type) -> np.ndarray:
    return np.ascontiguousarray(tensor.detach().cpu().numpy(), dtype=dtype)


def _known(hints: Hints | None, shape: tuple[int, ...]) -> np.ndarray:
    """(T, H, W) float32: depth of what memory shows and that stays, infinite elsewhere."""
    if hints is None:
        return np.full(shape, np.inf, np.float32)
    seen, moving = _array(hints.seen, np.bool_), _array(hints.moving, np.bool_)
    return np.where(seen & ~moving, np.exp(_array(hints.log_depth, np.float32)), np.float32(np.inf))


def _without_replaced(
    floors: list[np.ndarray], known: np.ndarray, anew: np.ndarray, config: MemoryConfig
) -> list[np.ndarray]:
    """Floors under which the surfaces that are let go lie too."""
    back = known * np.float32(1.0 + config.surface_tolerance) + np.float32(config.surface_metres)
    return [np.maximum(floor, limit) for floor, limit in zip(floors, np.where(anew, back, 0.0), strict=True)]


def _erase(rows: Rows, sighting: Sighting, floors: list[np.ndarray], shown: np.ndarray | None) -> Rows:
    """The rows without the points that a frame sees through.

    A point is seen through where it is nearer than all depths of the 3 x 3 pixels around it, by a tolerance, and all
    of these are known. Then it is the nearest there, and what the memory shows, if that is known, is as near: frames
    in which it is not are left out, and mostly these are all.
    """
    view = sighting.view
    looked_at = [t for t, floor in enumerate(floors) if shown is None or (shown[t] < floor).any()]
    indices = rows_in_view(rows, view) if looked_at else []
    if not indices:
        return rows
    geometry = np.concatenate([rows[i].block.points.geometry for i in indices])
    alive = np.concatenate([rows[i].alive for i in indices])
    cameras = view.camera_from_world()
    frames = [(geometry, alive, cameras[t], view.intrinsics, floors[t]) for t in looked_at]
    run_all(write_kernels.refute, frames)
    return with_alive(rows, indices, alive)


def _add_frame(
    draft: Draft, sighting: Sighting, t: int, known: np.ndarray, floor: np.ndarray, config: MemoryConfig
) -> None:
    view, depth = sighting.view, sighting.depth[t]
    camera = view.camera_from_world()[t]
    draft.static = _without(draft.static, camera, view.intrinsics, floor)
    _show(draft, view, t, config, known)
    kind = write_kernels.classify(
        depth, sighting.moving[t], known, config.front_tolerance, floor, np.float32(config.far_metres)
    )
    for wanted in (write_kernels.STATIC, write_kernels.STATIC_RIM):
        draft.static = _and_lifted(draft.static, wanted, kind, sighting, t, config)
    for wanted in (write_kernels.SKY, write_kernels.SKY_RIM):
        draft.sky = _and_lifted(draft.sky, wanted, kind, sighting, t, config)
    # The greatest depth around a pixel is the least of the negated ones: whatever is not behind it is in sight.
    ceiling = -write_kernels.lowest_around(-depth, np.float32(1.0 + config.erase_tolerance))
    by_now = moved(draft.moving, sighting.frame_index + t)
    draft.moving = draft.moving.take(_hidden(by_now, camera, view.intrinsics, ceiling))
    sighted = _and_lifted(Points.cat([]), write_kernels.MOVING, kind, sighting, t, config)
    if len(sighted):
        is_whole = _inside(sighted, camera, view)
        sighted, things = tracked(sighted, is_whole, draft.tracks)
        draft.tracks.append(things)
        draft.moving = Points.cat([draft.moving, sighted])


def _without(points: Points, camera: np.ndarray, intrinsics: np.ndarray, limit: np.ndarray) -> Points:
    """The points that are not in view nearer than `limit`."""
    alive = _hidden(points, camera, intrinsics, limit)
    return points if alive.all() else points.take(alive)


def _hidden(points: Points, camera: np.ndarray, intrinsics: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """(n,) bool: the points that are not in view nearer than `limit`."""
    alive = np.ones(len(points), dtype=bool)
    if len(points):
        write_kernels.refute(points.geometry, alive, camera, intrinsics, limit)
    return alive


def _inside(points: Points, camera: np.ndarray, view: View) -> np.ndarray:
    """(n,) bool: the points that are not at the left or right rim of the picture."""
    x, _, z = camera[:, :3] @ points.positions.T + camera[:, 3:]
    column = view.intrinsics[0] * x / z + view.intrinsics[2]
    return (column > 1) & (column < view.width - 1)


def _show(draft: Draft, view: View, t: int, config: MemoryConfig, known: np.ndarray) -> None:
    """Lower `known` to what the frames before in this write have shown."""
    added = Points.cat([draft.static, draft.sky])
    if not len(added):
        return
    screen, box, _ = projection.list_on_screen(
        added, len(draft.static), view.camera_from_world()[t], view.intrinsics, view.height, view.width,
        config.near_metres, config.max_splat_pixels,
    )  # fmt: skip
    screen[:, projection.Z] = np.minimum(screen[:, projection.Z], config.far_metres)
    kernels.nearest_depth(screen, box, np.float32(config.near_metres), known)


def _and_lifted(
    points: Points, wanted: int, kind: np.ndarray, sighting: Sighting, t: int, config: MemoryConfig
) -> Points:
    lifted = write_kernels.lift(
        kind, wanted, sighting.frames[t], sighting.depth[t], sighting.view.world_from_camera[t],
        sighting.view.intrinsics, CLOSEST_TO_FAR * config.far_metres, sighting.frame_index + t, sighting.appearance,
    )  # fmt: skip
    return Points.cat([points, Points(*lifted)]) if len(lifted[0]) else points


def _close(memory: Memory, static: Rows, draft: Draft, view: View) -> Memory:
    """The memory with what the draft adds, within its bounds."""
    config = memory.config
    static, scattered = sparse(static)
    fresh = _thin(draft.static, static)
    static = add(static, Points.cat([scattered, fresh]), config.block_points)
    sky = add(memory.sky, _thin(draft.sky, memory.sky), config.block_points)
    moving = memory.moving
    if draft.moving is not moving.block.points:
        # Copied, so that the sightings that fell off the bound are freed.
        moving = Row.of(Points.cat([draft.moving.take(slice(-config.max_moving_points, None))]))
    return replace(
        memory,
        static=bound(static, config.max_points, view.world_from_camera[-1, :3, 3]),
        sky=bound(sky, config.max_sky_points, None),
        moving=moving,
    )


def _thin(points: Points, rows: Rows) -> Points:
    """The new points whose voxels hold none yet."""
    if not len(points):
        return points
    near = _around(points, rows)
    if not near:
        near = [Row.of(Points.cat([]))]
    records, alive = (
        np.concatenate([row.block.points.record for row in near]),
        np.concatenate([row.alive for row in near]),
    )
    return points.take(write_kernels.free_voxels(points.geometry, points.record, records, alive))


def _around(points: Points, rows: Rows) -> list[Row]:
    """The rows that reach into the box around the points."""
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
