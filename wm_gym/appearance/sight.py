"""What one frame shows, as far as light and weather ask for it, and the events that are at work in it."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sight:
    """The geometry of one frame. Any frame of reference will do whose z axis points up.

    Attributes:
        depth: (H, W) float32 planar metres.
        eye: (3,) metres.
        ray_from_pixel: (3, 3) from (u, v, 1) to the point at depth 1 m, metres from the eye.
        far_metres: Depth of the sky.
        is_outdoors: Whether the eye is under the open sky.
    """

    depth: NDArray[np.float32]
    eye: NDArray[np.float64]
    ray_from_pixel: NDArray[np.float64]
    far_metres: float
    is_outdoors: bool = True


@dataclass(frozen=True)
class FrameEvent:
    """One event in one frame.

    Attributes:
        kind: A name in `events.kinds.KINDS`.
        strength: 0..1.
        age_frames: Frames since its onset.
        seed: All its chance comes from this and the age.
        position: (3,) metres, the foot of what it adds or the middle of its bursts; None for a global event.
        outdoors: Whether its position lies under the open sky.
    """

    kind: str
    strength: float
    age_frames: int
    seed: int
    position: tuple[float, float, float] | None = None
    outdoors: bool = True


def rays_of(rotation: NDArray[np.float64], intrinsics: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) `ray_from_pixel` of a camera.

    Args:
        rotation: (3, 3) of world_from_camera.
        intrinsics: (4,) fx, fy, cx, cy in pixels.
    """
    fx, fy, cx, cy = (float(value) for value in intrinsics)
    return np.asarray(rotation, np.float64) @ np.array([[1 / fx, 0, -cx / fx], [0, 1 / fy, -cy / fy], [0, 0, 1.0]])


def geometry_of(sight: Sight) -> NDArray[np.float32]:
    """(C, H, W) of `GEOMETRY`: what the network is told of the shape of the scene in every frame."""
    maps = np.empty((len(GEOMETRY), *sight.depth.shape), np.float32)
    _geometry(sight.depth, sight.ray_from_pixel, sight.far_metres, normals_of(sight), maps)
    maps[-1] = sight.is_outdoors
    return maps


GEOMETRY = ("near", "middle", "inverse", "sky", "height", "elevation", "upward", "outdoors")
"""exp(-d / 8 m), exp(-d / 40 m) and 1 / (1 + d) of the distance d, the sky, height over the eye in thirds of a metre,
sine of the ray's elevation, how far the surface faces up, -1..1, and whether the eye is under the open sky."""


def normals_of(sight: Sight) -> NDArray[np.float32]:
    """(H, W, 3) unit normals of surfaces, towards the eye; 0 for the sky."""
    normals = np.zeros((*sight.depth.shape, 3), np.float32)
    _normals(sight.depth, sight.ray_from_pixel, sight.far_metres, normals)
    return normals


@numba.njit(cache=True, error_model="numpy", nogil=True)
def ray_at(ray_from_pixel: NDArray[np.float64], u: int, v: int) -> tuple[float, float, float]:
    """Where the ray through the centre of pixel (u, v) is at depth 1 m."""
    m, x, y = ray_from_pixel, u + 0.5, v + 0.5
    return (
        m[0, 0] * x + m[0, 1] * y + m[0, 2],
        m[1, 0] * x + m[1, 1] * y + m[1, 2],
        m[2, 0] * x + m[2, 1] * y + m[2, 2],
    )


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _geometry(
    depth: NDArray[np.float32], rays: NDArray[np.float64], far: float, normals: NDArray[np.float32],
    maps: NDArray[np.float32],
) -> None:  # fmt: skip
    for v in range(depth.shape[0]):
        for u in range(depth.shape[1]):
            dx, dy, dz = ray_at(rays, u, v)
            norm = np.sqrt(dx * dx + dy * dy + dz * dz)
            distance = depth[v, u] * norm
            solid = 0.0 if depth[v, u] >= far - 0.5 else 1.0
            maps[0, v, u] = solid * np.exp(-distance / 8.0)
            maps[1, v, u] = solid * np.exp(-distance / 40.0)
            maps[2, v, u] = solid / (1.0 + distance)
            maps[3, v, u] = 1.0 - solid
            maps[4, v, u] = solid * min(9.0, max(-3.0, depth[v, u] * dz)) / 3.0
            maps[5, v, u] = dz / norm
            maps[6, v, u] = normals[v, u, 2]


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _normals(depth: NDArray[np.float32], rays: NDArray[np.float64], far: float, normals: NDArray[np.float32]) -> None:
    height, width = depth.shape
    across, down, here = np.empty(3), np.empty(3), np.empty(3)
    for v in range(height):
        for u in range(width):
            if depth[v, u] >= far - 0.5:
                continue
            _point(depth, rays, u, v, here)
            # towards the neighbour that is the nearer in depth: it is more likely to be of the same surface
            _point(depth, rays, _like(depth[v], u), v, across)
            _point(depth, rays, u, _like(depth[:, u], v), down)
            side = 1.0 if (_like(depth[v], u) > u) == (_like(depth[:, u], v) > v) else -1.0
            a, b = across - here, down - here
            n = np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]) * side
            length = np.sqrt((n * n).sum())
            if length > 1e-12:
                towards = -1.0 if (n * here).sum() > 0.0 else 1.0
                for c in range(3):
                    normals[v, u, c] = towards * n[c] / length


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _point(depth: NDArray[np.float32], rays: NDArray[np.float64], u: int, v: int, out: NDArray[np.float64]) -> None:
    dx, dy, dz = ray_at(rays, u, v)
    out[0], out[1], out[2] = depth[v, u] * dx, depth[v, u] * dy, depth[v, u] * dz


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _like(line: NDArray[np.float32], k: int) -> int:
    """The neighbour of number `k` whose value is nearer to its own."""
    if k == 0:
        return 1
    if k == len(line) - 1:
        return k - 1
    return k + 1 if abs(line[k + 1] - line[k]) < abs(line[k - 1] - line[k]) else k - 1
