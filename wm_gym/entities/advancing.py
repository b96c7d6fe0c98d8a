"""How entities come, go and move: with the events of a step, frame by frame. Pure: equal worlds advance alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wm_gym.appearance.chance import chance
from wm_gym.entities.entity import Entity
from wm_gym.entities.motion import moved, run_up, stands_still, with_solid
from wm_gym.entities.placing import place_thing, wanted_place
from wm_gym.entities.surroundings import Surroundings
from wm_gym.events.kinds import ActiveEvent

_TOWARDS_SHARE, _FIRST_TURN_RADIANS = 0.3, 0.8
_NOBODY = np.zeros((0, 2))

Looks = Callable[[str, int, str], tuple[float, ...]]
"""(kind, seed, text) to the looks of a new thing."""


def advance(
    entities: Sequence[Entity],
    events: Sequence[ActiveEvent],
    kinds: Collection[str],
    poses: NDArray[np.float64],
    around: Surroundings,
    looks: Looks,
    others: NDArray[np.float64] | None = None,
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
        others: (T, B, 2) x and y of other bodies, or None.
    """
    at_work = {(event.event_id, event.seed): event for event in events if event.kind in kinds}
    current = {key: one for one in entities if (key := (one.event_id, one.seed)) in at_work or one.event_id < 0}
    frames = []
    for t, pose in enumerate(poses):
        bodies = np.concatenate([pose[None, :2, 3], _NOBODY if others is None else others[t]])

        def move(key: tuple[int, int], bodies: NDArray[np.float64] = bodies) -> Entity:
            rest = [one for other, one in current.items() if other != key]
            return moved(current[key], _Among(around, rest), bodies)

        for key, one in current.items():
            if one.event_id < 0:
                current[key] = replace(move(key), age_frames=one.age_frames + 1)
        for key, event in at_work.items():
            strength, age = event.strengths[t], event.age_frames + t
            if key in current:
                current[key] = replace(move(key), strength=strength, age_frames=age)
            elif strength > 0.0:
                new = _new(event, pose, _Among(around, list(current.values())), looks)
                current[key] = replace(new, strength=strength, age_frames=age)
        frames.append(tuple(current.values()))
    return frames


class _Among:
    """A place with the solid things that stand in it (`entities.surroundings.Surroundings`)."""

    def __init__(self, around: Surroundings, things: Sequence[Entity]) -> None:
        self._blocked = with_solid(around.blocked, things)
        self.floor_z, self.roof_z = around.floor_z, around.roof_z

    def blocked(self, positions: NDArray[np.float64], radius_metres: float) -> NDArray[np.bool_]:
        return self._blocked(positions, radius_metres)


def _new(event: ActiveEvent, pose: NDArray[np.float64], around: Surroundings, looks: Looks) -> Entity:
    assert event.kind is not None
    position, outdoors = place_thing(event.kind, wanted_place(event.text), pose, around)
    heading, is_still = _first_heading(event.seed, pose), stands_still(event.kind, event.text)
    if event.kind == "car":
        spot, heading = run_up(np.array(position[:2]), _sight(pose, position), event.seed, around)
        if not is_still:
            position = float(spot[0]), float(spot[1]), around.floor_z(spot)
    return Entity(
        event.kind, event.event_id, event.seed, position, outdoors, heading, is_still=is_still,
        looks=looks(event.kind, event.seed, event.text),
    )  # fmt: skip


def _sight(pose: NDArray[np.float64], position: tuple[float, float, float]) -> float:
    """Direction from the body to a position, radians."""
    return float(np.arctan2(position[1] - pose[1, 3], position[0] - pose[0, 3]))


def _first_heading(seed: int, pose: NDArray[np.float64]) -> float:
    """Roughly along the line of sight, so that one sees it for a while: mostly away, sometimes towards the body."""
    along = float(np.arctan2(pose[1, 2], pose[0, 2])) + (np.pi if chance(seed, 0, 29) < _TOWARDS_SHARE else 0.0)
    return along + 2.0 * _FIRST_TURN_RADIANS * (chance(seed, 0, 30) - 0.5)
