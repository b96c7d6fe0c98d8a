"""Episodes on the engine: opens, restores and advances them, and renders frames with exact depth, masks and effects.

One simulator is one engine with one loaded map at a time. Knows nothing of processes or of the world frame.
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
from wm_gym.backends.twin.messages import Action, Advance, EpisodeSetup, Rendered, Restore
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
class _LoadedMap:
    """An engine that runs the map of an episode, with the lens and the geometry that belong to it."""

    setup: EpisodeSetup
    engine: Engine
    lens: Lens
    caster: ColumnCaster
    ground: Ground


class Simulator:
    """One engine and the episode that it runs.

    Args:
        folder: Existing folder for its files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: _LoadedMap | None = None

    def advance(self, request: Advance) -> Rendered:
        """Advance by the request's actions and render their frames."""
        loaded = self._loaded_map(request.setup)
        first = request.actions[0]
        if request.opens:
            view = loaded.lens.view(first.yaw_radians, first.pitch_radians)
            loaded.engine.restart(request.setup.engine_seed, first.eye, view)
        effect_sets = (request.effects, *request.alternatives)
        buffers = RequestFrames(len(request.actions), request.setup, loaded.ground, effect_sets)
        for t, action in enumerate(request.actions):
            _render_frame(loaded, buffers, t, action)
        return buffers.rendered(loaded.engine.save() if request.saves else None)

    def restore(self, request: Restore) -> None:
        """Load the save and replay the actions since then."""
        loaded = self._loaded_map(request.setup)
        loaded.engine.load(request.save)
        for action in request.actions:
            view = loaded.lens.view(action.yaw_radians, action.pitch_radians)
            loaded.engine.advance(action.eye, view, action.commands, renders=False)

    def close(self) -> None:
        """End the engine."""
        if self._loaded:
            self._loaded.engine.close()
        self._loaded = None

    def _loaded_map(self, setup: EpisodeSetup) -> _LoadedMap:
        """The engine with the episode's map and lens, loaded anew if the current one differs."""
        if self._loaded is None or replace(self._loaded.setup, engine_seed=setup.engine_seed) != setup:
            self.close()
            self._loaded = _load_map(setup, self._folder)
        return self._loaded


def _load_map(setup: EpisodeSetup, folder: Path) -> _LoadedMap:
    place = map_of(setup.family, setup.place_seed, setup.difficulty)
    lens = fit_lens(setup.intrinsics, setup.height, setup.width)
    surfaces = surfaces_of(place)
    caster = ColumnCaster(surfaces, lens.source_height, lens.source_width)
    ground = Ground(surfaces, _MAP_UNITS, np.ascontiguousarray(place.lamps / _MAP_UNITS).reshape(-1, 3))
    return _LoadedMap(setup, Engine(place.wad, lens, folder), lens, caster, ground)


def _render_frame(loaded: _LoadedMap, buffers: RequestFrames, t: int, action: Action) -> None:
    """Render one frame: advance the engine, cast surfaces, resample to the target camera, draw events."""
    view = loaded.lens.view(action.yaw_radians, action.pitch_radians)
    loaded.engine.advance(action.eye, view, action.commands, renders=True)
    screen, labels_buffer, labels = loaded.engine.picture(action.eye)
    surface_ids = loaded.caster.cast(action.eye, view.yaw_radians, view.intrinsics)
    numbers, planes = buffers.number_things(t, labels, action.eye, view.yaw_radians)
    buffers.mark_objects(labels, labels_buffer, view.source_from_target, loaded.lens.samples)
    rays = ray_from_pixel(view, loaded.lens, _MAP_UNITS)
    s = loaded.ground.surfaces
    outside = gather(
        screen, labels_buffer, surface_ids, loaded.engine.palette, numbers, planes, view.source_from_target,
        view.target_from_source, rays, np.array(action.eye), s.lines, s.floors, s.ceilings,
        loaded.lens.samples, loaded.setup.far_metres, buffers.frames[t], buffers.depth[t], buffers.instances[t],
        buffers.surfaces,
    )  # fmt: skip
    if outside:
        raise RuntimeError(f"the engine's picture must hold the whole frame, got {outside} samples outside it")
    buffers.finish(t, action.eye, rays)
