"""Soft discs drawn into a picture where nothing is nearer. The picture may hold colours or any other values."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from wm_gym.appearance.particles import Particles


def draw_particles(
    picture: NDArray[np.float32], depth: NDArray[np.float32], moving: NDArray[np.bool_], particles: Particles,
    eye: NDArray[np.float64], ray_from_pixel: NDArray[np.float64], *, writes_depth: bool = False,
    is_puff: bool = False,
) -> None:  # fmt: skip
    """Blend particles into a picture, one after another.

    Args:
        picture: (H, W, C), changed in place.
        depth: (H, W) planar metres; changed in place if the particles write depth.
        moving: (H, W) bool, set where particles cover more than a quarter.
        particles: M, whose values have C columns.
        eye: (3,) metres.
        ray_from_pixel: (3, 3) from (u, v, 1) to the point at depth 1 m, metres from the eye.
        writes_depth: Whether they hide what lies behind them, and are seen by depth.
        is_puff: Whether they are as large as they are and fade towards their rim, or specks of a few pixels.
    """
    pixels = (particles.points - eye) @ np.linalg.inv(ray_from_pixel).T
    radii = particles.radii / float(np.linalg.norm(ray_from_pixel[:, 0]))
    _splat(picture, depth, moving, pixels, particles.values, particles.alphas, radii, writes_depth, is_puff)


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _splat(
    picture: NDArray[np.float32], depth: NDArray[np.float32], moving: NDArray[np.bool_], pixels: NDArray[np.float64],
    values: NDArray[np.float64], alphas: NDArray[np.float64], radii_pixels_at_metre: NDArray[np.float64],
    writes_depth: bool, is_puff: bool,
) -> None:  # fmt: skip
    """Blend soft discs where the scene lies behind them; particles nearer than 0.6 m are left out.

    Specks are at most 2.2 pixels in radius.
    """
    height, width = depth.shape
    for i in range(pixels.shape[0]):
        distance = pixels[i, 2]
        if alphas[i] <= 0.003 or distance < 0.6:
            continue
        u, v = pixels[i, 0] / distance, pixels[i, 1] / distance
        # a particle smaller than a pixel keeps that size and becomes more transparent
        radius = radii_pixels_at_metre[i] / distance
        alpha = alphas[i] * min(1.0, (radius / 0.55) ** 2)
        radius = max(radius, 0.55) if is_puff else min(max(radius, 0.55), 2.2)
        if not (-radius < u < width + radius and -radius < v < height + radius):
            continue
        for row in range(max(0, int(v - radius - 1)), min(height, int(v + radius + 2))):
            for column in range(max(0, int(u - radius - 1)), min(width, int(u + radius + 2))):
                if depth[row, column] < distance:
                    continue
                offset = np.sqrt((column + 0.5 - u) ** 2 + (row + 0.5 - v) ** 2)
                rim = max(1.0, 0.8 * radius) if is_puff else 1.0
                share = alpha * min(1.0, max(0.0, radius + 0.5 - offset) / rim)
                if share <= 0.01:
                    continue
                for c in range(picture.shape[2]):
                    picture[row, column, c] += share * (values[i, c] - picture[row, column, c])
                if share > 0.25:
                    moving[row, column] = True
                    if writes_depth:
                        depth[row, column] = distance
