"""Hours and storm: what is left of the daylight on surfaces, and the colours of the sky.

Dusk, dawn and storm dim all surfaces alike, as night does. Golden light comes from a low sun whose azimuth follows from
the event's seed: outdoor walls that face it brighten, the others and the floor fall into a warm shade. Nothing casts a
shadow on anything else. The sky keeps the shapes of its painted clouds.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from wm_gym.appearance import particles
from wm_gym.backends.twin.effects.scene import Scene
from wm_gym.backends.twin.messages import Effect
from wm_gym.backends.twin.optics import apply
from wm_gym.backends.twin.raycast import CEILING, FLOOR, SKY

# daylight that each hour takes away in red, green and blue
_TAKEN = {"night": (0.83, 0.79, 0.63), "dusk": (0.34, 0.48, 0.42), "dawn": (0.2, 0.3, 0.16), "storm": (0.5, 0.47, 0.42)}
_HORIZON_AND_TOP = {
    "dusk": ((255.0, 138.0, 72.0), (74.0, 62.0, 118.0)),
    "dawn": ((255.0, 190.0, 176.0), (142.0, 168.0, 214.0)),
    "golden_light": ((255.0, 214.0, 140.0), (150.0, 180.0, 206.0)),
    "storm": ((104.0, 110.0, 118.0), (58.0, 62.0, 72.0)),
}
HOURS = tuple(_TAKEN)
SKIES = tuple(_HORIZON_AND_TOP)

_FLASH_BRIGHTNESS = 0.85
_SUN_COLOUR, _SHADE_COLOUR = (1.42, 1.16, 0.74), (0.8, 0.72, 0.66)


def daylight(effects: list[Effect], t: int) -> NDArray[np.float64]:
    """(3,) share of the daylight that reaches surfaces in red, green and blue under these events."""
    left = np.ones(3)
    for effect in effects:
        left *= 1.0 - effect.strengths[t] * np.array(_TAKEN[effect.kind])
    return left + sum(_FLASH_BRIGHTNESS * flash(effect, t) for effect in effects if effect.kind == "storm")


def flash(effect: Effect, t: int) -> float:
    """Brightness of a storm's lightning in frame t of the request, 0..1."""
    return effect.strengths[t] * particles.flash(effect.seed, effect.age_frames + t)


def draw_sky(scene: Scene, effect: Effect, t: int) -> None:
    """The sky of an hour or a storm: from one colour at the horizon to another overhead."""
    horizon, top = (np.array(colour) for colour in _HORIZON_AND_TOP[effect.kind])
    lit = 120.0 * flash(effect, t) if effect.kind == "storm" else 0.0
    dark = 1.0 - 0.9 * scene.night
    _grade_sky(
        scene.colour, scene.depth, scene.surface_ids, scene.ray_from_pixel, scene.far, effect.strengths[t],
        (horizon + lit) * dark, (top + lit) * dark,
    )  # fmt: skip


def draw_golden_light(scene: Scene, effect: Effect, t: int) -> None:
    """A low sun on outdoor walls and floors, by the direction in which each wall faces."""
    sun = particles.sun_of(effect.seed)
    s = scene.ground.surfaces
    _gild(
        scene.colour, scene.surface_ids, scene.instances, s.lines, s.sides, s.sky, scene.eye * scene.ground.units, sun,
        effect.strengths[t], np.array(_SUN_COLOUR), np.array(_SHADE_COLOUR),
    )  # fmt: skip


@numba.njit(cache=True, error_model="numpy")
def _grade_sky(
    colour: NDArray[np.float32], depth: NDArray[np.float32], surface_ids: NDArray[np.int16], ray: NDArray[np.float64],
    far: float, strength: float, horizon: NDArray[np.float64], top: NDArray[np.float64],
) -> None:  # fmt: skip
    for v in range(depth.shape[0]):
        for u in range(depth.shape[1]):
            if surface_ids[v, u] != SKY or depth[v, u] < far:
                continue
            dx, dy, dz = apply(ray, u + 0.5, v + 0.5)
            up = min(1.0, 2.2 * max(0.0, dz / np.sqrt(dx * dx + dy * dy + dz * dz)))
            # how far a painted cloud stands out from the blue
            cloud = 0.25 * (colour[v, u, 0] - 150.0)
            for c in range(3):
                graded = min(255.0, max(0.0, horizon[c] + up * (top[c] - horizon[c]) + cloud))
                colour[v, u, c] += strength * (graded - colour[v, u, c])


@numba.njit(cache=True, error_model="numpy")
def _gild(
    colour: NDArray[np.float32], surface_ids: NDArray[np.int16], instances: NDArray[np.uint8],
    lines: NDArray[np.float64], sides: NDArray[np.int32], sky: NDArray[np.bool_], eye: NDArray[np.float64],
    sun: NDArray[np.float64], strength: float, sun_colour: NDArray[np.float64], shade_colour: NDArray[np.float64],
) -> None:  # fmt: skip
    for v in range(surface_ids.shape[0]):
        for u in range(surface_ids.shape[1]):
            surface = surface_ids[v, u]
            if surface == SKY or surface >= CEILING:
                continue
            facing = 0.5
            if instances[v, u] == 0 and surface >= FLOOR:
                if not sky[surface - FLOOR]:
                    continue
                facing = 1.6 * sun[2]
            elif instances[v, u] == 0:
                outdoors, facing = _faces(lines[surface], sides[surface], sky, eye, sun)
                if not outdoors:
                    continue
            for c in range(3):
                light = shade_colour[c] + facing * (sun_colour[c] - shade_colour[c])
                colour[v, u, c] = min(255.0, colour[v, u, c] * (1.0 + strength * (light - 1.0)))


@numba.njit(cache=True, error_model="numpy")
def _faces(
    line: NDArray[np.float64], sides: NDArray[np.int32], sky: NDArray[np.bool_], eye: NDArray[np.float64],
    sun: NDArray[np.float64],
) -> tuple[bool, float]:  # fmt: skip
    """Whether the side of a wall that the eye sees is outdoors, and the cosine of the sun on it, 0..1."""
    dx, dy = line[2] - line[0], line[3] - line[1]
    is_front = dx * (eye[1] - line[1]) - dy * (eye[0] - line[0]) < 0.0
    sector = sides[0] if is_front else sides[1]
    length = np.sqrt(dx * dx + dy * dy)
    sign = 1.0 if is_front else -1.0
    cosine = sign * (dy * sun[0] - dx * sun[1]) / length
    return bool(sector >= 0 and sky[sector]), max(0.0, cosine)
