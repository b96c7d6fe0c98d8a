"""Crates, cars, birds, lamps and trees that events put into the twin: actors of the engine, moved by `entities.motion`.

They follow from the event's text, the body's poses and the map alone, and nothing of the engine follows from them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wm_gym.appearance.chance import chance
from wm_gym.backends.twin import acs
from wm_gym.backends.twin.engine import fixed
from wm_gym.backends.twin.maps.objects import CAR_COLOURS, CRATE_COLOURS
from wm_gym.backends.twin.placement import Around
from wm_gym.backends.twin.site import Site
from wm_gym.entities.advancing import advance
from wm_gym.entities.colours import named_colour, nearest_colour
from wm_gym.entities.entity import Entity
from wm_gym.entities.motion import shown_at, with_solid
from wm_gym.events.kinds import OBJECTS, ActiveEvent
from wm_gym.world_model import Obstacles

_COLOURS = {
    kind: [(red / 255, green / 255, blue / 255) for red, green, blue in colours.values()]
    for kind, colours in (("crate", CRATE_COLOURS), ("car", CAR_COLOURS))
}
_TREES = ((r"\b(pines?|firs?|spruces?|conifers?)\b", 2), (r"\b(tall|slim|slender|poplars?|cypress\w*)\b", 1))
_PARTS, _LAMP_METRES, _TURN = 8, 3.45, 65536


def place_objects(
    before: Sequence[Entity], events: Sequence[ActiveEvent], poses: NDArray[np.float64], site: Site
) -> tuple[tuple[Entity, ...], list[tuple[str, ...]]]:
    """The objects after a step, and the engine commands of each frame that bring them about.

    Args:
        before: The objects before the step.
        events: The events active during the step.
        poses: (T, 4, 4) world_from_camera.
        site: The place.
    """
    frames = advance(before, events, OBJECTS, poses, Around(site), _looks)
    seen, commands = {one.event_id: one for one in before if one.strength > 0.0}, []
    for things in frames:
        now = {one.event_id: one for one in things if one.strength > 0.0}
        gone = [line for number in seen.keys() - now.keys() for line in _remove(seen[number])]
        lines = [line for number, one in now.items() for line in _show(one, seen.get(number), site)]
        commands.append((*sorted(gone), *lines))
        seen = now
    return frames[-1], commands


def lamps_of(objects: Sequence[Entity], site: Site) -> dict[int, tuple[float, float, float]]:
    """Map units of the light of each placed lamp, by the number of its event."""
    tops = {one.event_id: np.add(one.position, (0.0, 0.0, _LAMP_METRES)) for one in objects if one.kind == "lamp_post"}
    points = {number: site.frame.map_from_world(top) for number, top in tops.items()}
    return {number: (float(x), float(y), float(z)) for number, (x, y, z) in points.items()}


class AmongObjects:
    """The obstacles of a place with the solid objects that stand in it."""

    def __init__(self, obstacles: Obstacles, objects: Sequence[Entity]) -> None:
        """Obstacles of the place, and all objects in it."""
        self._blocked = with_solid(obstacles.blocked, objects)

    def blocked(self, positions: NDArray[np.float64], radius: float) -> NDArray[np.bool_]:
        """Whether a body at each position (M, 2) overlaps an obstacle, (M,) bool."""
        return self._blocked(positions, radius)


def _looks(kind: str, seed: int, text: str) -> tuple[float, ...]:
    """The number of the actor's class: by the colour, or the sort of tree, that a text names, else by the seed."""
    if kind == "tree":
        named = next((number for pattern, number in _TREES if re.search(pattern, text.lower())), None)
        return (float(int(2 * chance(seed, 0, 36)) if named is None else named),)
    if kind not in _COLOURS:
        return ()
    wanted, colours = named_colour(text), _COLOURS[kind]
    if wanted is None:
        return (0.0 if kind == "crate" else float(int(len(colours) * chance(seed, 0, 36))),)
    return (float(nearest_colour(wanted, colours)),)


def _actor(one: Entity) -> str:
    return acs.OBJECT_ACTORS[one.kind] + "".join(str(int(number)) for number in one.looks)


def _remove(one: Entity) -> list[str]:
    return [f"puke -{acs.REMOVE} {_thing_id(one, part)}" for part in range(len(shown_at(one)))]


def _show(one: Entity, before: Entity | None, site: Site) -> list[str]:
    """The commands that put an object where it is and turn it, as far as that has changed."""
    points = [_point(point, site) for point in shown_at(one)]
    if before is None:
        lines = [f"puke -{acs.SPAWN[_actor(one)]} {at} {_thing_id(one, part)}" for part, at in enumerate(points)]
    else:
        old = [_point(point, site) for point in shown_at(before)]
        moved = [(part, at) for part, at in enumerate(points) if at != old[part]]
        lines = [f"puke -{acs.SHIFT} {at} {_thing_id(one, part)}" for part, at in moved]
    if one.kind != "birds" and (before is None or before.heading_radians != one.heading_radians):
        yaw = round((one.heading_radians + site.frame.heading_radians) / (2 * np.pi) * _TURN) % _TURN
        lines.append(f"puke -{acs.TURN} {_thing_id(one, 0)} {yaw}")
    return lines


def _point(point: NDArray[np.float64], site: Site) -> str:
    """x, y, z of a point as the engine's scripts take them; never below the floor."""
    x, y, z = (float(value) for value in site.frame.map_from_world(point))
    floor = float(site.surfaces.floors[site.surfaces.sector_at(x, y)])
    return " ".join(str(fixed(value)) for value in (x, y, max(z, floor)))


def _thing_id(one: Entity, part: int) -> int:
    return acs.FIRST_OBJECT_TID + _PARTS * one.event_id + part
