"""Objects of tasks, such as coins and balls, cast into frames and depth by the ray of every pixel.

They are no part of a world: a task names them, memory never sees them. The frame's own depth hides what is behind it,
so they look alike in every backend. Light, weather and fog do not fall on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from wm_gym.world.state import Outcome

SHAPES: dict[str, float] = {"ball": 1.0, "cube": 1.0, "cone": 1.25, "pillar": 3.0, "coin": 1.0}
"""Shape to half its height, in radii. A coin stands on its edge; a cube's radius is half its side."""

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "green": (38, 160, 70),
    "blue": (40, 90, 220),
    "yellow": (240, 205, 40),
    "gold": (235, 175, 45),
}
"""Colour to red, green, blue."""

_CODES = {shape: code for code, shape in enumerate(SHAPES)}
_BALL, _CUBE, _CONE, _PILLAR, _COIN = range(len(SHAPES))
_COIN_HALF_THICKNESS = 0.2
"""In radii."""
_NEAREST_METRES, _SAMPLES = 0.05, 3
_LIGHT = (-0.35, 0.45, 0.82)
_DARKEST = 0.6


@dataclass(frozen=True)
class Marker:
    """One object.

    Attributes:
        shape: A key of `SHAPES`.
        colour: A key of `COLOURS`.
        position: x, y, z of its middle in metres, world frame.
        radius_metres: Half its width.
        heading_radians: Where a cube's side or a coin's face looks, counter-clockwise from x.
    """

    shape: str
    colour: str
    position: tuple[float, float, float]
    radius_metres: float
    heading_radians: float = 0.0

    @classmethod
    def standing(
        cls, shape: str, colour: str, spot: tuple[float, float], floor_z: float, radius_metres: float
    ) -> Marker:
        """One that stands on the floor at a spot x, y."""
        return cls(shape, colour, (*spot, floor_z + SHAPES[shape] * radius_metres), radius_metres)


def draw_markers(outcome: Outcome, markers: Sequence[Marker]) -> Outcome:
    """The outcome with markers in all its frames; the same object where none is seen.

    A pixel's depth is that of the marker where the ray of its middle meets it. The edges of colours are smooth.

    Args:
        outcome: Of one world.
        markers: What stands in it.
    """
    chunk = outcome.chunk
    assert chunk.depth is not None and chunk.moving is not None and chunk.world_from_camera is not None
    if not markers:
        return outcome
    rows = np.array([_row(one) for one in markers])
    poses = np.ascontiguousarray(chunk.world_from_camera[0].double().numpy())
    lens = outcome.intrinsics[0].double().numpy()
    frames, depth, moving = (part.clone() for part in (chunk.frames, chunk.depth, chunk.moving))
    seen = [
        _draw(frames[0, t].numpy(), depth[0, t].numpy(), moving[0, t].numpy(), pose, lens, rows)
        for t, pose in enumerate(poses)
    ]
    return replace(outcome, chunk=replace(chunk, frames=frames, depth=depth, moving=moving)) if any(seen) else outcome


def _row(marker: Marker) -> NDArray[np.float64]:
    radius, turn = marker.radius_metres, marker.heading_radians
    half = radius * (_COIN_HALF_THICKNESS if marker.shape == "coin" else SHAPES[marker.shape])
    numbers = _CODES[marker.shape], *marker.position, radius, half, np.cos(turn), np.sin(turn)
    return np.array([*numbers, *COLOURS[marker.colour]], np.float64)


@njit(nogil=True, cache=True, error_model="numpy")
def _draw(frame, depth, moving, pose, lens, rows):
    """Lay markers into one frame; whether any is seen.

    Args:
        frame: (H, W, 3) uint8, changed in place.
        depth: (H, W) float32 planar metres, 0 where unknown, changed in place.
        moving: (H, W) bool, changed in place.
        pose: (4, 4) world_from_camera.
        lens: (4,) fx, fy, cx, cy in pixels.
        rows: (M, 11) code of shape, x, y, z, radius, half height, cos and sin of the heading, red, green, blue.
    """
    height, width = depth.shape
    boxes = np.empty((len(rows), 4), np.int64)
    for m in range(len(rows)):
        boxes[m] = _box(rows[m], pose, lens, height, width)
    is_any, near = False, np.empty(len(rows), np.int64)
    for v in range(height):
        for u in range(width):
            count = 0
            for m in range(len(rows)):
                if boxes[m, 0] <= v < boxes[m, 1] and boxes[m, 2] <= u < boxes[m, 3]:
                    near[count] = m
                    count += 1
            if count:
                is_any |= _draw_pixel(frame[v, u], depth, moving, v, u, pose, lens, rows, near[:count])
    return is_any


