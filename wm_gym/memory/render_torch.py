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

from wm_gym.memory.config import CLOSEST_TO_FAR, MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.motion import MAX_FRAMES, velocities
from wm_gym.memory.points import Points
from wm_gym.memory.projection import (
    BACK_WEIGHT,
    FAINT,
    LEAST_WEIGHT,
    LOW_PASS,
    MIN_PATCH,
    RADIUS_SQUARED,
    SKY_DEPTH,
    SMALLEST_PATCH,
)
from wm_gym.memory.retrieve import View, VisiblePoints
from wm_gym.memory.units import FILLER, FILLER_WEIGHT, TANGENT_UNIT

WEIGHT_UNIT = 2.0**-24
DEPTH_UNIT = 2.0**-14


@dataclass(frozen=True)
class Cameras:
    """N worlds, T poses each, on the device.

    Attributes:
        camera_from_world: (N, T, 3, 4) float32.
        lens: (N, 4) float32 fx, fy, cx, cy in subpixels.
        height: Rows of subpixels.
        width: Columns of subpixels.
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
        numbers: (M, 12) float32 column, row, depth, half extents (2), conic (3), depth gradient (2), weight at the
            centre, square pixels of the patch, negative from behind.
        pose: (M,) int64 number of the pose, over all worlds.
        point: (M,) int64 number of the point in its layer.
    """

    numbers: Tensor
    pose: Tensor
    point: Tensor


@dataclass(frozen=True)
class Subpixels:
    """What is shown in each of S subpixels, over all poses.

    Attributes:
        colour: (S, 3) float32.
        depth: (S,) float32 metres, infinite where nothing is seen.
        point: (S,) int64 number of the point in its layer, of moving points `~point`.
        area: (S,) float32 square subpixels of its patch, negative from behind.
    """

    colour: Tensor
    depth: Tensor
    point: Tensor
    area: Tensor

    @classmethod
    def blank(cls, cameras: Cameras) -> Subpixels:
        """Subpixels that show nothing."""
        device = cameras.lens.device
        total = cameras.camera_from_world.shape[:2].numel() * cameras.height * cameras.width
        point, area = torch.zeros(total, dtype=torch.int64, device=device), torch.zeros(total, device=device)
        return cls(torch.zeros(total, 3, device=device), torch.full_like(area, torch.inf), point, area)


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
    samples: int,
    device: torch.device,
) -> Hints:
    """Hints of N worlds on a device, as `render.render` gives them.

    Args:
        visible: The points in view of each world.
        views: The poses of each world.
        configs: The settings of each memory.
        clocks: Frame index of the first pose and appearance bits of each world.
        samples: Subpixels along each side of a pixel.
        device: Device that renders and holds the hints.

    Raises:
        ValueError: If the worlds differ in their settings.
    """
    if any(config != configs[0] for config in configs):
        raise ValueError("memories must share one MemoryConfig to be rendered on a device, got different ones")
    poses = np.stack([view.camera_from_world() for view in views]).astype(np.float32)
    lenses = np.stack([samples * view.intrinsics for view in views]).astype(np.float32)
    cameras = Cameras(
        torch.from_numpy(poses).to(device),
        torch.from_numpy(lenses).to(device),
        samples * views[0].height,
        samples * views[0].width,
        configs[0],
        torch.tensor(clocks, device=device),
    )
    static = _layer([(s.static_and_sky, s.num_static) for s in visible], device, are_moving=False)
    moving = _layer([(s.moving, len(s.moving)) for s in visible], device, are_moving=True)
    fine = Subpixels.blank(cameras)
    for layer, is_moving in ((static, False), (moving, True)):
        _draw(fine, layer, cameras, is_moving=is_moving)
    return _reduced(fine, static, moving, cameras, samples)


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


