"""The splatting of `kernels` in batched torch operations, for any device.

Sums are kept as integers, whose order does not matter, so that a GPU too gives the same bytes on every run and for
every number of worlds. Knows nothing of memories.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.memory.blocks import TANGENT_UNIT, Points
from wm_gym.memory.config import CLOSEST_TO_FAR, MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.motion import MAX_FRAMES, velocities
from wm_gym.memory.projection import (
    FAINT,
    FILLER,
    FILLER_WEIGHT,
    LOW_PASS,
    MIN_PATCH,
    RADIUS_SQUARED,
    SKY_DEPTH,
    SOFTENING,
)
from wm_gym.memory.retrieve import View, VisiblePoints

WEIGHT_UNIT = 2.0**-24
DEPTH_UNIT = 2.0**-14


@dataclass(frozen=True)
class Cameras:
    """N worlds, T poses each, on the device.

    Attributes:
        camera_from_world: (N, T, 3, 4) float32.
        lens: (N, 4) float32 fx, fy, cx, cy in pixels.
        height: Rows.
        width: Columns.
        config: Tolerances, the same for all worlds.
        clock: (N, 2) int64 frame index of the first pose, and appearance bits.
    """

    camera_from_world: Tensor
    lens: Tensor
    height: int
    width: int
    config: MemoryConfig
    clock: Tensor


@dataclass(frozen=True)
class Layer:
    """The points of one layer of all worlds.

    Attributes:
        geometry: (P, 4) float32.
        tangents: (P, 6) float32.
        record: (P, 4) int64.
        world: (P,) int64 number of the world.
        infinite: (P,) bool, whether the point is a direction.
        velocity: (P, 2) float32 metres per frame; 0 in the static layer.
    """

    geometry: Tensor
    tangents: Tensor
    record: Tensor
    world: Tensor
    infinite: Tensor
    velocity: Tensor


@dataclass(frozen=True)
class Splats:
    """Splats on the screens of all poses.

    Attributes:
        numbers: (M, 11) float32 column, row, depth, half extents (2), conic (3), depth gradient (2), sharpness.
        pose: (M,) int64 number of the pose, over all worlds.
        point: (M,) int64 number of the point in its layer.
    """

    numbers: Tensor
    pose: Tensor
    point: Tensor


@dataclass(frozen=True)
class Covered:
    """Pairs of a splat and a pixel centre inside it.

    Attributes:
        splat: (C,) int64 number of the splat.
        pixel: (C,) int64 number of the pixel, over all poses.
        square: (C,) float32 value of the conic, 0 at the splat's centre to 1 at its border.
        depth: (C,) float32 metres.
    """

    splat: Tensor
    pixel: Tensor
    square: Tensor
    depth: Tensor


def render_on_device(
    visible: Sequence[VisiblePoints],
    views: Sequence[View],
    configs: Sequence[MemoryConfig],
    clocks: Sequence[tuple[int, int]],
    device: torch.device,
) -> Hints:
    """Hints of N worlds on a device, as `render.render` gives them.

    Args:
        visible: The points in view of each world.
        views: The poses of each world.
        configs: The settings of each memory.
        clocks: Frame index of the first pose and appearance bits of each world.
        device: Device that renders and holds the hints.

    Raises:
        ValueError: If the worlds differ in their settings.
    """
    if any(config != configs[0] for config in configs):
        raise ValueError("memories must share one MemoryConfig to be rendered on a device, got different ones")
    poses = np.stack([view.camera_from_world() for view in views]).astype(np.float32)
    lenses = np.stack([view.intrinsics for view in views]).astype(np.float32)
    cameras = Cameras(
        torch.from_numpy(poses).to(device),
        torch.from_numpy(lenses).to(device),
        views[0].height,
        views[0].width,
        configs[0],
        torch.tensor(clocks, device=device),
    )
    flat = _blank(cameras)
    _draw(
        flat,
        _layer([(s.static_and_sky, s.num_static) for s in visible], device, are_moving=False),
        cameras,
        is_moving=False,
    )
    _draw(
        flat,
        _layer([(s.moving, len(s.moving)) for s in visible], device, are_moving=True),
        cameras,
        is_moving=True,
    )
    shape = (*poses.shape[:2], cameras.height, cameras.width)
    return Hints(**{name: values.view(*shape, *values.shape[1:]) for name, values in flat.items()})


def _blank(cameras: Cameras) -> dict[str, Tensor]:
    total = cameras.camera_from_world.shape[:2].numel() * cameras.height * cameras.width
    kinds = {"log_depth": torch.float32, "seen": torch.bool, "moving": torch.bool, "age": torch.int32}
    kinds["area"] = torch.float32
    device = cameras.lens.device
    flat = {name: torch.zeros(total, dtype=kind, device=device) for name, kind in kinds.items()}
    flat["same_appearance"] = torch.zeros(total, dtype=torch.bool, device=device)
    flat["colour"] = torch.zeros(total, 3, dtype=torch.uint8, device=device)
    return flat


def _layer(parts: Sequence[tuple[Points, int]], device: torch.device, *, are_moving: bool) -> Layer:
    def joined(arrays: Sequence[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.concatenate(arrays)).to(device)

    return Layer(
        joined([points.geometry for points, _ in parts]),
        joined([points.tangents for points, _ in parts]).float(),
        joined([points.record for points, _ in parts]).long(),
        joined([np.full(len(points), world) for world, (points, _) in enumerate(parts)]),
        joined([np.arange(len(points)) >= finite for points, finite in parts]),
        joined([velocities(points) if are_moving else np.zeros((len(points), 2), np.float32) for points, _ in parts]),
    )


def _draw(flat: dict[str, Tensor], layer: Layer, cameras: Cameras, *, is_moving: bool) -> None:
    config = cameras.config
    splats = _project(layer, cameras)
    covered = _cover(splats, cameras)
    nearest = torch.full_like(flat["log_depth"], torch.inf)
    nearest.scatter_reduce_(0, covered.pixel, covered.depth, "amin")
    limit = nearest[covered.pixel] * (1.0 + config.surface_tolerance) + config.surface_metres
    on_surface = covered.depth <= limit
    covered = Covered(*(values[on_surface] for values in vars(covered).values()))
    weight = splats.numbers[covered.splat, 10] * (1.0 - covered.square) ** 2 + FAINT
    is_filler = (layer.record[splats.point[covered.splat], 0] & FILLER) != 0
    weight = torch.where(is_filler, weight * FILLER_WEIGHT, weight)
    front, area = _front(weight, covered, splats, len(nearest))
    sums = _sums(weight, covered, splats, layer, len(nearest))
    _resolve(flat, sums, nearest, (front, area), layer, cameras, is_moving)


def _displacement(layer: Layer, cameras: Cameras) -> Tensor:
    """(P, T, 3) metres by which each point has moved since it was detected."""
    frames = torch.arange(cameras.camera_from_world.shape[1], device=cameras.lens.device)
    passed = cameras.clock[layer.world, :1] + frames - layer.record[:, 1:2]
    displacement = layer.velocity[:, None] * passed.clamp(0, MAX_FRAMES)[..., None]
    return F.pad(displacement, (0, 1))


def _project(layer: Layer, cameras: Cameras) -> Splats:
    """The splats of all points at all poses of their worlds, of those in view."""
    config, (height, width) = cameras.config, (cameras.height, cameras.width)
    num_frames = cameras.camera_from_world.shape[1]
    camera = cameras.camera_from_world[layer.world]  # (P, T, 3, 4)
    fx, fy, cx, cy = (number[:, None] for number in cameras.lens[layer.world].unbind(-1))
    sky = layer.infinite[:, None]
    position = (
        _rotate(camera, layer.geometry[:, None, :3] + _displacement(layer, cameras)) + camera[..., 3] * ~sky[..., None]
    )
    depth = position[..., 2]
    a, b = position[..., 0] / depth, position[..., 1] / depth
    u, v = fx * a + cx - 0.5, fy * b + cy - 0.5
    unit = layer.geometry[:, 3:] * TANGENT_UNIT
    side = _rotate(camera, (layer.tangents[:, :3] * unit)[:, None])
    rise = _rotate(camera, (layer.tangents[:, 3:] * unit)[:, None])
    u_1, v_1 = fx / depth * (side[..., 0] - a * side[..., 2]), fy / depth * (side[..., 1] - b * side[..., 2])
    u_2, v_2 = fx / depth * (rise[..., 0] - a * rise[..., 2]), fy / depth * (rise[..., 1] - b * rise[..., 2])
    size = torch.maximum(u_1**2 + u_2**2, v_1**2 + v_2**2).clamp(min=1e-12)
    shrink = ((config.max_splat_pixels**2 / RADIUS_SQUARED - LOW_PASS) / size).clamp(max=1.0)
    wider = LOW_PASS + (MIN_PATCH - size).clamp(min=0.0)
    uu, vv = shrink * (u_1**2 + u_2**2) + wider, shrink * (v_1**2 + v_2**2) + wider
    uv = shrink * (u_1 * v_1 + u_2 * v_2)
    wide, high = (RADIUS_SQUARED * uu).sqrt(), (RADIUS_SQUARED * vv).sqrt()
    inverse = 1.0 / (uu * vv - uv**2)
    along_u = shrink * (u_1 * side[..., 2] + u_2 * rise[..., 2]) * ~sky
    along_v = shrink * (v_1 * side[..., 2] + v_2 * rise[..., 2]) * ~sky
    numbers = [u, v, torch.where(sky, SKY_DEPTH, depth), wide, high]
    numbers += [vv * inverse / RADIUS_SQUARED, -2.0 * uv * inverse / RADIUS_SQUARED, uu * inverse / RADIUS_SQUARED]
    numbers += [(vv * along_u - uv * along_v) * inverse, (uu * along_v - uv * along_u) * inverse]
    numbers += [1.0 / (SOFTENING + (u_1 * v_2 - u_2 * v_1).abs())]
    in_front = depth >= torch.where(sky, 1e-6, config.near_metres)
    in_view = (u + wide >= 0) & (v + high >= 0) & (u - wide <= width - 1) & (v - high <= height - 1)
    point, frame = torch.nonzero(in_front & in_view, as_tuple=True)
    return Splats(torch.stack(numbers, -1)[point, frame], layer.world[point] * num_frames + frame, point)


def _rotate(camera: Tensor, vectors: Tensor) -> Tensor:
    # written out, since a matrix product may round differently for other batch sizes
    x, y, z = (vectors[..., axis, None] for axis in range(3))
    return camera[..., 0] * x + camera[..., 1] * y + camera[..., 2] * z


def _cover(splats: Splats, cameras: Cameras) -> Covered:
    """All pixel centres inside each splat, found within its bounding box."""
    height, width = cameras.height, cameras.width
    u, v, z, wide, high, aa, ab, bb, gu, gv, _ = splats.numbers.unbind(-1)
    left, right = (u - wide).ceil().clamp(min=0).long(), (u + wide).floor().clamp(max=width - 1).long()
    top, bottom = (v - high).ceil().clamp(min=0).long(), (v + high).floor().clamp(max=height - 1).long()
    columns, rows = (right - left + 1).clamp(min=0), (bottom - top + 1).clamp(min=0)
    counts = columns * rows
    splat = torch.repeat_interleave(counts)
    place = torch.arange(len(splat), device=splat.device) - (counts.cumsum(0) - counts)[splat]
    row, column = top[splat] + place // columns[splat], left[splat] + place % columns[splat]
    du, dv = column - u[splat], row - v[splat]
    square = aa[splat] * du * du + ab[splat] * du * dv + bb[splat] * dv * dv
    depth = (z[splat] + gu[splat] * du + gv[splat] * dv).clamp(min=cameras.config.near_metres)
    pixel = (splats.pose[splat] * height + row) * width + column
    inside = square < 1.0
    return Covered(splat[inside], pixel[inside], square[inside], depth[inside])


def _front(weight: Tensor, covered: Covered, splats: Splats, total: int) -> tuple[Tensor, Tensor]:
    """Number of the point of greatest weight in each pixel, the first of equals, and its splat's area; (total,)."""
    best = weight.new_zeros(total).scatter_reduce_(0, covered.pixel, weight, "amax")
    is_best = weight == best[covered.pixel]
    front = torch.full((total,), torch.iinfo(torch.int64).max, device=weight.device)
    pixel, splat = covered.pixel[is_best], covered.splat[is_best]
    front.scatter_reduce_(0, pixel, splats.point[splat], "amin")
    is_front = splats.point[splat] == front[pixel]
    area = weight.new_zeros(total)
    area[pixel[is_front]] = 1.0 / splats.numbers[splat[is_front], 10] - SOFTENING
    return front, area