@njit(nogil=True, cache=True, error_model="numpy")
def _box(row, pose, lens, height, width):
    """First and last rows and columns of pixels in which a marker can be: those of a ball around it."""
    reach, box = 1.5 * max(row[4], row[5]), np.array([0, height, 0, width])
    away = row[1:4] - pose[:3, 3]
    ahead = pose[0, 2] * away[0] + pose[1, 2] * away[1] + pose[2, 2] * away[2]
    if ahead + reach < _NEAREST_METRES:
        return np.zeros(4, np.int64)
    nearest = ahead - reach
    if nearest < _NEAREST_METRES:
        return box
    for axis in range(2):
        across = pose[0, axis] * away[0] + pose[1, axis] * away[1] + pose[2, axis] * away[2]
        focal, middle, most = lens[axis], lens[2 + axis], (width, height)[axis]
        low = min((across - reach) / nearest, (across - reach) / (ahead + reach))
        high = max((across + reach) / nearest, (across + reach) / (ahead + reach))
        box[2 - 2 * axis] = max(0, int(np.floor(middle + focal * low)))
        box[3 - 2 * axis] = max(0, min(most, int(np.ceil(middle + focal * high))))
    return box


@njit(nogil=True, cache=True, error_model="numpy")
def _draw_pixel(colour, depth, moving, v, u, pose, lens, rows, near):
    """One pixel: its colour is the mean of samples, its depth that of its middle."""
    behind, hits, metres = depth[v, u], 0, np.inf
    mixed = np.zeros(3)
    for i in range(_SAMPLES):
        for j in range(_SAMPLES):
            x = (u + (j + 0.5) / _SAMPLES - lens[2]) / lens[0]
            y = (v + (i + 0.5) / _SAMPLES - lens[3]) / lens[1]
            nearest, shade, which = np.inf, 0.0, -1
            for m in near:
                t, light = _meet(rows[m], pose, x, y)
                if t < nearest:
                    nearest, shade, which = t, light, m
            if which < 0 or 0.0 < behind <= nearest:
                continue
            hits += 1
            for c in range(3):
                mixed[c] += shade * rows[which, 8 + c]
            if i == j == _SAMPLES // 2:
                metres = nearest
    if not hits:
        return False
    share = 1.0 / (_SAMPLES * _SAMPLES)
    for c in range(3):
        colour[c] = np.uint8(np.rint(share * mixed[c] + (1.0 - share * hits) * colour[c]))
    if metres < np.inf:
        depth[v, u], moving[v, u] = metres, False
    return True


@njit(nogil=True, cache=True, error_model="numpy")
def _meet(row, pose, x, y):
    """Planar depth at which the ray (x, y, 1) of a camera meets a marker, infinite where it does not, and the shade."""
    cos, sin = row[6], row[7]
    ox, oy, oz = pose[0, 3] - row[1], pose[1, 3] - row[2], pose[2, 3] - row[3]
    dx = pose[0, 0] * x + pose[0, 1] * y + pose[0, 2]
    dy = pose[1, 0] * x + pose[1, 1] * y + pose[1, 2]
    dz = pose[2, 0] * x + pose[2, 1] * y + pose[2, 2]
    # into the marker's own frame, in which a coin lies flat
    ox, oy, dx, dy = cos * ox + sin * oy, cos * oy - sin * ox, cos * dx + sin * dy, cos * dy - sin * dx
    shape, radius, half = int(row[0]), row[4], row[5]
    if shape == _COIN:
        ox, oz, dx, dz = oz, -ox, dz, -dx
    t = _enter(shape, ox, oy, oz, dx, dy, dz, radius, half)
    if t == np.inf:
        return t, 0.0
    nx, ny, nz = _normal(shape, ox + t * dx, oy + t * dy, oz + t * dz, radius, half)
    if shape == _COIN:
        nx, nz = -nz, nx
    lit = (cos * nx - sin * ny) * _LIGHT[0] + (sin * nx + cos * ny) * _LIGHT[1] + nz * _LIGHT[2]
    return t, _DARKEST + (1.0 - _DARKEST) * (0.5 + 0.5 * lit)  # what looks away from the light is not flat either


