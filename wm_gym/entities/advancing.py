"""How entities come, go and move: with the events of a step, frame by frame. Pure: equal worlds advance alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wm_gym.appearance.chance import chance
from wm_gym.entities.entity import Entity
from wm_gym.entities.placing import ROOM_METRES, place_thing, wanted_place
from wm_gym.entities.surroundings import Surroundings
from wm_gym.events.kinds import ActiveEvent

WALK_METRES_PER_FRAME = 0.063
"""Of a walker: 1.1 metres a second."""
_TOWARDS_SHARE, _FIRST_TURN_RADIANS = 0.3, 0.8
_TURN_EVERY_FRAMES, _TURN_RADIANS, _LOOK_AHEAD_METRES = 24, 0.7, 0.7
_WAYS_OUT = (0.0, 0.6, -0.6, 1.2, -1.2, 1.9, -1.9, 2.6, -2.6, np.pi)

Looks = Callable[[str, int, str], tuple[float, ...]]
"""(kind, seed, text) to the looks of a new thing."""


def advance(
    entities: Sequence[Entity],
    events: Sequence[ActiveEvent],
    kinds: Collection[str],
    poses: NDArray[np.float64],
    around: Surroundings,
    looks: Looks,
) -> list[tuple[Entity, ...]]:
    """The entities of a world in each of T frames; those of the last are the state after the step.

    A thing is placed at the onset of its event by where the body then is, and is gone once its event is over. Those
    that no event has added go on.

    Args:
        entities: After the step before.
        events: At work in the step.
        kinds: Kinds that are drawn as entities.
        poses: (T, 4, 4) world_from_camera of the body that sees them appear.
        around: The place.
        looks: Of new things.
    """
    at_work = {(event.event_id, event.seed): event for event in events if event.kind in kinds}
    current = {key: one for one in entities if (key := (one.event_id, one.seed)) in at_work or one.event_id < 0}
    frames = []
    for t, pose in enumerate(poses):
        for key, one in current.items():
            if one.event_id < 0:
                current[key] = replace(_moved(one, around), age_frames=one.age_frames + 1)
        for key, event in at_work.items():
            strength, age = event.strengths[t], event.age_frames + t
            if key in current:
                current[key] = replace(_moved(current[key], around), strength=strength, age_frames=age)
            elif strength > 0.0:
                current[key] = replace(_new(event, pose, around, looks), strength=strength, age_frames=age)
        frames.append(tuple(current.values()))
    return frames


def _new(event: ActiveEvent, pose: NDArray[np.float64], around: Surroundings, looks: Looks) -> Entity:
    assert event.kind is not None
    position, outdoors = place_thing(event.kind, wanted_place(event.text), pose, around)
    heading = _first_heading(event.seed, pose)
    return Entity(
        event.kind, event.event_id, event.seed, position, outdoors, heading,
        looks=looks(event.kind, event.seed, event.text),
    )  # fmt: skip


def _first_heading(seed: int, pose: NDArray[np.float64]) -> float:
    """Roughly along the line of sight, so that one sees it for a while: mostly away, sometimes towards the body."""
    along = float(np.arctan2(pose[1, 2], pose[0, 2])) + (np.pi if chance(seed, 0, 29) < _TOWARDS_SHARE else 0.0)
    return along + 2.0 * _FIRST_TURN_RADIANS * (chance(seed, 0, 30) - 0.5)


def _moved(one: Entity, around: Surroundings) -> Entity:
    """An entity one frame later; only walkers move."""
    if one.kind != "walker":
        return replace(one, phase_frames=one.phase_frames + 1)
    heading = one.heading_radians + _whim(one)
    here, radius = np.array(one.position[:2]), 0.5 * ROOM_METRES["walker"]
    headings = heading + np.array(_WAYS_OUT)
    ahead = here + _LOOK_AHEAD_METRES * np.stack([np.cos(headings), np.sin(headings)], axis=1)
    free = np.flatnonzero(~around.blocked(ahead, radius))
    if not len(free):
        return replace(one, heading_radians=heading + _TURN_RADIANS)
    heading = float(headings[free[0]])
    x, y = here + WALK_METRES_PER_FRAME * np.array([np.cos(heading), np.sin(heading)])
    return replace(
        one, position=(float(x), float(y), one.position[2]), heading_radians=heading,
        phase_frames=one.phase_frames + 1,
    )  # fmt: skip


def _whim(one: Entity) -> float:
    """A turn that a walker takes now and then, without a reason."""
    if one.age_frames % _TURN_EVERY_FRAMES:
        return 0.0
    return float(2.0 * _TURN_RADIANS * (chance(one.seed, one.age_frames, 31) - 0.5))