def _sums(weight: Tensor, covered: Covered, splats: Splats, layer: Layer, total: int) -> Tensor:
    """(total, 5) float64 sums of weight * (r, g, b, depth) and of weights."""
    whole = (weight / WEIGHT_UNIT).round().long().clamp(min=1)
    colour = layer.record[splats.point[covered.splat], 0]
    # the sky's depth needs no mean, and is too large for one
    depth = torch.where(covered.depth >= 0.5 * SKY_DEPTH, 0.0, covered.depth)
    values = [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255, (depth / DEPTH_UNIT).round().long()]
    terms = torch.stack([whole * value for value in values] + [whole], -1)
    sums = torch.zeros(total, 5, dtype=torch.int64, device=weight.device)
    sums.scatter_add_(0, covered.pixel[:, None].expand_as(terms), terms)
    return sums


def _resolve(
    flat: dict[str, Tensor],
    sums: Tensor,
    nearest: Tensor,
    front: tuple[Tensor, Tensor],
    layer: Layer,
    cameras: Cameras,
    is_moving: bool,
) -> None:
    """Composite a layer over the hints; `front` is the point of each pixel and the area of its splat."""
    config = cameras.config
    hit = torch.nonzero(sums[:, 4] > 0, as_tuple=True)[0]
    sums, nearest, record, area = sums[hit].double(), nearest[hit], layer.record[front[0][hit]], front[1][hit]
    mean = (sums[:, 3] / sums[:, 4] * DEPTH_UNIT).float().clamp(min=1e-6, max=CLOSEST_TO_FAR * config.far_metres)
    depth = torch.where(nearest >= 0.5 * SKY_DEPTH, math.log(config.far_metres), mean.log())
    shown = ~flat["seen"][hit] | (depth <= flat["log_depth"][hit] + math.log1p(config.surface_tolerance))
    hit, depth, sums, record, area = (values[shown] for values in (hit, depth, sums, record, area))
    pose = hit // (cameras.height * cameras.width)
    num_frames = cameras.camera_from_world.shape[1]
    clock = cameras.clock[pose // num_frames]
    flat["colour"][hit] = (sums[:, :3] / sums[:, 4:] + 0.5).floor().to(torch.uint8)
    flat["log_depth"][hit] = depth
    flat["seen"][hit] = True
    flat["moving"][hit] = is_moving
    flat["age"][hit] = (clock[:, 0] + pose % num_frames - record[:, 1]).clamp(min=0).int()
    flat["same_appearance"][hit] = record[:, 2] == clock[:, 1]
    flat["area"][hit] = area.to(flat["area"].dtype)
