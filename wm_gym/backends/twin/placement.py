"""Placement of the actors and bursts that events add: on free ground ahead of the body, while the event is active.

A placement follows from the body's pose at the onset and the map alone. Knows nothing of the engine but the names of
its scripts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin import acs
from wm_gym.backends.twin.engine import fixed
from wm_gym.backends.twin.site import Site
from wm_gym.events.kinds import ActiveEvent

ACTORS = {"bonfire": ("Bonfire", acs.BONFIRE_TIDS), "walker": ("Visitor", acs.VISITOR_TIDS)}
"""Kinds that are actors of the engine, each with its actor and its thing numbers."""
_ROOM_METRES = {"bonfire": 0.7, "walker": 0.6, "fireworks": 0.1, "smoke": 0.4, "explosion": 0.8}
_DISTANCES_METRES = {
    "bonfire": (3.6, 4.2, 3.0, 5.0, 2.4, 1.8),
    "walker": (4.0, 5.0, 3.2, 6.5, 2.6, 2.0),
    "smoke": (4.5, 5.5, 3.6, 6.5, 2.8, 2.0),
    "explosion": (6.0, 7.0, 5.0, 8.0, 4.0, 3.0, 2.4),
    "fireworks": (10.0, 8.0, 6.5, 5.0, 4.0, 3.0, 2.0),
}
_TURNS_DEGREES = (0.0, 12.0, -12.0, 25.0, -25.0, 40.0, -40.0, 65.0, -65.0)
_SIGHT_STEP_METRES = 0.2
_SIGHT_RADIUS_METRES = 0.1
_BURST_RISE = 0.42
_BELOW_CEILING_UNITS = 30.0


@dataclass(frozen=True)
class Placement:
    """An actor or burst that an event has added.

    Attributes:
        event_id: Number of the event in its world.
        kind: Kind of the event.
        position: x, y, z in map units.
        present: Whether its actor is in the game now.
    """

    event_id: int
    kind: str
    position: tuple[float, float, float]
    present: bool


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
    active = {event.event_id: (event.kind, event) for event in events if event.kind in _DISTANCES_METRES}
    commands: list[list[str]] = [[] for _ in poses]
    for placement in [p for p in placements if p.event_id not in active]:
        commands[0] += _switch(placement, False)
        del current[placement.event_id]
    for kind, event in active.values():
        for t, strength in enumerate(event.strengths):
            if event.event_id not in current and strength > 0.0:
                current[event.event_id] = Placement(event.event_id, kind, _find_position(kind, poses[t], site), False)
            if event.event_id in current:
                commands[t] += _switch(current[event.event_id], strength > 0.0)
                current[event.event_id] = _with_presence(current[event.event_id], strength > 0.0)
    return tuple(current.values()), [tuple(lines) for lines in commands]


def _with_presence(placement: Placement, present: bool) -> Placement:
    return Placement(placement.event_id, placement.kind, placement.position, present)


def _switch(placement: Placement, present: bool) -> list[str]:
    """The commands that spawn or remove the actor of a placement; none if it has no actor or nothing changes."""
    if placement.kind not in ACTORS or placement.present == present:
        return []
    actor, thing_ids = ACTORS[placement.kind]
    thing_id = thing_ids[placement.event_id % len(thing_ids)]
    if not present:
        return [f"puke -{acs.REMOVE} {thing_id}"]
    x, y, z = (fixed(value) for value in placement.position)
    return [f"puke -{acs.SPAWN[actor]} {x} {y} {z} {thing_id}"]


def _find_position(kind: str, pose: NDArray[np.float64], site: Site) -> tuple[float, float, float]:
    """Position in map units on free ground ahead in the body's sight, or 1.5 m ahead where there is none."""
    here, ahead = pose[:2, 3], pose[:2, 2] / np.linalg.norm(pose[:2, 2])
    turns = np.radians(_TURNS_DEGREES)
    across = np.stack([-ahead[1], ahead[0]])
    positions = np.array(
        [
            here + distance * (np.cos(turn) * ahead + np.sin(turn) * across)
            for distance in _DISTANCES_METRES[kind]
            for turn in turns
        ]
    )
    free = ~site.obstacles.blocked(positions, _ROOM_METRES[kind])
    chosen = next((position for position in positions[free] if _sees(here, position, site)), here + 1.5 * ahead)
    return _raise(kind, here, chosen, float(pose[2, 3]), site)


def _sees(here: NDArray[np.float64], position: NDArray[np.float64], site: Site) -> bool:
    steps = max(2, int(np.linalg.norm(position - here) / _SIGHT_STEP_METRES))
    way = here + np.linspace(0.0, 1.0, steps)[:, None] * (position - here)
    return not site.obstacles.blocked(way, _SIGHT_RADIUS_METRES).any()


def _raise(
    kind: str, here: NDArray[np.float64], position: NDArray[np.float64], eye_z: float, site: Site
) -> tuple[float, float, float]:
    """A position (2,) in metres as x, y, z in map units: on the floor, or for fireworks in the air below a ceiling."""
    x, y, _ = site.frame.map_from_world(np.array([*position, eye_z]))
    sector = site.surfaces.sector_at(x, y)
    if kind != "fireworks":
        return (float(x), float(y), float(site.surfaces.floors[sector]))
    rise = _BURST_RISE * float(np.linalg.norm(position - here))
    high = float(site.frame.map_from_world(np.array([*position, eye_z + rise]))[2])
    if not site.surfaces.sky[sector]:
        high = min(high, float(site.surfaces.ceilings[sector]) - _BELOW_CEILING_UNITS)
    return (float(x), float(y), high)
