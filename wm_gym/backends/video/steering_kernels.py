"""`steering.steer`, compiled for the CPU: a few dozen numbers for each world, one after another, in float64.

Knows nothing of models.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

SMALL_ANGLE_SQUARED = 1e-3
"""Below it a power series replaces a quotient that loses its digits."""


@njit(nogil=True, cache=True, error_model="numpy")
def steer_all(path, origin, intrinsics, keys, grid, patch, near_metres, camera, action):
    """Camera and action of the L latent frames of a chunk, of T frames each.

    Args:
        path: (N, 1 + L * T, 4, 4) float32 world_from_camera of the frame before the chunk, then of its frames.
        origin: (N, 4, 4) float32 world_from_camera of the camera in whose frame rays are expressed.
        intrinsics: (N, 4) float32 fx, fy, cx, cy in pixels.
        keys: (N, L * T, 8) bool.
        grid: Rows and columns of tokens.
        patch: Pixels along a token's side.
        near_metres: As in `steering.compressed`; 0: distances from the origin are not compressed.
        camera: (N, L, S, T * 6) float32, filled with the rays of tokens.
        action: (N, L, T * 6 + 8) float32, filled with twists, scaled to about one, and keys.
    """
    num_frames = camera.shape[3] // 6
    for n in range(path.shape[0]):
        action[n, :, 6 * num_frames :] = 0.0
        for f in range(keys.shape[1]):
            chunk, first = f // num_frames, 6 * (f % num_frames)
            rotation, place = _between(origin[n], path[n, f + 1])
            if near_metres > 0.0:
                _compress(place, near_metres)
            _rays(rotation, place, intrinsics[n], grid, patch, camera[n, chunk, :, first : first + 6])
            _twist(*_between(path[n, f], path[n, f + 1]), action[n, chunk, first : first + 6])
            for key in range(keys.shape[2]):
                action[n, chunk, 6 * num_frames + key] += np.float32(keys[n, f, key]) / np.float32(num_frames)


@njit(nogil=True, cache=True, error_model="numpy")
def _between(world_from_a, world_from_b):
    """Rotation (3, 3) and translation (3,) of a_from_b."""
    rotation, translation = np.zeros((3, 3)), np.zeros(3)
    for i in range(3):
        for k in range(3):
            translation[i] += world_from_a[k, i] * (np.float64(world_from_b[k, 3]) - world_from_a[k, 3])
            for j in range(3):
                rotation[i, j] += np.float64(world_from_a[k, i]) * world_from_b[k, j]
    return rotation, translation


@njit(nogil=True, cache=True, error_model="numpy")
def _compress(place, near_metres):
    """Shorten a translation (3,) in place, as `steering.compressed`."""
    far = math.sqrt(place[0] ** 2 + place[1] ** 2 + place[2] ** 2) / near_metres
    if far > 1e-6:
        place *= math.log1p(far) / far


@njit(nogil=True, cache=True, error_model="numpy")
def _rays(rotation, place, intrinsics, grid, patch, rays):
    """Moment and unit direction of the middle of each token of one frame, to `rays` (S, 6)."""
    direction = np.empty(3)
    for s in range(grid[0] * grid[1]):
        x = ((s % grid[1] + 0.5) * patch - intrinsics[2]) / intrinsics[0]
        y = ((s // grid[1] + 0.5) * patch - intrinsics[3]) / intrinsics[1]
        length = math.sqrt(x * x + y * y + 1.0)
        for i in range(3):
            direction[i] = (rotation[i, 0] * x + rotation[i, 1] * y + rotation[i, 2]) / length
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            rays[s, i] = place[j] * direction[k] - place[k] * direction[j]
            rays[s, 3 + i] = direction[i]


@njit(nogil=True, cache=True, error_model="numpy")
def _twist(rotation, translation, twist):
    """Ten times the twist of a pose, linear, then angular, to `twist` (6,); formulas as of `poses.log`."""
    angular = _rotation_vector(rotation)
    square = angular[0] ** 2 + angular[1] ** 2 + angular[2] ** 2
    once, twice = _cross(angular, translation), _cross(angular, _cross(angular, translation))
    factor = 1.0 / 12.0 + square * (1.0 / 720.0 + square / 30240.0)
    if square >= SMALL_ANGLE_SQUARED:
        half = math.sqrt(square) / 2.0
        factor = (1.0 - half * math.cos(half) / math.sin(half)) / square
    for i in range(3):
        twist[i] = 10.0 * (translation[i] - 0.5 * once[i] + factor * twice[i])
        twist[3 + i] = 10.0 * angular[i]


@njit(nogil=True, cache=True, error_model="numpy")
def _cross(a, b):
    """The cross product of two vectors (3,)."""
    return np.array((a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]))


@njit(nogil=True, cache=True, error_model="numpy")
def _rotation_vector(r):
    """Axis times angle (3,) of a rotation (3, 3), by its quaternion. Source: Shepperd 1978."""
    wx, wy, wz = r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]
    xy, xz, yz = r[1, 0] + r[0, 1], r[0, 2] + r[2, 0], r[2, 1] + r[1, 2]
    a, e, i = r[0, 0], r[1, 1], r[2, 2]
    rows = np.array(
        (
            (1 + a + e + i, wx, wy, wz), (wx, 1 + a - e - i, xy, xz),
            (wy, xy, 1 - a + e - i, yz), (wz, xz, yz, 1 - a - e + i),
        )
    )  # fmt: skip
    row = rows[np.argmax(np.diag(rows))]
    if row[0] < 0:
        row = -row
    sine = math.sqrt(row[1] ** 2 + row[2] ** 2 + row[3] ** 2)
    return row[1:] * (2.0 * math.atan2(sine, row[0]) / sine if sine > 1e-12 else 0.0)
