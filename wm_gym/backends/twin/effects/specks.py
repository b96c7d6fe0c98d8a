"""Particles: snowflakes, raindrops, sparks and puffs of smoke, drawn as soft discs.

Each particle has a position in the world, so it stays there while the camera moves, and nearer surfaces occlude it.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.effects.chance import chance
from wm_gym.backends.twin.effects.scene import Scene
from wm_gym.backends.twin.messages import Effect
from wm_gym.backends.twin.raycast import sector_at_point

FRAMES_PER_SECOND = 17.5
_FLAKES = 1500
_FLAKE_BOX_METRES = (10.0, 10.0, 6.0)
_FLAKE_RADIUS_METRES = 0.03
_FALL_METRES_PER_SECOND = 1.15
_BURST_EVERY_FRAMES = 9
_BURST_FRAMES = 26
_BURST_SPARKS = 110
_SPARK_RADIUS_METRES = 0.22
_OUTDOOR_BURST_METRES = 4.0
_INDOOR_BURST_METRES = 1.1
_DROPS, _DROP_RADIUS_METRES, _RAIN_METRES_PER_SECOND = 1400, 0.017, 7.5
_STREAK_DISCS, _STREAK_STEP_METRES = 4, 0.08
_PUFFS_PER_SECOND, _PUFF_SECONDS, _PUFF_GREY, _PUFF_DARK = 9.0, 4.5, 158.0, 62.0
EXPLOSION_FRAMES = 105
"""Frames after which nothing is left of an explosion."""
_GLOW_DISTANCE_METRES = 30.0
_FIREBALL_FRAMES, _FIREBALL_DISCS, _FIREBALL_METRES = 18, 150, 1.5
_COLOURS = np.array(
    [[255, 80, 60], [255, 205, 80], [110, 255, 130], [110, 190, 255], [240, 130, 255], [255, 245, 225]], np.float64
)


def draw_flakes(scene: Scene, effect: Effect, t: int) -> None:
    """Falling flakes under the open sky; they do not change depth."""
    seconds = (effect.age_frames + t) / FRAMES_PER_SECOND
    box = np.array(_FLAKE_BOX_METRES)
    points = _flake_points(effect.seed, seconds, scene.eye, box)
    shade = 250.0 * (1.0 - 0.55 * scene.night)
    _draw_falling(scene, points, shade, 0.95 * effect.strengths[t], _FLAKE_RADIUS_METRES)


def draw_rain(scene: Scene, effect: Effect, t: int) -> None:
    """Streaks of rain under the open sky; they do not change depth."""
    seconds = (effect.age_frames + t) / FRAMES_PER_SECOND
    box = np.array(_FLAKE_BOX_METRES)
    drops = _drop_points(effect.seed, seconds, scene.eye, box)
    points = np.concatenate([drops + np.array([0.0, 0.0, _STREAK_STEP_METRES * k]) for k in range(_STREAK_DISCS)])
    shade = 205.0 * (1.0 - 0.6 * scene.night)
    _draw_falling(scene, points, shade, 0.8 * effect.strengths[t], _DROP_RADIUS_METRES)


def draw_smoke(scene: Scene, effect: Effect, t: int) -> None:
    """Puffs that rise from the event's position, grow, drift and thin out; they do not change depth."""
    assert effect.position is not None
    seconds = max(0, effect.age_frames + t) / FRAMES_PER_SECOND
    source = np.array(effect.position) / scene.ground.units
    _draw_puffs(scene, effect.seed, seconds, source, effect.strengths[t], _PUFF_GREY)


def draw_explosion(scene: Scene, effect: Effect, t: int) -> None:
    """A ball of fire within a second of the onset, sparks around it, and dark smoke that is gone after six."""
    assert effect.position is not None
    frame = effect.age_frames + t
    if not 0 <= frame < EXPLOSION_FRAMES:
        return
    centre = np.array(effect.position) / scene.ground.units + np.array([0.0, 0.0, 0.8])
    left = 1.0 - frame / EXPLOSION_FRAMES
    _draw_puffs(scene, effect.seed, 1.2 + frame / FRAMES_PER_SECOND, centre, effect.strengths[t] * left, _PUFF_DARK)
    _draw_fireball(scene, effect.seed, frame / _FIREBALL_FRAMES, centre, effect.strengths[t])


