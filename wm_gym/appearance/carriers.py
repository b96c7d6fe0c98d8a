"""Carriers: what chance and place decide of an event, drawn into the view, for the network to give it its looks.

A network cannot know where a flake hangs or a star stands; asked to, it would draw their mean, a haze. So it is given
their coverage of each pixel. Where nothing is at work all carriers are 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from wm_gym.appearance import particles
from wm_gym.appearance.chance import chance, smooth_noise
from wm_gym.appearance.particles import Particles
from wm_gym.appearance.sight import FrameEvent, Sight, normals_of, ray_at
from wm_gym.appearance.splatting import draw_particles

CARRIERS = (
    *("stars", "pools", "glow", "firelight", "flakes", "drops", "snow_patch", "wet_patch"),
    *("leaf_hue", "leaf", "leaf_tint", "sun", "spark_red", "spark_green", "spark_blue", "spark"),
    *("smoke_shade", "smoke", "soot_shade", "soot", "heat", "burning", "cell_red", "cell_green", "cell_blue"),
)
"""Names of the carriers, in order. Coloured ones are premultiplied by their coverage."""

_ROW = {name: k for k, name in enumerate(CARRIERS)}
_STAR_CELLS = 92.0
_LAMP_METRES, _FIRE_METRES, _LAMP_DISTANCE_METRES, _GLOW_METRES = 6.5, 6.0, 45.0, 0.38
_FLAME_METRES = np.array([0.0, 0.0, 0.9])
_LEAF_METRES, _LEAF_SHARE, _LEAVES_DISTANCE_METRES = 0.16, 0.12, 12.0
_CELLS_DOWN = 40

_PointsAt = Callable[[int, float, NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Carriers:
    """The carriers of one frame, and what they change besides colour.

    Attributes:
        maps: (C, H, W) float32, rows as `CARRIERS`.
        depth: (H, W) float32 metres, with what hides the scene.
        moving: (H, W) bool, where particles are seen.
    """

    maps: NDArray[np.float32]
    depth: NDArray[np.float32]
    moving: NDArray[np.bool_]


def draw_carriers(
    sight: Sight, frame: NDArray[np.uint8], events: Sequence[FrameEvent], lamps: NDArray[np.float64]
) -> Carriers:
    """The carriers of the events of one frame.

    Args:
        sight: The geometry of the frame.
        frame: (H, W, 3), clean.
        events: At work in it.
        lamps: (N, 3) positions of lamps, metres; they matter only where an event has them lit.
    """
    canvas = _Canvas(sight, frame, lamps)
    for event in events:
        if event.strength > 0.0 and event.kind in _DRAW:
            for draw in _DRAW[event.kind]:
                draw(canvas, event)
    return Carriers(np.clip(canvas.maps, 0.0, 4.0), canvas.depth, canvas.moving)


class _Canvas:
    """The maps of one frame while they are drawn."""

    def __init__(self, sight: Sight, frame: NDArray[np.uint8], lamps: NDArray[np.float64]) -> None:
        self.sight, self.frame, self.lamps = sight, frame, lamps
        self.maps = np.zeros((len(CARRIERS), *sight.depth.shape), np.float32)
        self.depth = sight.depth.copy()
        self.moving = np.zeros(sight.depth.shape, np.bool_)

    def row(self, name: str) -> NDArray[np.float32]:
        """The map of one carrier."""
        return self.maps[_ROW[name]]

    def splat(
        self, names: Sequence[str], made: Particles, *, writes_depth: bool = False, is_puff: bool = False
    ) -> None:
        """Blend particles into maps: their values, premultiplied, then their coverage."""
        values = np.concatenate([made.values, np.ones((len(made.points), 1))], 1)[:, -len(names) :]
        rows = [_ROW[name] for name in names]
        picture = np.ascontiguousarray(np.moveaxis(self.maps[rows], 0, -1))
        draw_particles(
            picture, self.depth, self.moving, Particles(made.points, made.alphas, values, made.radii), self.sight.eye,
            self.sight.ray_from_pixel, writes_depth=writes_depth, is_puff=is_puff,
        )  # fmt: skip
        self.maps[rows] = np.moveaxis(picture, -1, 0)

    def light(self, name: str, sources: NDArray[np.float64], metres: float, brightness: float) -> None:
        """Add the light of sources on the points that are seen."""
        s = self.sight
        _pools(s.depth, s.eye, s.ray_from_pixel, s.far_metres, sources, metres, brightness, self.row(name))


def _draw_stars(canvas: _Canvas, event: FrameEvent) -> None:
    _stars(canvas.sight.depth, canvas.sight.ray_from_pixel, canvas.sight.far_metres, canvas.row("stars"))


def _draw_lamps(canvas: _Canvas, event: FrameEvent) -> None:
    if canvas.row("pools").any():  # another event has drawn them
        return
    near = canvas.lamps[np.linalg.norm(canvas.lamps - canvas.sight.eye, axis=1) < _LAMP_DISTANCE_METRES]
    canvas.light("pools", np.ascontiguousarray(near), _LAMP_METRES, 1.0)
    glow = Particles(near, np.full(len(near), 0.85), np.zeros((len(near), 0)), np.full(len(near), _GLOW_METRES))
    moving = canvas.moving.copy()
    canvas.splat(["glow"], glow, is_puff=True)
    canvas.moving[:] = moving  # lamps stand still


def _draw_flakes(canvas: _Canvas, event: FrameEvent) -> None:
    _draw_falling(canvas, "flakes", particles.flake_points, particles.FLAKE_RADIUS_METRES, event)


def _draw_drops(canvas: _Canvas, event: FrameEvent) -> None:
    _draw_falling(canvas, "drops", particles.drop_points, particles.DROP_RADIUS_METRES, event)


def _draw_falling(canvas: _Canvas, name: str, points_at: _PointsAt, radius_metres: float, event: FrameEvent) -> None:
    points = points_at(event.seed, event.age_frames, canvas.sight.eye)
    alphas = event.strength * particles.box_fade(points, canvas.sight.eye)
    canvas.splat([name], Particles(points, alphas, np.zeros((len(points), 0)), np.full(len(points), radius_metres)))


def _draw_snow_patches(canvas: _Canvas, event: FrameEvent) -> None:
    _draw_patches(canvas, "snow_patch", event)


def _draw_wet_patches(canvas: _Canvas, event: FrameEvent) -> None:
    _draw_patches(canvas, "wet_patch", event)


def _draw_patches(canvas: _Canvas, name: str, event: FrameEvent) -> None:
    s = canvas.sight
    _patches(s.depth, s.eye, s.ray_from_pixel, s.far_metres, event.seed, canvas.row(name))


def _draw_leaves(canvas: _Canvas, event: FrameEvent) -> None:
    s, share = canvas.sight, _LEAF_SHARE * event.strength
    hue, leaf, tint = (canvas.row(name) for name in ("leaf_hue", "leaf", "leaf_tint"))
    _leaves(s.depth, s.eye, s.ray_from_pixel, s.far_metres, event.seed, share, hue, leaf, tint)


def _draw_sun(canvas: _Canvas, event: FrameEvent) -> None:
    canvas.row("sun")[:] = np.maximum(0.0, normals_of(canvas.sight) @ particles.sun_of(event.seed).astype(np.float32))


def _draw_cells(canvas: _Canvas, event: FrameEvent) -> None:
    for c, name in enumerate(("cell_red", "cell_green", "cell_blue")):
        canvas.row(name)[:] = _cell_means(canvas.frame[..., c].astype(np.float32) / 255.0)


def _draw_firelight(canvas: _Canvas, event: FrameEvent) -> None:
    is_fire = event.kind == "bonfire"
    light = particles.flicker(event.seed, event.age_frames) if is_fire else particles.blast_light(event.age_frames)
    flame = np.array(event.position) + _FLAME_METRES
    canvas.light("firelight", flame[None], _FIRE_METRES, event.strength * light)


def _draw_smoke(canvas: _Canvas, event: FrameEvent) -> None:
    seconds = max(0, event.age_frames) / particles.FRAMES_PER_SECOND
    smoke = particles.puffs(event.seed, seconds, np.array(event.position))
    canvas.splat(["smoke_shade", "smoke"], _weaker(smoke, event.strength), is_puff=True)


def _draw_explosion(canvas: _Canvas, event: FrameEvent) -> None:
    position = np.array(event.position)
    if not particles.explosion_left(event.age_frames):
        return
    smoke = particles.explosion_smoke(event.seed, event.age_frames, position)
    canvas.splat(["soot_shade", "soot"], _weaker(smoke, event.strength), is_puff=True)
    lumps, sparks = particles.fireball(event.seed, event.age_frames, position)
    for burning, is_puff in ((lumps, True), (sparks, False)):
        canvas.splat(["heat", "burning"], _weaker(burning, event.strength), writes_depth=True, is_puff=is_puff)


def _draw_sparks(canvas: _Canvas, event: FrameEvent) -> None:
    made = particles.sparks(event.seed, event.age_frames, np.array(event.position), event.outdoors)
    hues = Particles(made.points, event.strength * made.alphas, made.values / 255.0, made.radii)
    canvas.splat(["spark_red", "spark_green", "spark_blue", "spark"], hues, writes_depth=True)


def _weaker(made: Particles, strength: float) -> Particles:
    return Particles(made.points, strength * made.alphas, made.values, made.radii)


def _cell_means(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W): the mean of each square cell, about 40 in the height, in all of its pixels."""
    height, width = grey.shape
    side = max(2, round(height / _CELLS_DOWN))
    rows, columns = np.arange(0, height, side), np.arange(0, width, side)
    sums = np.add.reduceat(np.add.reduceat(grey, rows, axis=0), columns, axis=1)
    means = sums / np.outer(np.diff(rows, append=height), np.diff(columns, append=width))
    return means.repeat(side, axis=0)[:height].repeat(side, axis=1)[:, :width].astype(np.float32)


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _stars(depth: NDArray[np.float32], rays: NDArray[np.float64], far: float, out: NDArray[np.float32]) -> None:
    for v in range(depth.shape[0]):
        for u in range(depth.shape[1]):
            dx, dy, dz = ray_at(rays, u, v)
            up = dz / np.sqrt(dx * dx + dy * dy + dz * dz)
            if depth[v, u] >= far - 0.5 and up > 0.0:
                across, height = np.arctan2(dy, dx) / np.pi, np.arcsin(min(1.0, up)) / np.pi
                out[v, u] = particles.star(across * _STAR_CELLS, height * _STAR_CELLS)


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _pools(
    depth: NDArray[np.float32], eye: NDArray[np.float64], rays: NDArray[np.float64], far: float,
    sources: NDArray[np.float64], metres: float, brightness: float, out: NDArray[np.float32],
) -> None:  # fmt: skip
    for v in range(depth.shape[0]):
        for u in range(depth.shape[1]):
            if depth[v, u] >= far - 0.5:
                continue
            dx, dy, dz = ray_at(rays, u, v)
            x, y, z = eye[0] + depth[v, u] * dx, eye[1] + depth[v, u] * dy, eye[2] + depth[v, u] * dz
            for i in range(sources.shape[0]):
                out[v, u] += brightness * particles.falloff(sources[i], x, y, z, metres)


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _patches(
    depth: NDArray[np.float32], eye: NDArray[np.float64], rays: NDArray[np.float64], far: float, seed: int,
    out: NDArray[np.float32],
) -> None:  # fmt: skip
    for v in range(depth.shape[0]):
        for u in range(depth.shape[1]):
            if depth[v, u] >= far - 0.5:
                continue
            dx, dy, _ = ray_at(rays, u, v)
            x, y = eye[0] + depth[v, u] * dx, eye[1] + depth[v, u] * dy
            out[v, u] = 0.65 * smooth_noise(seed, x * 0.7, y * 0.7) + 0.35 * smooth_noise(seed + 1, x * 2.3, y * 2.3)


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _leaves(
    depth: NDArray[np.float32], eye: NDArray[np.float64], rays: NDArray[np.float64], far: float, seed: int,
    share: float, hue: NDArray[np.float32], leaf: NDArray[np.float32], tint: NDArray[np.float32],
) -> None:  # fmt: skip
    for v in range(depth.shape[0]):
        for u in range(depth.shape[1]):
            if depth[v, u] >= far - 0.5:
                continue
            dx, dy, _ = ray_at(rays, u, v)
            x, y = eye[0] + depth[v, u] * dx, eye[1] + depth[v, u] * dy
            hue[v, u] = smooth_noise(seed + 7, x * 0.35, y * 0.35)
            key = (int(np.floor(x / _LEAF_METRES)) + 32768) * 65536 + int(np.floor(y / _LEAF_METRES)) + 32768
            if depth[v, u] < _LEAVES_DISTANCE_METRES and chance(seed, key, 5) < share:
                leaf[v, u] = 1.0
                tint[v, u] = chance(seed, key, 6)


_HOURS = {"night": (_draw_stars, _draw_lamps), "dusk": (_draw_lamps,), "lamps_on": (_draw_lamps,)}
_WEATHER = {
    "snowfall": (_draw_flakes, _draw_snow_patches), "snow_cover": (_draw_snow_patches,),
    "rain": (_draw_drops, _draw_wet_patches), "autumn": (_draw_leaves,), "golden_light": (_draw_sun,),
}  # fmt: skip
_LOCAL = {
    "bonfire": (_draw_firelight,), "smoke": (_draw_smoke,), "explosion": (_draw_firelight, _draw_explosion),
    "fireworks": (_draw_sparks,),
}  # fmt: skip
_DRAW = {**_HOURS, **_WEATHER, **_LOCAL, "pixel_art": (_draw_cells,)}
