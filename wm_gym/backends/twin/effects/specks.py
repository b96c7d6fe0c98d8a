"""Particles in the twin's own colours: snowflakes, raindrops, sparks and puffs of smoke, drawn as soft discs.

Each particle has a position in the world, so it stays there while the camera moves, and nearer surfaces occlude it.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from wm_gym.appearance import particles as motion
from wm_gym.appearance.particles import Particles
from wm_gym.appearance.splatting import draw_particles
from wm_gym.backends.twin.effects.scene import Scene
from wm_gym.backends.twin.messages import Effect
from wm_gym.backends.twin.raycast import sector_at_point

_PUFF_GREY, _PUFF_DARK = 158.0, 62.0
_GLOW_DISTANCE_METRES = 30.0
_COOL, _HOT = np.array([120.0, 40.0, 20.0]), np.array([255.0, 230.0, 110.0])


def draw_flakes(scene: Scene, effect: Effect, t: int) -> None:
    """Falling flakes under the open sky; they do not change depth."""
    points = motion.flake_points(effect.seed, effect.age_frames + t, scene.eye)
    shade = 250.0 * (1.0 - 0.55 * scene.night)
    _draw_falling(scene, points, shade, 0.95 * effect.strengths[t], motion.FLAKE_RADIUS_METRES)


def draw_rain(scene: Scene, effect: Effect, t: int) -> None:
    """Streaks of rain under the open sky; they do not change depth."""
    points = motion.drop_points(effect.seed, effect.age_frames + t, scene.eye)
    shade = 205.0 * (1.0 - 0.6 * scene.night)
    _draw_falling(scene, points, shade, 0.8 * effect.strengths[t], motion.DROP_RADIUS_METRES)


def draw_smoke(scene: Scene, effect: Effect, t: int) -> None:
    """Puffs that rise from the event's position, grow, drift and thin out; they do not change depth."""
    seconds = max(0, effect.age_frames + t) / motion.FRAMES_PER_SECOND
    _draw_smoke(scene, motion.puffs(effect.seed, seconds, _position(scene, effect)), effect.strengths[t], _PUFF_GREY)


def draw_explosion(scene: Scene, effect: Effect, t: int) -> None:
    """A ball of fire within a second of the onset, sparks around it, and dark smoke that is gone after six."""
    frame, position = effect.age_frames + t, _position(scene, effect)
    if not motion.explosion_left(frame):
        return
    _draw_smoke(scene, motion.explosion_smoke(effect.seed, frame, position), effect.strengths[t], _PUFF_DARK)
    lumps, sparks = motion.fireball(effect.seed, frame, position)
    for burning, is_puff in ((lumps, True), (sparks, False)):
        colours = _COOL + burning.values * (_HOT - _COOL)
        made = Particles(burning.points, effect.strengths[t] * burning.alphas, colours, burning.radii)
        _draw(scene, made, writes_depth=True, is_puff=is_puff)


def draw_lamp_glow(scene: Scene, power: float) -> None:
    """A warm glow around each lamp; it does not change depth."""
    lamps = scene.ground.lamps
    near = lamps[np.linalg.norm(lamps - scene.eye, axis=1) < _GLOW_DISTANCE_METRES] if power > 0.0 else lamps[:0]
    if len(near):
        tint = np.tile(np.array([255.0, 226.0, 158.0]), (len(near), 1))
        glow = Particles(near, np.full(len(near), 0.85 * power), tint, np.full(len(near), 0.38))
        _draw(scene, glow, is_puff=True)


def explosion_light(effect: Effect, t: int) -> float:
    """Brightness of an explosion as a fire, in frame t of the request."""
    return effect.strengths[t] * motion.blast_light(effect.age_frames + t)


def draw_fireworks(scene: Scene, effect: Effect, t: int) -> None:
    """Bursts round the event's position, smaller under a ceiling; sparks change depth."""
    assert effect.position is not None
    sector = scene.ground.surfaces.sector_at(effect.position[0], effect.position[1])
    outdoors = sector >= 0 and bool(scene.ground.surfaces.sky[sector])
    made = motion.sparks(effect.seed, effect.age_frames + t, _position(scene, effect), outdoors)
    alight = Particles(made.points, made.alphas * effect.strengths[t], made.values, made.radii)
    _draw(scene, alight, writes_depth=True)


def _position(scene: Scene, effect: Effect) -> NDArray[np.float64]:
    """(3,) where the event is, map metres."""
    assert effect.position is not None
    return np.array(effect.position) / scene.ground.units


def _draw_smoke(scene: Scene, smoke: Particles, strength: float, grey: float) -> None:
    shade = grey * (1.0 - 0.7 * scene.night)
    tints = np.repeat(shade * smoke.values, 3, axis=1)
    _draw(scene, Particles(smoke.points, strength * smoke.alphas, tints, smoke.radii), is_puff=True)


def _draw_falling(scene: Scene, points: NDArray[np.float64], shade: float, alpha: float, radius: float) -> None:
    """Grey specks in the box around the eye, which fade towards its sides; none under a roof."""
    alphas, count = alpha * motion.box_fade(points, scene.eye), len(points)
    _hide_indoors(scene, points, alphas)
    _draw(scene, Particles(points, alphas, np.full((count, 3), shade), np.full(count, radius)))


def _draw(scene: Scene, made: Particles, *, writes_depth: bool = False, is_puff: bool = False) -> None:
    draw_particles(
        scene.colour, scene.depth, scene.moving, made, scene.eye, scene.ray_from_pixel, writes_depth=writes_depth,
        is_puff=is_puff,
    )  # fmt: skip


def _hide_indoors(scene: Scene, points: NDArray[np.float64], alphas: NDArray[np.float64]) -> None:
    s, ahead = scene.ground.surfaces, (points - scene.eye) @ np.linalg.inv(scene.ray_from_pixel)[2]
    _hide(points, ahead, alphas, s.lines, s.sides, s.sky, scene.ground.units)


@numba.njit(cache=True, error_model="numpy")
def _hide(
    points: NDArray[np.float64], ahead: NDArray[np.float64], alphas: NDArray[np.float64], lines: NDArray[np.float64],
    sides: NDArray[np.int32], sky: NDArray[np.bool_], units: NDArray[np.float64],
) -> None:  # fmt: skip
    for i in range(points.shape[0]):
        if alphas[i] <= 0.0 or ahead[i] <= 0.0:
            continue
        sector = sector_at_point(lines, sides, points[i, 0] * units[0], points[i, 1] * units[1])
        if sector < 0 or not sky[sector]:
            alphas[i] = 0.0