@njit(nogil=True, cache=True, error_model="numpy")
def _enter(shape, ox, oy, oz, dx, dy, dz, radius, half):
    """Where a ray enters a solid around the origin; infinite where it does not."""
    if shape == _CONE:
        return _enter_cone(ox, oy, oz, dx, dy, dz, radius, half)
    if shape == _BALL:
        first, last = _within_quadratic(
            dx * dx + dy * dy + dz * dz, ox * dx + oy * dy + oz * dz, ox * ox + oy * oy + oz * oz - radius * radius
        )
    else:
        first, last = _within_slab(oz, dz, half)
        if shape == _CUBE:
            for o, d in ((ox, dx), (oy, dy)):
                low, high = _within_slab(o, d, radius)
                first, last = max(first, low), min(last, high)
        else:
            low, high = _within_quadratic(dx * dx + dy * dy, ox * dx + oy * dy, ox * ox + oy * oy - radius * radius)
            first, last = max(first, low), min(last, high)
    return first if _NEAREST_METRES < first <= last else np.inf


@njit(nogil=True, cache=True, error_model="numpy")
def _within_slab(o, d, half):
    """The part of a ray in which -half <= o + t d <= half."""
    if d == 0.0:
        return (-np.inf, np.inf) if abs(o) <= half else (np.inf, -np.inf)
    one, other = (-half - o) / d, (half - o) / d
    return min(one, other), max(one, other)


@njit(nogil=True, cache=True, error_model="numpy")
def _within_quadratic(a, b, c):
    """The part of a ray in which a t^2 + 2 b t + c <= 0, for a >= 0."""
    if a == 0.0:
        return (-np.inf, np.inf) if c <= 0.0 else (np.inf, -np.inf)
    under = b * b - a * c
    if under < 0.0:
        return np.inf, -np.inf
    root = np.sqrt(under)
    return (-b - root) / a, (-b + root) / a


@njit(nogil=True, cache=True, error_model="numpy")
def _enter_cone(ox, oy, oz, dx, dy, dz, radius, half):
    """As `_enter`, for a cone that stands on its base, its point at +half."""
    best, slope = np.inf, radius / (2.0 * half)
    rise, grade = slope * (half - oz), -slope * dz
    a, b, c = dx * dx + dy * dy - grade * grade, ox * dx + oy * dy - rise * grade, ox * ox + oy * oy - rise * rise
    under = b * b - a * c
    if a != 0.0 and under >= 0.0:
        for sign in (-1.0, 1.0):
            t = (-b + sign * np.sqrt(under)) / a
            if _NEAREST_METRES < t < best and abs(oz + t * dz) <= half:
                best = t
    if dz != 0.0:
        t = (-half - oz) / dz
        if _NEAREST_METRES < t < best and (ox + t * dx) ** 2 + (oy + t * dy) ** 2 <= radius * radius:
            best = t
    return best


@njit(nogil=True, cache=True, error_model="numpy")
def _normal(shape, x, y, z, radius, half):
    """The outward normal of a solid at a point of its surface."""
    if shape == _BALL:
        return x / radius, y / radius, z / radius
    if abs(z) >= half * (1.0 - 1e-6):
        return 0.0, 0.0, 1.0 if z > 0.0 else -1.0
    if shape == _CUBE:
        return (np.sign(x), 0.0, 0.0) if abs(x) > abs(y) else (0.0, np.sign(y), 0.0)
    across = max(np.sqrt(x * x + y * y), 1e-9)
    if shape == _CONE:
        long = np.sqrt(radius * radius + 4.0 * half * half)
        return 2.0 * half * x / (across * long), 2.0 * half * y / (across * long), radius / long
    return x / across, y / across, 0.0
