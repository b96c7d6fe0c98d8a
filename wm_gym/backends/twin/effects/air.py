"""Fog, hazes, lying snow and wet floors: each pixel is blended towards a colour of its own."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from wm_gym.appearance.chance import smooth_noise
from wm_gym.backends.twin.effects.scene import Scene
from wm_gym.backends.twin.messages import Effect
from wm_gym.backends.twin.optics import apply
from wm_gym.backends.twin.raycast import CEILING, FLOOR, SKY

_FOG_PER_METRE = 0.12
_SNOW_HAZE_PER_METRE = 0.022
_FOG_COLOUR = (198.0, 203.0, 208.0)
_SNOW_COLOUR = (236.0, 240.0, 247.0)
_RAIN_HAZE_PER_METRE = 0.018
_RAIN_COLOUR = (134.0, 142.0, 152.0)
_WET_COLOUR = (70.0, 78.0, 90.0)
_LYING_SNOW_FRAMES = 140.0


def draw_fog(scene: Scene, effect: Effect, t: int) -> None:
    """Fog whose opacity grows with distance along the ray and that hides the sky."""
    strength = effect.strengths[t]
    _haze(scene, strength * _FOG_PER_METRE, strength, _FOG_COLOUR)


def draw_lying_snow(scene: Scene, effect: Effect, t: int) -> None:
    """Snow on floors under the open sky, in patches that grow together from the onset on."""
    age = min(1.0, max(0, effect.age_frames + t) / _LYING_SNOW_FRAMES)
    _cover_floors(scene, effect.strengths[t] * (0.12 + 0.88 * age), effect.seed, np.array(_SNOW_COLOUR))


def draw_snow_cover(scene: Scene, effect: Effect, t: int) -> None:
    """Snow that covers all floors under the open sky, without flakes."""
    _cover_floors(scene, 1.2 * effect.strengths[t], effect.seed, np.array(_SNOW_COLOUR))


def draw_wet_floors(scene: Scene, effect: Effect, t: int) -> None:
    """Floors under the open sky darken in the rain, in puddles the most."""
    wet = np.array(_WET_COLOUR) * (1.0 - 0.8 * scene.night)
    _cover_floors(scene, 0.45 * effect.strengths[t], effect.seed, wet)


def draw_rain_haze(scene: Scene, effect: Effect, t: int) -> None:
    """The grey of falling rain, which also hides part of the sky."""
    strength = effect.strengths[t]
    _haze(scene, strength * _RAIN_HAZE_PER_METRE, 0.7 * strength, _RAIN_COLOUR)


def draw_snow_haze(scene: Scene, effect: Effect, t: int) -> None:
    """The haze of falling snow."""
    strength = effect.strengths[t]
    _haze(scene, strength * _SNOW_HAZE_PER_METRE, 0.55 * strength, _FOG_COLOUR)


def _cover_floors(scene: Scene, cover: float, seed: int, colour: NDArray[np.float64]) -> None:
    """Blend floors under the open sky towards a colour, in patches that grow together as `cover` does."""
    _cover(
        scene.colour, scene.surface_ids, scene.instances, scene.eye, scene.ray_from_pixel, scene.depth,
        scene.ground.surfaces.sky, cover, seed, colour,
    )  # fmt: skip


def _haze(scene: Scene, per_metre: float, sky_share: float, colour: tuple[float, float, float]) -> None:
    dark = 1.0 - 0.86 * scene.night
    pale = np.array(colour) * np.array([dark, dark, min(1.0, dark * 1.12)])
    _blend_by_distance(scene.colour, scene.depth, scene.ray_from_pixel, per_metre, scene.far, sky_share, pale)


@numba.njit(cache=True, error_model="numpy")
def _blend_by_distance(
    colour: NDArray[np.float32], depth: NDArray[np.float32], ray: NDArray[np.float64], per_metre: float, far: float,
    sky_share: float, pale: NDArray[np.float64],
) -> None:  # fmt: skip
    for v in range(depth.shape[0]):
        for u in range(depth.shape[1]):
            share = sky_share
            if depth[v, u] < far:
                dx, dy, dz = apply(ray, u + 0.5, v + 0.5)
                share = 1.0 - np.exp(-per_metre * depth[v, u] * np.sqrt(dx * dx + dy * dy + dz * dz))
            for c in range(3):
                colour[v, u, c] += share * (pale[c] - colour[v, u, c])


@numba.njit(cache=True, error_model="numpy")
def _cover(
    colour: NDArray[np.float32], surface_ids: NDArray[np.int16], instances: NDArray[np.uint8],
    eye: NDArray[np.float64], ray: NDArray[np.float64], depth: NDArray[np.float32], sky: NDArray[np.bool_],
    cover: float, seed: int, target: NDArray[np.float64],
) -> None:  # fmt: skip
    for v in range(depth.shape[0]):
        for u in range(depth.shape[1]):
            surface = surface_ids[v, u]
            if instances[v, u] != 0 or surface == SKY or surface < FLOOR or surface >= CEILING:
                continue
            if not sky[surface - FLOOR]:
                continue
            dx, dy, _ = apply(ray, u + 0.5, v + 0.5)
            x, y = eye[0] + depth[v, u] * dx, eye[1] + depth[v, u] * dy
            patch = 0.65 * smooth_noise(seed, x * 0.7, y * 0.7) + 0.35 * smooth_noise(seed + 1, x * 2.3, y * 2.3)
            share = min(1.0, max(0.0, 1.9 * cover - patch)) * min(1.0, 4.0 * cover) * 0.92
            for c in range(3):
                colour[v, u, c] += share * (target[c] - colour[v, u, c])
