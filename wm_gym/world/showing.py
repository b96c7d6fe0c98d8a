"""From clean frames to what is shown: the entities of a step advance, and events are drawn on the frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from wm_gym.entities.advancing import advance
from wm_gym.entities.drawing import EventDrawing, Shown, Views
from wm_gym.entities.entity import Entity
from wm_gym.events.kinds import KINDS, ActiveEvent
from wm_gym.geometry.motion import OPENING_EYE_METRES
from wm_gym.memory.memory import Memory
from wm_gym.memory.occupancy import Nearby, occupied
from wm_gym.world.guiding import Bodies, Events
from wm_gym.world.state import Outcome, WorldState
from wm_gym.world_model import ModelSpec, OtherBody

_CEILINGS_METRES = (0.6, 8.0)
"""Heights over the opening camera between which points over a spot are its ceiling."""
_CELL_METRES = 2.0
_BODIES_STREAM = 1000
_BODY_COLOURS = ("red", "blue", "yellow", "green", "purple", "white", "orange", "turquoise", "pink")
"""Of the clothes of bodies, by their numbers, so that each can be told from the others."""
_CEILING_STEP_METRES, _CEILING_RADIUS_METRES, _AROUND_METRES = 0.4, 0.3, 0.8

Entities = Sequence[Sequence[tuple[Entity, ...]]]
"""For each view, its entities in each of T frames."""


class Remembered:
    """The place around the entities of a world, as its memory knows it (`entities.surroundings.Surroundings`)."""

    def __init__(self, memory: Memory, step_height_metres: float = 0.4) -> None:
        """What memory holds between the height of a step and that of the opening eye stands in the way."""
        self._memory, self._z_low = memory, step_height_metres - OPENING_EYE_METRES
        self._nearby: dict[tuple[int, int], Nearby] = {}

    def floor_z(self, position: np.ndarray) -> float:
        """That of the opening: the ground of a generated world is level."""
        return -OPENING_EYE_METRES

    def blocked(self, positions: np.ndarray, radius_metres: float) -> np.ndarray:
        """(M,) bool; the points around what is asked for first are gathered once."""
        x, y = (int(value) for value in np.floor(positions[0] / _CELL_METRES))
        if (x, y) not in self._nearby:
            middle = (np.array([x, y]) + 0.5) * _CELL_METRES
            self._nearby[x, y] = Nearby(self._memory, middle, 1.5 * _CELL_METRES, self._z_low, 0.0)
        return self._nearby[x, y].occupied(positions, radius_metres)

    def is_outdoors(self, position: np.ndarray) -> bool:
        """Whether memory holds no ceiling over most of the spots around a position (2,)."""
        low, high = _CEILINGS_METRES
        spots = np.asarray(position) + _AROUND_METRES * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
        return int(occupied(self._memory, spots, _CEILING_RADIUS_METRES, low, high).sum()) <= len(spots) // 2

    def roof_z(self, position: np.ndarray) -> float | None:
        """The lowest that memory holds over a position, or None."""
        low, high = _CEILINGS_METRES
        over = partial(occupied, self._memory, np.asarray(position)[None], _CEILING_RADIUS_METRES)
        if not over(low, high)[0]:
            return None
        heights = np.arange(low, high, _CEILING_STEP_METRES)
        return next((float(z) for z in heights if over(z, z + _CEILING_STEP_METRES)[0]), float(high))


def advanced(
    drawing: EventDrawing, state: WorldState, poses: Tensor, events: Events, step_height_metres: float
) -> Entities:
    """The entities of each view in each of the T frames of a step; views that share a memory share them.

    Args:
        drawing: Says which kinds become entities.
        state: N views.
        poses: (N, T, 4, 4).
        events: At work in each view.
        step_height_metres: Lower things are no obstacles.
    """
    local = [kind for kind in drawing.kinds if not KINDS[kind].is_global]
    of_memory: dict[int, Sequence[tuple[Entity, ...]]] = {}
    for n, w in enumerate(state.world_of_view):
        if w not in of_memory:
            around = Remembered(state.memories[w], step_height_metres)
            seen_from = poses[n].double().numpy()
            mates = [m for m, other in enumerate(state.world_of_view) if other == w and m != n]
            others = poses[mates, :, :2, 3].double().numpy().swapaxes(0, 1)
            of_memory[w] = advance(state.entities[w], events[n], local, seen_from, around, drawing.looks, others)
    return [of_memory[w] for w in state.world_of_view]


def after_step(state: WorldState, entities: Entities) -> tuple[tuple[Entity, ...], ...]:
    """The entities of each memory at the end of a step."""
    last = {w: frames[-1] for w, frames in zip(state.world_of_view, entities, strict=True)}
    return tuple(last[w] for w in range(len(state.memories)))


def draw_events(
    drawing: EventDrawing,
    spec: ModelSpec,
    state: WorldState,
    outcome: Outcome,
    events: Events,
    entities: Entities,
    bodies: Bodies = (),
) -> Outcome:
    """The outcome as it is shown; the same object where nothing is drawn. Each world is drawn alone.

    Args:
        drawing: Draws.
        spec: Of the backend.
        state: After the step.
        outcome: Clean.
        events: At work in each view.
        entities: Of each view in each frame.
        bodies: Other bodies in the world of each view; of a backend that shows them none are drawn.
    """
    chunk = outcome.chunk
    if drawing.adopts and not spec.shows_bodies and any(bodies):
        entities = with_bodies(drawing, state.seeds, bodies, entities)
    assert chunk.depth is not None and chunk.moving is not None and chunk.world_from_camera is not None
    shown, is_drawn = [], []
    for n, active in enumerate(events):
        clean = Shown(chunk.frames[n], chunk.depth[n], chunk.moving[n])
        if not active and not any(entities[n]):
            shown.append(clean)
            continue
        around = Remembered(state.memories[state.world_of_view[n]])
        poses, intrinsics = chunk.world_from_camera[n].double().numpy(), outcome.intrinsics[n].double().numpy()
        lamps = state.openings[n].lamps.double().cpu().numpy()
        is_outdoors = not active or around.is_outdoors(poses[-1, :2, 3])  # only light and weather ask
        views = Views(poses, intrinsics, spec.far_metres, lamps, is_outdoors)
        shown.append(drawing.draw(clean, views, active, entities[n]))
        is_drawn.append(shown[-1] is not clean)
    if not any(is_drawn):
        return outcome
    drawn = {name: torch.stack([getattr(one, name) for one in shown]) for name in ("frames", "depth", "moving")}
    return replace(outcome, chunk=replace(chunk, **drawn))


def with_bodies(drawing: EventDrawing, seeds: Sequence[int], bodies: Bodies, entities: Entities) -> Entities:
    """The entities of each view in each frame, with the other bodies of its world as people.

    Args:
        drawing: Knows what people look like.
        seeds: N world seeds.
        bodies: Other bodies in the world of each view.
        entities: Of each view in each frame.
    """
    # views of a world are shown the same bodies: each is dressed once
    seed_of = {body: seed for seed, others in zip(seeds, bodies, strict=True) for body in others}
    people = {body: _person(drawing, seed, body) for body, seed in seed_of.items()}
    return [
        [(*things, *(people[body][t] for body in others)) for t, things in enumerate(own)]
        for others, own in zip(bodies, entities, strict=True)
    ]


def _person(drawing: EventDrawing, world_seed: int, body: OtherBody) -> list[Entity]:
    """A body as a person in each of T frames, on the ground; its looks follow from its number and the world's seed."""
    seed = int(np.random.SeedSequence([world_seed, body.number, _BODIES_STREAM]).generate_state(1)[0])
    looks = drawing.looks("walker", seed, _BODY_COLOURS[body.number % len(_BODY_COLOURS)])
    return [
        Entity(
            "walker", -_BODIES_STREAM - body.number, seed, (float(x), float(y), -OPENING_EYE_METRES),
            heading_radians=float(yaw), phase_frames=phase, looks=looks,
        )
        for (x, y, _, yaw, _), phase in zip(body.poses, body.phase_frames, strict=True)
    ]  # fmt: skip


def told_to_model(drawing: EventDrawing, events: Events) -> list[tuple[ActiveEvent, ...]]:
    """The events that are left for the model to show."""
    return [tuple(event for event in active if event.kind not in drawing.kinds) for active in events]


def drawing_for(spec: ModelSpec, wanted: bool | None = None) -> EventDrawing:
    """What draws events on the frames of a backend.

    Args:
        spec: Of the backend.
        wanted: Whether they are drawn; None: as the backend wants it.
    """
    return EventDrawing.create(spec.device) if (spec.wants_drawing if wanted is None else wanted) else EventDrawing()