def draw_lamp_glow(scene: Scene, power: float) -> None:
    """A warm glow around each lamp; it does not change depth."""
    lamps = scene.ground.lamps
    near = lamps[np.linalg.norm(lamps - scene.eye, axis=1) < _GLOW_DISTANCE_METRES] if power > 0.0 else lamps[:0]
    if len(near):
        tint = np.tile(np.array([255.0, 226.0, 158.0]), (len(near), 1))
        _draw(scene, near, tint, np.full(len(near), 0.85 * power), 0.38, False, False, is_puff=True)


def explosion_light(effect: Effect, t: int) -> float:
    """Brightness of an explosion as a fire, in frame t of the request."""
    frame = effect.age_frames + t
    return effect.strengths[t] * 3.0 * float(np.exp(-frame / 6.0)) if 0 <= frame < EXPLOSION_FRAMES else 0.0


def _draw_fireball(scene: Scene, seed: int, life: float, centre: NDArray[np.float64], strength: float) -> None:
    """Burning lumps and sparks that fly apart and cool; `life` is 0 at the onset, 1 when they are burnt out."""
    if life >= 1.0:
        return
    draws = np.array([[chance(seed, i, c) for c in range(20, 24)] for i in range(_FIREBALL_DISCS)])
    away = np.stack([draws[:, 0] - 0.5, draws[:, 1] - 0.5, draws[:, 2] - 0.3], axis=1)
    points = centre + away * 2.0 * _FIREBALL_METRES * life**0.5
    heat = np.clip(1.3 - life - 0.5 * draws[:, 3], 0.0, 1.0)[:, None]
    colours = np.array([120.0, 40.0, 20.0]) + heat * np.array([135.0, 190.0, 90.0])
    alphas = np.full(len(points), strength * (1.0 - life**2))
    lumps = np.arange(len(points)) % 3 == 0
    _draw(scene, points[lumps], colours[lumps], alphas[lumps], 0.4 * (1.0 + life), False, True, is_puff=True)
    _draw(scene, points[~lumps], colours[~lumps], alphas[~lumps], 0.07, False, True)


def _draw_puffs(
    scene: Scene, seed: int, seconds: float, source: NDArray[np.float64], strength: float, grey: float
) -> None:
    """Puffs that left `source` one after another, each by its age; `seconds` since the first."""
    shade = grey * (1.0 - 0.7 * scene.night)
    first = int(seconds * _PUFFS_PER_SECOND)
    for puff in range(max(0, first - int(_PUFF_SECONDS * _PUFFS_PER_SECOND)), first + 1):
        age = seconds - puff / _PUFFS_PER_SECOND
        if not 0.0 <= age < _PUFF_SECONDS:
            continue
        sway = np.array([chance(seed, puff, 11) - 0.5, chance(seed, puff, 12) - 0.5])
        place = source + np.array([0.5 * age * sway[0] + 0.25 * age, 0.5 * age * sway[1], 0.15 + 0.75 * age])
        alpha = 0.75 * strength * min(1.0, 3.0 * age) * (1.0 - age / _PUFF_SECONDS)
        tint = np.full((1, 3), shade * (0.85 + 0.3 * chance(seed, puff, 13)))
        _draw(scene, place[None], tint, np.array([alpha]), 0.35 + 0.3 * age, False, False, is_puff=True)


