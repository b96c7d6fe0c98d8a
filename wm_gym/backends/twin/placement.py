"""Placement of the actors and bursts that events add: on free ground ahead of the body, while the event is active.

A placement follows from the event's text, the body's pose at the onset and the map alone. Knows nothing of the engine
but the names of its scripts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin import acs
from wm_gym.backends.twin.engine import fixed
from wm_gym.backends.twin.site import Site
from wm_gym.entities.colours import named_colour, nearest_colour
from wm_gym.entities.placing import ROOM_METRES, place_thing, wanted_place
from wm_gym.events.kinds import OBJECTS, ActiveEvent

ACTORS = {"bonfire": ("Bonfire", acs.BONFIRE_TIDS), "walker": ("Visitor", acs.VISITOR_TIDS)}
"""Kinds that are actors of the engine, each with its actor and its thing numbers."""


@dataclass(frozen=True)
class Placement:
    """An actor or burst that an event has added.

    Attributes:
        event_id: Number of the event in its world.
        kind: Kind of the event.
        position: x, y, z in map units.
        present: Whether its actor is in the game now.
        actor: Class of its actor; empty for a burst.
    """

    event_id: int
    kind: str
    position: tuple[float, float, float]
    present: bool
    actor: str = ""


def place_events(
    placements: Sequence[Placement], events: Sequence[ActiveEvent], poses: NDArray[np.float64], site: Site
) -> tuple[tuple[Placement, ...], list[tuple[str, ...]]]:
    """The placements after a step, and the engine commands of each frame that bring them about.

    Args:
        placements: The placements before the step.
        events: The events active during the step.
        poses: (T, 4, 4) world_from_camera.
        site: The place.
    """
    current = {placement.event_id: placement for placement in placements}
    placed = ROOM_METRES.keys() - set(OBJECTS)
    active = {event.event_id: (event.kind, event) for event in events if event.kind in placed}
    commands: list[list[str]] = [[] for _ in poses]
    for placement in [p for p in placements if p.event_id not in active]:
        commands[0] += _switch(placement, False)
        del current[placement.event_id]
    for kind, event in active.values():
        for t, strength in enumerate(event.strengths):
            if event.event_id not in current and strength > 0.0:
                position, actor = _find_position(event, poses[t], site), _actor(event, site)
                current[event.event_id] = Placement(event.event_id, kind, position, False, actor)
            if event.event_id in current:
                commands[t] += _switch(current[event.event_id], strength > 0.0)
                current[event.event_id] = _with_presence(current[event.event_id], strength > 0.0)
    return tuple(current.values()), [tuple(lines) for lines in commands]


def _with_presence(placement: Placement, present: bool) -> Placement:
    return replace(placement, present=present)


def _actor(event: ActiveEvent, site: Site) -> str:
    """The class of an event's actor: a person of the look whose clothes are nearest to a colour that the text names."""
    if event.kind not in ACTORS:
        return ""
    actor, _ = ACTORS[event.kind]
    wanted = named_colour(event.text) if event.kind == "walker" else None
    return actor if wanted is None else f"{actor}{nearest_colour(wanted, site.place.clothes)}"


def _switch(placement: Placement, present: bool) -> list[str]:
    """The commands that spawn or remove the actor of a placement; none if it has no actor or nothing changes."""
    if placement.kind not in ACTORS or placement.present == present:
        return []
    _, thing_ids = ACTORS[placement.kind]
    thing_id = thing_ids[placement.event_id % len(thing_ids)]
    if not present:
        return [f"puke -{acs.REMOVE} {thing_id}"]
    x, y, z = (fixed(value) for value in placement.position)
    return [f"puke -{acs.SPAWN[placement.actor]} {x} {y} {z} {thing_id}"]


def _find_position(event: ActiveEvent, pose: NDArray[np.float64], site: Site) -> tuple[float, float, float]:
    """Position in map units, where the event's text wants it."""
    assert event.kind is not None
    place, _ = place_thing(event.kind, wanted_place(event.text), pose, Around(site))
    x, y, z = (float(value) for value in site.frame.map_from_world(np.array(place)))
    return x, y, z if event.kind == "fireworks" else float(site.surfaces.floors[site.surfaces.sector_at(x, y)])


class Around:
    """A site as things are placed in it (`entities.surroundings.Surroundings`)."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def blocked(self, positions: NDArray[np.float64], radius_metres: float) -> NDArray[np.bool_]:
        """Whether walls or standing things of the place lie within a radius of positions (M, 2), (M,) bool."""
        return self._site.obstacles.blocked(positions, radius_metres)

    def floor_z(self, position: NDArray[np.float64]) -> float:
        """Height of the floor at a position (2,)."""
        return self._height(position, self._site.surfaces.floors)

    def roof_z(self, position: NDArray[np.float64]) -> float | None:
        """Height of the ceiling over a position (2,), or None under the open sky."""
        is_open = bool(self._site.surfaces.sky[self._sector(position)])
        return None if is_open else self._height(position, self._site.surfaces.ceilings)

    def _height(self, position: NDArray[np.float64], heights: NDArray[np.float64]) -> float:
        """One of the heights of sectors, map units, as z in the world frame."""
        return float(self._site.frame.world_from_map(np.array([0.0, 0.0, heights[self._sector(position)]]))[2])

    def _sector(self, position: NDArray[np.float64]) -> int:
        x, y, _ = self._site.frame.map_from_world(np.array([*position, 0.0]))
        return self._site.surfaces.sector_at(x, y)
