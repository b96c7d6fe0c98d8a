"""Where flakes, drops, sparks, puffs and burning lumps are, and when lightning strikes: motion and chance, no looks.

Everything follows from the seed of an event and its age. The twin draws the same particles in colours of its own, so
that in pairs of its frames a network sees the chance that it is told of. Metres, z up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from wm_gym.appearance.chance import chance

FRAMES_PER_SECOND = 17.5
BOX_METRES = (10.0, 10.0, 6.0)
"""Sides of the box around the eye in which flakes and drops fall."""
FLAKE_RADIUS_METRES, DROP_RADIUS_METRES = 0.03, 0.017
_FLAKES, _FALL_METRES_PER_SECOND = 1500, 1.15
_DROPS, _RAIN_METRES_PER_SECOND = 1400, 7.5
_STREAK_DISCS, _STREAK_STEP_METRES = 4, 0.08
_BURST_EVERY_FRAMES, _BURST_FRAMES, _BURST_SPARKS = 9, 26, 110
_OUTDOOR_BURST_METRES, _INDOOR_BURST_METRES = 4.0, 1.1
_SPARK_RADIUS_METRES, _INDOOR_SPARKS = 0.22, 0.35
_PUFFS_PER_SECOND, _PUFF_SECONDS = 9.0, 4.5
EXPLOSION_FRAMES = 105
"""Frames after which nothing is left of an explosion."""
_FIREBALL_FRAMES, _FIREBALL_DISCS, _FIREBALL_METRES, _FIREBALL_RISE_METRES = 18, 150, 1.5, 0.8
_FLASH_EVERY_FRAMES, _FLASH_FRAMES, _FLASH_SHARE = 14, 4, 0.55
HUES = np.array(
    [[255, 80, 60], [255, 205, 80], [110, 255, 130], [110, 190, 255], [240, 130, 255], [255, 245, 225]], np.float64
)
"""Hues that a burst of fireworks may have, of 255."""


@dataclass(frozen=True)
class Particles:
    """M particles in one frame.

    Attributes:
        points: (M, 3) metres.
        alphas: (M,) opacity in 0..1.
        values: (M, C) what is known of each: a hue, a heat or a shade.
        radii: (M,) metres.
    """

    points: NDArray[np.float64]
    alphas: NDArray[np.float64]
    values: NDArray[np.float64]
    radii: NDArray[np.float64]


def flake_points(seed: int, age_frames: float, eye: NDArray[np.float64]) -> NDArray[np.float64]:
    """(M, 3) flakes in the box around the eye; they sway as they fall."""
    return _flake_points(seed, age_frames / FRAMES_PER_SECOND, eye, np.array(BOX_METRES))


def drop_points(seed: int, age_frames: float, eye: NDArray[np.float64]) -> NDArray[np.float64]:
    """(M, 3) discs of drops in the box around the eye, several above one another for a streak."""
    drops = _drop_points(seed, age_frames / FRAMES_PER_SECOND, eye, np.array(BOX_METRES))
    return np.concatenate([drops + np.array([0.0, 0.0, _STREAK_STEP_METRES * k]) for k in range(_STREAK_DISCS)])


def box_fade(points: NDArray[np.float64], eye: NDArray[np.float64]) -> NDArray[np.float64]:
    """(M,) 0..1: how far points (M, 3) are from the sides of the box around the eye."""
    return np.clip(3.0 * (0.5 - np.abs((points - eye) / np.array(BOX_METRES)).max(axis=1)), 0.0, 1.0)


def sparks(seed: int, frame: int, centre: NDArray[np.float64], outdoors: bool) -> Particles:
    """Sparks of fireworks that are alight in a frame, counted from the onset; smaller bursts under a ceiling.

    Their values are hues of 255, white at first.
    """
    size, spread = (_OUTDOOR_BURST_METRES, 1.0) if outdoors else (_INDOOR_BURST_METRES, 0.0)
    points, hues, alphas = _sparks(seed, frame, centre, size, spread, HUES)
    return Particles(
        points, alphas, hues, np.full(len(points), _SPARK_RADIUS_METRES * (1.0 if outdoors else _INDOOR_SPARKS))
    )


def puffs(seed: int, seconds: float, source: NDArray[np.float64]) -> Particles:
    """Puffs that left `source` one after another, grow, drift and thin out; `seconds` since the first.

    Their values are shades around 1.
    """
    first = int(seconds * _PUFFS_PER_SECOND)
    rows = []
    for puff in range(max(0, first - int(_PUFF_SECONDS * _PUFFS_PER_SECOND)), first + 1):
        age = seconds - puff / _PUFFS_PER_SECOND
        if not 0.0 <= age < _PUFF_SECONDS:
            continue
        sway = np.array([chance(seed, puff, 11) - 0.5, chance(seed, puff, 12) - 0.5])
        place = source + np.array([0.5 * age * sway[0] + 0.25 * age, 0.5 * age * sway[1], 0.15 + 0.75 * age])
        alpha = 0.75 * min(1.0, 3.0 * age) * (1.0 - age / _PUFF_SECONDS)
        rows.append((*place, alpha, 0.85 + 0.3 * chance(seed, puff, 13), 0.35 + 0.3 * age))
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Particles(table[:, :3], table[:, 3], table[:, 4:5], table[:, 5])


def explosion_smoke(seed: int, frame: int, position: NDArray[np.float64]) -> Particles:
    """The dark smoke over an explosion at `position` on the ground, gone after `EXPLOSION_FRAMES`."""
    smoke = puffs(seed, 1.2 + frame / FRAMES_PER_SECOND, position + np.array([0.0, 0.0, _FIREBALL_RISE_METRES]))
    return Particles(smoke.points, smoke.alphas * explosion_left(frame), smoke.values, smoke.radii)


def explosion_left(frame: int) -> float:
    """Share of an explosion that is still to come, 1 at the onset; 0 before and after."""
    return 1.0 - frame / EXPLOSION_FRAMES if 0 <= frame < EXPLOSION_FRAMES else 0.0


def fireball(seed: int, frame: int, position: NDArray[np.float64]) -> tuple[Particles, Particles]:
    """Burning lumps, and the sparks around them, that fly apart and cool; none once they are burnt out.

    Their values are heats in 0..1.
    """
    life = frame / _FIREBALL_FRAMES
    count = _FIREBALL_DISCS if 0.0 <= life < 1.0 else 0
    draws = np.array([[chance(seed, i, c) for c in range(20, 24)] for i in range(count)]).reshape(-1, 4)
    away = np.stack([draws[:, 0] - 0.5, draws[:, 1] - 0.5, draws[:, 2] - 0.3], axis=1)
    centre = position + np.array([0.0, 0.0, _FIREBALL_RISE_METRES])
    points = centre + away * 2.0 * _FIREBALL_METRES * max(0.0, life) ** 0.5
    heat = np.clip(1.3 - life - 0.5 * draws[:, 3], 0.0, 1.0)[:, None]
    alphas, lumps = np.full(count, 1.0 - life**2), np.arange(count) % 3 == 0
    radii = np.where(lumps, 0.4 * (1.0 + life), 0.07)
    big, small = (Particles(points[w], alphas[w], heat[w], radii[w]) for w in (lumps, ~lumps))
    return big, small


def flicker(seed: int, frame: int) -> float:
    """Brightness of a fire around 1, in a frame counted from its onset."""
    wave = 0.06 * np.sin(frame * 0.9 + seed % 7) + 0.08 * (chance(seed, frame + 65536, 3) - 0.5)
    return 1.0 + float(wave)


def blast_light(frame: int) -> float:
    """Brightness of an explosion as a fire, in a frame counted from its onset."""
    return 3.0 * float(np.exp(-frame / 6.0)) if 0 <= frame < EXPLOSION_FRAMES else 0.0


def flash(seed: int, frame: int) -> float:
    """Brightness of a storm's lightning, 0..1, in a frame counted from the onset: at chance times, fading over four."""
    slot, since = divmod(max(0, frame), _FLASH_EVERY_FRAMES)
    offset = int(chance(seed, slot, 1) * (_FLASH_EVERY_FRAMES - _FLASH_FRAMES))
    if chance(seed, slot, 0) > _FLASH_SHARE or not 0 <= since - offset < _FLASH_FRAMES:
        return 0.0
    return 0.5 ** (since - offset)


