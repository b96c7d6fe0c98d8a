"""Autumn: greens turn to ochre and red, and fallen leaves lie on floors under the open sky."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from wm_gym.appearance.chance import chance, smooth_noise
from wm_gym.backends.twin.effects.scene import Scene
from wm_gym.backends.twin.messages import Effect
from wm_gym.backends.twin.optics import apply
from wm_gym.backends.twin.raycast import CEILING, FLOOR

_LEAVES = np.array([[206.0, 132.0, 44.0], [186.0, 78.0, 40.0], [222.0, 178.0, 66.0]])
_LEAF_METRES = 0.16
_LEAF_SHARE = 0.12
_GRASS = np.array([176.0, 152.0, 74.0])


def draw_autumn(scene: Scene, effect: Effect, t: int) -> None:
    """Foliage in three leaf colours, grass to straw, single leaves on the ground within 12 m."""
    strength, s = effect.strengths[t], scene.ground.surfaces
    _redden(
        scene.colour, scene.depth, scene.surface_ids, scene.instances, scene.eye, scene.ray_from_pixel, s.sky,
        strength, effect.seed, _LEAVES, _GRASS,
    )  # fmt: skip


@numba.njit(cache=True, error_model="numpy")
def _redden(
    colour: NDArray[np.float32], depth: NDArray[np.float32], surface_ids: NDArray[np.int16],
    instances: NDArray[np.uint8], eye: NDArray[np.float64], ray: NDArray[np.float64], sky: NDArray[np.bool_],
    strength: float, seed: int, leaves: NDArray[np.float64], grass: NDArray[np.float64],
) -> None:  # fmt: skip
    for v in range(depth.shape[0]):
        for u in range(depth.shape[1]):
            surface, thing = surface_ids[v, u], instances[v, u]
            is_floor = thing == 0 and FLOOR <= surface < CEILING and sky[surface - FLOOR]
            if thing == 0 and not is_floor:
                continue
            red, green, blue = colour[v, u, 0], colour[v, u, 1], colour[v, u, 2]
            dx, dy, _ = apply(ray, u + 0.5, v + 0.5)
            x, y = eye[0] + depth[v, u] * dx, eye[1] + depth[v, u] * dy
            if green > 1.12 * red and green > 1.12 * blue:
                leaf = leaves[int(2.999 * smooth_noise(seed + 7, x * 0.35, y * 0.35))]
                for c in range(3):
                    target = (grass[c] if is_floor else leaf[c]) * (0.35 + 0.65 * green / 190.0)
                    colour[v, u, c] += strength * (min(255.0, target) - colour[v, u, c])
            if is_floor and depth[v, u] < 12.0:
                key = (int(np.floor(x / _LEAF_METRES)) + 32768) * 65536 + int(np.floor(y / _LEAF_METRES)) + 32768
                if chance(seed, key, 5) < _LEAF_SHARE * strength:
                    leaf = leaves[int(2.999 * chance(seed, key, 6))]
                    for c in range(3):
                        colour[v, u, c] += 0.85 * (leaf[c] - colour[v, u, c])
