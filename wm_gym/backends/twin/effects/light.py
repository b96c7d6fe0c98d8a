"""The light on each pixel from the sky, the lamps and the fires.

By day the textures are fully lit. Night removes most of that light and leaves blue; lamps then light warm pools, and
fires give light by day and by night. The sky at night is a dark gradient with fixed stars.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from wm_gym.appearance.particles import falloff, flicker, star
from wm_gym.backends.twin.effects.scene import Scene
from wm_gym.backends.twin.messages import Effect
from wm_gym.backends.twin.optics import apply
from wm_gym.backends.twin.raycast import SKY

_LAMP_COLOUR = (1.0, 0.72, 0.38)
_FIRE_COLOUR = (1.0, 0.52, 0.2)
_LAMP_RADIUS_METRES = 6.5
_LAMP_BRIGHTNESS = 1.3
_FIRE_RADIUS_METRES = 6.0
_DAY_FIRE = 0.4
_FLAME_HEIGHT_METRES = 0.9
_LAMP_DISTANCE_METRES = 45.0
_STAR_CELLS = 46.0


def draw_light(
    scene: Scene, daylight: NDArray[np.float64], lamps: float, fires: list[tuple[Effect, float]]
) -> NDArray[np.bool_]:
    """Light the scene.

    Args:
        scene: The frame; colour is changed in place, the sky by `scene.night`.
        daylight: (3,) share of the daylight that is left in red, green and blue; above 1 under a flash.
        lamps: Power of the lamps, 0..1.
        fires: Active bonfires and explosions with the brightness of each.

    Returns:
        (F, H, W) bool, the pixels whose colour each fire's light changes.
    """
    sources = _near_lamps(scene) if lamps > 0.0 else np.zeros((0, 3))
    flames = np.array([_flame(scene, effect) for effect, _ in fires]).reshape(-1, 3)
    brightness = np.array([value for _, value in fires])
    glowing = scene.mask_of("Bonfire") | (scene.mask_of("Lamp") if lamps > 0.0 else False)
    lit = np.zeros((len(fires), *scene.depth.shape), np.bool_)
    _light(
        scene.colour, scene.depth, scene.surface_ids, glowing, scene.eye, scene.ray_from_pixel, scene.far, scene.night,
        daylight, lamps, sources, flames, brightness, np.array(_LAMP_COLOUR), np.array(_FIRE_COLOUR), lit,
    )  # fmt: skip
    return lit


def fire_brightness(effect: Effect, t: int) -> float:
    """Brightness of a fire in frame t of the request: its strength with some flicker."""
    return effect.strengths[t] * flicker(effect.seed, effect.age_frames + t)


def _flame(scene: Scene, effect: Effect) -> NDArray[np.float64]:
    assert effect.position is not None
    return np.array(effect.position) / scene.ground.units + np.array([0.0, 0.0, _FLAME_HEIGHT_METRES])


def _near_lamps(scene: Scene) -> NDArray[np.float64]:
    lamps = scene.ground.lamps
    return np.ascontiguousarray(lamps[np.linalg.norm(lamps - scene.eye, axis=1) < _LAMP_DISTANCE_METRES])


@numba.njit(cache=True, error_model="numpy")
def _light(
    colour: NDArray[np.float32], depth: NDArray[np.float32], surface_ids: NDArray[np.int16],
    glowing: NDArray[np.bool_], eye: NDArray[np.float64], ray: NDArray[np.float64], far: float, night: float,
    daylight: NDArray[np.float64], power: float, lamps: NDArray[np.float64], fires: NDArray[np.float64],
    brightness: NDArray[np.float64], lamp_colour: NDArray[np.float64], fire_colour: NDArray[np.float64],
    lit: NDArray[np.bool_],
) -> None:  # fmt: skip
    height, width = depth.shape
    light = np.empty(3)
    for v in range(height):
        for u in range(width):
            if glowing[v, u]:
                continue
            dx, dy, dz = apply(ray, u + 0.5, v + 0.5)
            if surface_ids[v, u] == SKY and depth[v, u] >= far:
                if night > 0.0:
                    _night_sky(colour[v, u], dx, dy, dz, night)
                continue
            x, y, z = eye[0] + depth[v, u] * dx, eye[1] + depth[v, u] * dy, eye[2] + depth[v, u] * dz
            light[:] = daylight
            for i in range(lamps.shape[0]):
                pool = power * _LAMP_BRIGHTNESS * falloff(lamps[i], x, y, z, _LAMP_RADIUS_METRES)
                for c in range(3):
                    light[c] += pool * lamp_colour[c]
            for i in range(fires.shape[0]):
                pool = brightness[i] * (_DAY_FIRE + 0.85 * night) * falloff(fires[i], x, y, z, _FIRE_RADIUS_METRES)
                for c in range(3):
                    light[c] += pool * fire_colour[c]
                lit[i, v, u] = pool * (colour[v, u, 0] + 12.0) > 2.0
            for c in range(3):
                # a little of the light shows on black too
                colour[v, u, c] = min(255.0, colour[v, u, c] * light[c] + 10.0 * max(0.0, light[c] - 1.0))


@numba.njit(cache=True, error_model="numpy")
def _night_sky(pixel: NDArray[np.float32], dx: float, dy: float, dz: float, night: float) -> None:
    norm = np.sqrt(dx * dx + dy * dy + dz * dz)
    up = max(0.0, dz / norm)
    azimuth, height = np.arctan2(dy, dx) / np.pi * 2.0, np.arcsin(min(1.0, up)) / np.pi * 2.0
    # clouds of the painted sky stay visible as faint shapes
    cloud = 0.08 * (pixel[0] + pixel[1] + pixel[2]) / 3.0
    sky = (16.0 - 10.0 * up + cloud, 24.0 - 14.0 * up + cloud, 58.0 - 26.0 * up + cloud)
    light = 210.0 * star(azimuth * _STAR_CELLS, height * _STAR_CELLS)
    for c in range(3):
        pixel[c] = pixel[c] * (1.0 - night) + night * min(255.0, sky[c] + light)