def sun_of(seed: int) -> NDArray[np.float64]:
    """(3,) unit vector towards the low sun of golden light."""
    azimuth, up = 2.0 * np.pi * chance(seed, 0, 0), np.radians(14.0)
    return np.array([np.cos(up) * np.cos(azimuth), np.cos(up) * np.sin(azimuth), np.sin(up)])


@numba.njit(cache=True, error_model="numpy", nogil=True)
def star(across: float, up: float) -> float:
    """Light of the star in one cell of the sky, 0..1; 0 in cells without one. Coordinates in cells."""
    column, row = int(np.floor(across)), int(np.floor(up))
    key = (column + 4096) * 8192 + row
    if chance(11, key, 0) > 0.17:
        return 0.0
    sx, sy = across - column - 0.25 - 0.5 * chance(11, key, 1), up - row - 0.25 - 0.5 * chance(11, key, 2)
    return (0.35 + 0.65 * chance(11, key, 3)) * np.exp(-(sx * sx + sy * sy) * 26.0)


@numba.njit(cache=True, error_model="numpy", nogil=True)
def falloff(source: NDArray[np.float64], x: float, y: float, z: float, radius: float) -> float:
    """Share of the light of a source (3,) that falls on a point, 1 at the source, 0 from `radius` metres on."""
    squared = (x - source[0]) ** 2 + (y - source[1]) ** 2 + (z - source[2]) ** 2
    share = max(0.0, 1.0 - squared / (radius * radius))
    return share * share / (1.0 + 0.05 * squared)


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _near_eye(place: float, eye: float, side: float) -> float:
    """A coordinate of a pattern that repeats after `side` metres, where it is nearest to the eye."""
    away = place - eye
    return eye + away - side * np.floor(away / side + 0.5)


@numba.njit(cache=True, error_model="numpy", nogil=True)
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


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _drop_points(seed: int, seconds: float, eye: NDArray[np.float64], box: NDArray[np.float64]) -> NDArray[np.float64]:
    points = np.empty((_DROPS, 3))
    for i in range(_DROPS):
        for c in range(3):
            fall = -_RAIN_METRES_PER_SECOND * (0.9 + 0.2 * chance(seed, i, 5)) * seconds if c == 2 else 0.4 * seconds
            points[i, c] = _near_eye(chance(seed, i, c) * box[c] + fall, eye[c], box[c])
    return points


@numba.njit(cache=True, error_model="numpy", nogil=True)
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