def _draw(fine: Subpixels, layer: Layer, cameras: Cameras, *, is_moving: bool) -> None:
    """Composite a layer over the subpixels, in place."""
    config = cameras.config
    splats = _project(layer, cameras)
    covered = _cover(splats, cameras)
    nearest = torch.full_like(fine.depth, torch.inf)
    nearest.scatter_reduce_(0, covered.pixel, covered.depth, "amin")
    limit = nearest[covered.pixel] * (1.0 + config.surface_tolerance) + config.surface_metres
    on_surface = covered.depth <= limit
    covered = Covered(*(values[on_surface] for values in vars(covered).values()))
    weight = splats.numbers[covered.splat, 10] * (1.0 - covered.square) ** 2 + FAINT
    is_filler = (layer.record[splats.point[covered.splat], 0] & FILLER) != 0
    weight = torch.where(is_filler, weight * FILLER_WEIGHT, weight)
    front, area = _front(weight, covered, splats, len(nearest))
    sums = _sums(weight, covered, splats, layer, len(nearest))
    hit = torch.nonzero(sums[:, 4] > 0, as_tuple=True)[0]
    means = sums[hit, :4].double() / sums[hit, 4:]
    depth = torch.where(nearest[hit] >= 0.5 * SKY_DEPTH, SKY_DEPTH, (means[:, 3] * DEPTH_UNIT).float())
    shown = depth <= fine.depth[hit] * (1.0 + config.surface_tolerance)
    hit, depth, means = hit[shown], depth[shown], means[shown]
    fine.depth[hit], fine.area[hit], fine.colour[hit] = depth, area[hit], means[:, :3].float()
    fine.point[hit] = ~front[hit] if is_moving else front[hit]


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
    shrink = (((config.max_splat_widths * width) ** 2 / RADIUS_SQUARED - LOW_PASS) / size).clamp(max=1.0)
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
    facing = u_1 * v_2 - u_2 * v_1
    weight = facing.abs() / (SMALLEST_PATCH**2 + facing**2) + LEAST_WEIGHT
    is_front = (facing >= 0.0) | sky
    numbers += [torch.where(is_front, weight, weight * BACK_WEIGHT), torch.where(is_front, facing.abs(), -facing.abs())]
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
    u, v, z, wide, high, aa, ab, bb, gu, gv = splats.numbers[:, :10].unbind(-1)
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
    area[pixel[is_front]] = splats.numbers[splat[is_front], 11]
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


def _reduced(fine: Subpixels, static: Layer, moving: Layer, cameras: Cameras, samples: int) -> Hints:
    """Hints (N, T, H, W), reduced as by `kernels.reduce`."""
    config, num_frames = cameras.config, cameras.camera_from_world.shape[1]
    shape = len(cameras.lens), num_frames, cameras.height // samples, cameras.width // samples
    split = len(cameras.lens) * num_frames, shape[2], samples, shape[3], samples

    def grouped(values: Tensor) -> Tensor:  # (S, ...) -> (pixels, subpixels of each, ...)
        groups = values.view(*split, *values.shape[1:]).transpose(2, 3)
        return groups.reshape(-1, samples * samples, *values.shape[1:])

    raw, points = grouped(fine.depth), grouped(fine.point)
    is_seen, is_mover = raw.isfinite(), points < 0
    count = is_seen.sum(1, keepdim=True)
    moves = 2 * (is_seen & is_mover).sum(1, keepdim=True) > count
    depths, order = torch.where(is_mover == moves, raw, torch.inf).sort(dim=1, stable=True)
    of_kind = depths.isfinite().sum(1, keepdim=True)
    low, high = ((of_kind - 1) // 2).clamp(min=0), (of_kind // 2).clamp(max=samples * samples - 1)
    depth, other = depths.gather(1, low), depths.gather(1, high)
    point, other_point = (points.gather(1, order.gather(1, place)) for place in (low, high))
    slack = depth * config.surface_tolerance + config.surface_metres
    on_surface = ((raw - depth).abs() <= slack) & (is_mover == moves)
    place = torch.arange(samples * samples, device=raw.device)
    first = torch.where(on_surface, place, samples * samples - 1).amin(1, keepdim=True)
    is_one = (point == other_point) | (other <= depth + slack)
    depth, point = torch.where(is_one, 0.5 * (depth + other), depth), points.gather(1, first)
    log_far, deepest = math.log(config.far_metres), math.log(CLOSEST_TO_FAR * config.far_metres)
    log_depth = torch.where(depth >= 0.5 * SKY_DEPTH, log_far, depth.log().clamp(max=deepest))
    colours, total = grouped(fine.colour), torch.zeros(len(count), 3, device=count.device)
    for k in range(samples * samples):  # written out, since a sum may round differently for other batch sizes
        total = total + colours[:, k]
    seen = count > 0
    record = _records(static, ~seen | (point < 0), point) + _records(moving, ~seen | (point >= 0), ~point)
    pose = torch.arange(len(count), device=count.device)[:, None] // (shape[2] * shape[3])
    clock = cameras.clock[pose[:, 0] // num_frames]
    age = clock[:, :1] + pose % num_frames - record[:, 1:2]
    area = grouped(fine.area).gather(1, first) / samples**2
    flat = {
        "colour": (total / count.clamp(min=1) + 0.5).floor().to(torch.uint8),
        "log_depth": torch.where(seen, log_depth, 0.0),
        "seen": seen,
        "moving": seen & (point < 0),
        "age": torch.where(seen, age.clamp(min=0), 0).int(),
        "same_appearance": seen & (record[:, 2:3] == clock[:, 1:]),
        "area": torch.where(seen, area.abs(), 0.0),
        "from_behind": seen & (area < 0.0),
    }
    return Hints(**{name: v.view(*shape, 3) if name == "colour" else v.view(shape) for name, v in flat.items()})


def _records(layer: Layer, is_other: Tensor, point: Tensor) -> Tensor:
    """(P, 4) records of points (P, 1) of a layer, 0 where the point is another's."""
    records = F.pad(layer.record, (0, 0, 0, 1))  # a last row of zeros
    return records[torch.where(is_other, len(layer.record), point)[:, 0]]