def draw_fireworks(scene: Scene, effect: Effect, t: int) -> None:
    """Bursts round the event's position, smaller under a ceiling; sparks change depth."""
    assert effect.position is not None
    frame = effect.age_frames + t
    sector = scene.ground.surfaces.sector_at(effect.position[0], effect.position[1])
    outdoors = sector >= 0 and bool(scene.ground.surfaces.sky[sector])
    size = _OUTDOOR_BURST_METRES if outdoors else _INDOOR_BURST_METRES
    centre = np.array(effect.position) / scene.ground.units
    points, colours, alphas = _sparks(effect.seed, frame, centre, size, 1.0 if outdoors else 0.0, _COLOURS)
    radius = _SPARK_RADIUS_METRES * (1.0 if outdoors else 0.35)
    _draw(scene, points, colours, alphas * effect.strengths[t], radius, False, True)


def _draw_falling(scene: Scene, points: NDArray[np.float64], shade: float, alpha: float, radius: float) -> None:
    """Grey specks in the box around the eye, which fade towards its sides; none under a roof."""
    sides = np.array(_FLAKE_BOX_METRES)
    fade = np.clip(3.0 * (0.5 - np.abs((points - scene.eye) / sides).max(axis=1)), 0.0, 1.0)
    _draw(scene, points, np.full((len(points), 3), shade), alpha * fade, radius, True, False)


def _draw(
    scene: Scene, points: NDArray[np.float64], colours: NDArray[np.float64], alphas: NDArray[np.float64],
    radius: float, open_sky_only: bool, writes_depth: bool, is_puff: bool = False,
) -> None:  # fmt: skip
    camera_from_map = np.linalg.inv(scene.ray_from_pixel)
    pixels = (points - scene.eye) @ camera_from_map.T
    pixel_metres = float(np.linalg.norm(scene.ray_from_pixel[:, 0]))
    if open_sky_only:
        s, units = scene.ground.surfaces, scene.ground.units
        _hide_indoors(points, pixels, alphas, s.lines, s.sides, s.sky, units)
    radius_pixels = radius / pixel_metres
    _splat(scene.colour, scene.depth, scene.moving, pixels, colours, alphas, radius_pixels, writes_depth, is_puff)


@numba.njit(cache=True, error_model="numpy")
def _near_eye(place: float, eye: float, side: float) -> float:
    """A coordinate of a pattern that repeats after `side` metres, where it is nearest to the eye."""
    away = place - eye
    return eye + away - side * np.floor(away / side + 0.5)


@numba.njit(cache=True, error_model="numpy")
def _flake_points(seed: int, seconds: float, eye: NDArray[np.float64], box: NDArray[np.float64]) -> NDArray[np.float64]:
    points = np.empty((_FLAKES, 3))
    for i in range(_FLAKES):
        phase = 6.2832 * chance(seed, i, 3)
        sway = 0.22 * np.sin(seconds * (0.8 + chance(seed, i, 4)) + phase)
        drift = (sway + 0.25 * seconds, 0.22 * np.cos(0.7 * seconds + phase) + 0.1 * seconds,
                 -_FALL_METRES_PER_SECOND * (0.75 + 0.5 * chance(seed, i, 5)) * seconds)  # fmt: skip
        for c in range(3):
            points[i, c] = _near_eye(chance(seed, i, c) * box[c] + drift[c], eye[c], box[c])
    return points


@numba.njit(cache=True, error_model="numpy")
def _drop_points(seed: int, seconds: float, eye: NDArray[np.float64], box: NDArray[np.float64]) -> NDArray[np.float64]:
    points = np.empty((_DROPS, 3))
    for i in range(_DROPS):
        for c in range(3):
            fall = -_RAIN_METRES_PER_SECOND * (0.9 + 0.2 * chance(seed, i, 5)) * seconds if c == 2 else 0.4 * seconds
            points[i, c] = _near_eye(chance(seed, i, c) * box[c] + fall, eye[c], box[c])
    return points


