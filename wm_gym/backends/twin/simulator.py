"""Episodes on the engine: opens, restores, goes on, and makes frames with exact depth, masks and effects.

One simulator is one engine and whatever map it shows now. Knows nothing of processes or of the world frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from wm_gym.backends.twin.effects import Ground
from wm_gym.backends.twin.engine import Engine
from wm_gym.backends.twin.frame import UNITS_ACROSS, UNITS_UP
from wm_gym.backends.twin.maps import TwinMap, build
from wm_gym.backends.twin.messages import Action, Restore, Show, Shown, Stage
from wm_gym.backends.twin.optics import Lens, fit_lens, gather, ray_from_pixel
from wm_gym.backends.twin.raycast import ColumnCaster, Surfaces
from wm_gym.backends.twin.request_frames import RequestFrames

_MAP_UNITS = np.array([UNITS_ACROSS, UNITS_ACROSS, UNITS_UP])
_KEPT_MAPS = 8


@lru_cache(maxsize=_KEPT_MAPS)
def map_of(family: str, place_seed: int, difficulty: str) -> TwinMap:
    """The map of a place; the last few are kept."""
    return build(family, place_seed, difficulty)


def surfaces_of(place: TwinMap) -> Surfaces:
    """The map as the caster reads it."""
    return Surfaces(
        np.ascontiguousarray(place.lines, np.float64),
        np.ascontiguousarray(place.line_sides, np.int32),
        np.ascontiguousarray(place.floor_heights, np.float64),
        np.ascontiguousarray(place.ceiling_heights, np.float64),
        np.ascontiguousarray(place.sky, np.bool_),
    )


@dataclass(frozen=True)
class _Set:
    """An engine that runs the map of a stage, and what goes with it."""

    stage: Stage
    engine: Engine
    lens: Lens
    caster: ColumnCaster
    ground: Ground


class Simulator:
    """One engine and what it shows.

    Args:
        folder: Where its files may lie; it must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._set: _Set | None = None

    def show(self, request: Show) -> Shown:
        """Go on by the request's actions and make their frames."""
        now = self._prepared(request.stage)
        first = request.actions[0]
        if request.opens:
            view = now.lens.view(first.yaw_radians, first.pitch_radians)
            now.engine.restart(request.stage.engine_seed, first.eye, view)
        film = RequestFrames(len(request.actions), request.stage, now.ground, request.effects)
        for t, action in enumerate(request.actions):
            _shoot(now, film, t, action)
        return film.shown(now.engine.save() if request.saves else None)

    def restore(self, request: Restore) -> None:
        """Stand where the save and the actions since then lead."""
        now = self._prepared(request.stage)
        now.engine.load(request.save)
        for action in request.actions:
            view = now.lens.view(action.yaw_radians, action.pitch_radians)
            now.engine.advance(action.eye, view, action.commands, shows=False)

    def close(self) -> None:
        """End the engine."""
        if self._set:
            self._set.engine.close()
        self._set = None

    def _prepared(self, stage: Stage) -> _Set:
        """An engine that runs the stage's map through the stage's lens; the one at hand where it does."""
        if self._set is None or replace(self._set.stage, engine_seed=stage.engine_seed) != stage:
            self.close()
            self._set = _build_set(stage, self._folder)
        return self._set


def _build_set(stage: Stage, folder: Path) -> _Set:
    place = map_of(stage.family, stage.place_seed, stage.difficulty)
    lens = fit_lens(stage.intrinsics, stage.height, stage.width)
    surfaces = surfaces_of(place)
    caster = ColumnCaster(surfaces, lens.source_height, lens.source_width)
    ground = Ground(surfaces, _MAP_UNITS, np.ascontiguousarray(place.lamps / _MAP_UNITS).reshape(-1, 3))
    return _Set(stage, Engine(place.wad, lens, folder), lens, caster, ground)


def _shoot(now: _Set, film: RequestFrames, t: int, action: Action) -> None:
    """One frame: engine, surfaces, the asked camera's picture, events."""
    view = now.lens.view(action.yaw_radians, action.pitch_radians)
    now.engine.advance(action.eye, view, action.commands, shows=True)
    screen, labels_buffer, labels = now.engine.picture(action.eye)
    surface_ids = now.caster.cast(action.eye, view.yaw_radians, view.intrinsics)
    numbers, planes = film.number_things(labels, action.eye, view.yaw_radians)
    rays = ray_from_pixel(view, now.lens, _MAP_UNITS)
    s = now.ground.surfaces
    outside = gather(
        screen, labels_buffer, surface_ids, now.engine.palette, numbers, planes, view.source_from_target,
        view.target_from_source, rays, np.array(action.eye), s.lines, s.floors, s.ceilings,
        now.lens.samples, now.stage.far_metres, film.frames[t], film.depth[t], film.instances[t], film.surfaces,
    )  # fmt: skip
    if outside:
        raise RuntimeError(f"the engine's picture must hold the whole frame, {outside} samples fell outside it")
    film.finish(t, action.eye, rays)