@numba.njit(cache=True, error_model="numpy")
def _sparks(
    seed: int, frame: int, centre: NDArray[np.float64], size: float, spread: float, colours: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Positions, colours and opacities of the sparks that are alight in a frame, counted from the onset."""
    bursts = _BURST_FRAMES // _BURST_EVERY_FRAMES + 1
    points = np.zeros((bursts * _BURST_SPARKS, 3))
    tints = np.zeros((bursts * _BURST_SPARKS, 3))
    alphas = np.zeros(bursts * _BURST_SPARKS)
    latest = frame // _BURST_EVERY_FRAMES
    for k in range(bursts):
        burst = latest - k
        age = frame - burst * _BURST_EVERY_FRAMES
        if burst < 0 or age >= _BURST_FRAMES:
            continue
        life = age / _BURST_FRAMES
        extent = size * (1.0 - (1.0 - min(1.0, 1.6 * life)) ** 3) * (0.75 + 0.5 * chance(seed, burst, 0))
        hue = int(chance(seed, burst, 1) * colours.shape[0])
        for i in range(_BURST_SPARKS):
            j, spark = k * _BURST_SPARKS + i, burst * _BURST_SPARKS + i
            up, turn = 2.0 * chance(seed, spark, 2) - 1.0, 6.2832 * chance(seed, spark, 3)
            flat, pace = np.sqrt(1.0 - up * up), 0.7 + 0.3 * chance(seed, spark, 4)
            points[j, 0] = (
                centre[0] + spread * 7.0 * (chance(seed, burst, 5) - 0.5) + extent * pace * flat * np.cos(turn)
            )
            points[j, 1] = (
                centre[1] + spread * 7.0 * (chance(seed, burst, 6) - 0.5) + extent * pace * flat * np.sin(turn)
            )
            fall = 0.55 * size * life * life
            points[j, 2] = centre[2] + spread * 3.0 * (chance(seed, burst, 7) - 0.5) + extent * pace * up - fall
            white = max(0.0, 1.0 - 5.0 * life)
            for c in range(3):
                tints[j, c] = colours[hue, c] + white * (255.0 - colours[hue, c])
            alphas[j] = min(1.0, 2.2 * (1.0 - life)) * (0.75 + 0.25 * chance(seed, spark, 8 + age % 2))
    return points, tints, alphas


@numba.njit(cache=True, error_model="numpy")
def _hide_indoors(
    points: NDArray[np.float64], pixels: NDArray[np.float64], alphas: NDArray[np.float64], lines: NDArray[np.float64],
    sides: NDArray[np.int32], sky: NDArray[np.bool_], units: NDArray[np.float64],
) -> None:  # fmt: skip
    for i in range(points.shape[0]):
        if alphas[i] <= 0.0 or pixels[i, 2] <= 0.0:
            continue
        sector = sector_at_point(lines, sides, points[i, 0] * units[0], points[i, 1] * units[1])
        if sector < 0 or not sky[sector]:
            alphas[i] = 0.0


@numba.njit(cache=True, error_model="numpy")
def _splat(
    colour: NDArray[np.float32], depth: NDArray[np.float32], moving: NDArray[np.bool_], pixels: NDArray[np.float64],
    colours: NDArray[np.float64], alphas: NDArray[np.float64], radius_pixels_at_metre: float, writes_depth: bool,
    is_puff: bool,
) -> None:  # fmt: skip
    """Blend soft discs where the scene lies behind them; particles nearer than 0.6 m are left out.

    Puffs are as large as they are and fade towards their rim; specks are at most 2.2 pixels in radius.
    """
    height, width = depth.shape
    for i in range(pixels.shape[0]):
        distance = pixels[i, 2]
        if alphas[i] <= 0.003 or distance < 0.6:
            continue
        u, v = pixels[i, 0] / distance, pixels[i, 1] / distance
        # a particle smaller than a pixel keeps that size and becomes more transparent
        radius = radius_pixels_at_metre / distance
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
                for c in range(3):
                    colour[row, column, c] += share * (colours[i, c] - colour[row, column, c])
                if share > 0.25:
                    moving[row, column] = True
                    if writes_depth:
                        depth[row, column] = distance
