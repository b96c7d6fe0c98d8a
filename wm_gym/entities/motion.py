"""How things move from frame to frame, and where they are solid. Pure; the same in generated worlds and in the twin.

People walk, cars drive to and fro, crates fall, birds take off and circle. Knows nothing of how anything looks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wm_gym.appearance.chance import chance
from wm_gym.entities.entity import Entity
from wm_gym.entities.placing import ROOM_METRES
from wm_gym.entities.surroundings import Surroundings
from wm_gym.events.kinds import KINDS

Blocked = Callable[[NDArray[np.float64], float], NDArray[np.bool_]]
"""Positions (M, 2) and a radius in metres to (M,) bool: whether something stands there."""

WALK_METRES_PER_FRAME, DRIVE_METRES_PER_FRAME = 0.063, 0.2
"""1.1 and 3.5 metres a second."""
NUM_BIRDS = 6
_FRAMES_PER_SECOND = 17.5
_TURN_EVERY_FRAMES, _TURN_RADIANS, _LOOK_AHEAD_METRES = 24, 0.7, 0.7
_WAYS_OUT = (0.0, 0.6, -0.6, 1.2, -1.2, 1.9, -1.9, 2.6, -2.6, np.pi)

_CAR_RADIUS_METRES, _CAR_DISCS_METRES = 0.85, (-1.3, 0.0, 1.3)
_BRAKES_METRES, _CAR_TURN_RADIANS, _CAR_AHEAD_METRES = 3.4, 0.2, (2.3, 3.2)
_RUN_UP_METRES, _RUN_STEP_METRES = 7.0, 0.5
_RADII_METRES = {"crate": 0.6, "lamp_post": 0.2, "tree": 0.35}

_GRAVITY, _BOUNCE = 9.8, 0.25
_DROP_METRES, _DROP_INDOORS_METRES = 4.0, 1.4
_DROPS = re.compile(r"\b(drop|fall|fell|tumbl|land|crash|plummet|plung|lower|thrown|down|above|sky)\w*")
_PARKED = re.compile(r"\b(parks|parked|parking|stand|stands|standing|stops?|stopped|halts?|waits?|waiting|abandoned)\b")


def stands_still(kind: str, text: str) -> bool:
    """Whether a thing that could move is asked for standing: a crate that does not fall, a car that is parked."""
    plain = text.lower()
    return (kind == "crate" and not _DROPS.search(plain)) or (kind == "car" and bool(_PARKED.search(plain)))


def moved(one: Entity, around: Surroundings, bodies: NDArray[np.float64]) -> Entity:
    """An entity one frame later.

    Args:
        one: The entity.
        around: The place, with what else is solid in it.
        bodies: (B, 2) x and y of bodies, for whom cars stop.
    """
    if one.kind == "walker":
        return _walked(one, around)
    if one.kind == "car" and not one.is_still:
        return _driven(one, around, bodies)
    return replace(one, phase_frames=one.phase_frames + 1)


def _walked(one: Entity, around: Surroundings) -> Entity:
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


def _driven(one: Entity, around: Surroundings, bodies: NDArray[np.float64]) -> Entity:
    """A car goes on where the way is free, turns where it is not, and waits for whoever stands near."""
    here, along = np.array(one.position[:2]), _unit(one.heading_radians)
    if len(bodies) and float(np.linalg.norm(bodies - here - along, axis=1).min()) < _BRAKES_METRES:
        return one
    ahead = here + np.array(_CAR_AHEAD_METRES)[:, None] * along
    if around.blocked(ahead, _CAR_RADIUS_METRES).any():
        way = 1.0 if chance(one.seed, 0, 33) < 0.5 else -1.0
        return replace(one, heading_radians=one.heading_radians + way * _CAR_TURN_RADIANS)
    x, y = here + DRIVE_METRES_PER_FRAME * along
    z = around.floor_z(np.array([x, y]))
    return replace(one, position=(float(x), float(y), float(z)), phase_frames=one.phase_frames + 1)


def run_up(
    spot: NDArray[np.float64], sight_radians: float, seed: int, around: Surroundings
) -> tuple[NDArray[np.float64], float]:
    """Where a car that is to pass a spot comes from, (2,), and its heading: across the line of sight where it can.

    Args:
        spot: (2,) metres.
        sight_radians: From the body to the spot.
        seed: Of the event; says from which side.
        around: The place.
    """
    side = 1.0 if chance(seed, 0, 34) < 0.5 else -1.0
    headings = sight_radians + side * np.radians([90.0, -90.0, 60.0, -60.0, 120.0, -120.0, 0.0, 180.0])
    runs = [(_free_metres(spot, h + np.pi, around), _free_metres(spot, h, around)) for h in headings]
    best = max(range(len(runs)), key=lambda k: min(runs[k][0] + runs[k][1], 2 * _RUN_UP_METRES) - 0.5 * (k // 2))
    heading = float(headings[best])
    return spot - max(0.0, runs[best][0] - _CAR_AHEAD_METRES[0]) * _unit(heading), heading


def _free_metres(spot: NDArray[np.float64], heading: float, around: Surroundings) -> float:
    steps = np.arange(_RUN_STEP_METRES, _RUN_UP_METRES + 0.1, _RUN_STEP_METRES)
    blocked = around.blocked(spot + steps[:, None] * _unit(heading), _CAR_RADIUS_METRES)
    return float(steps[-1]) if not blocked.any() else float(steps[int(blocked.argmax())] - _RUN_STEP_METRES)


def lifted(one: Entity) -> float:
    """Metres that a crate is still over the ground: it falls, and bounces once."""
    if one.kind != "crate" or one.is_still:
        return 0.0
    height, seconds = _DROP_METRES if one.outdoors else _DROP_INDOORS_METRES, one.age_frames / _FRAMES_PER_SECOND
    landing = float(np.sqrt(2.0 * height / _GRAVITY))
    if seconds < landing:
        return height - 0.5 * _GRAVITY * seconds**2
    after = seconds - landing
    return max(0.0, _BOUNCE * _GRAVITY * landing * after - 0.5 * _GRAVITY * after**2)


def shown_at(one: Entity) -> NDArray[np.float64]:
    """(K, 3) metres: where a thing is seen, its foot over the ground as it is; each bird of a flock."""
    if one.kind == "birds":
        return np.array([_bird(one, k) for k in range(NUM_BIRDS)])
    x, y, z = one.position
    return np.array([[x, y, z + lifted(one)]])


def leaving(one: Entity) -> float:
    """How far a flock has gone, 0..1, from what its strength lacks of what it had by its age."""
    rise = min(1.0, (one.age_frames + 1) / KINDS[one.kind].ramp_frames)
    return min(1.0, max(0.0, rise - one.strength))


def _bird(one: Entity, number: int) -> NDArray[np.float64]:
    """x, y, z of one bird: it sits, takes off one by one, climbs and circles; at the end the flock is off upwards."""
    draw = [chance(one.seed, 8 * number + k, 35) for k in range(5)]
    turn, gone = 2.0 * np.pi * (number + draw[0]) / NUM_BIRDS, leaving(one)
    seconds = max(0.0, one.age_frames - 3.0 - 10.0 * draw[1]) / _FRAMES_PER_SECOND
    out = 1.0 - float(np.exp(-seconds / 1.5))
    top = (2.0 + 1.6 * draw[2]) if one.outdoors else (1.0 + 0.5 * draw[2])
    reach = 0.35 + 0.7 * draw[3] + (2.4 if one.outdoors else 0.8) * out + 6.0 * gone
    turn += (0.9 + 0.4 * draw[4]) * max(0.0, seconds - 0.4)
    x, y, z = one.position
    return np.array([x + reach * np.cos(turn), y + reach * np.sin(turn), z + top * out + 9.0 * gone])


def discs(one: Entity) -> NDArray[np.float64]:
    """(K, 3) x, y, radius in metres: where a thing is solid."""
    if one.strength <= 0.0:
        return np.zeros((0, 3))
    if one.kind == "car":
        middles = np.array(one.position[:2]) + np.array(_CAR_DISCS_METRES)[:, None] * _unit(one.heading_radians)
        return np.column_stack([middles, np.full(len(middles), _CAR_RADIUS_METRES)])
    radius = _RADII_METRES.get(one.kind)
    return np.zeros((0, 3)) if radius is None else np.array([[*one.position[:2], radius]])


def discs_of(entities: Sequence[Entity]) -> NDArray[np.float64]:
    """(K, 3) x, y, radius in metres: where any of the things is solid."""
    return np.concatenate([np.zeros((0, 3)), *(discs(one) for one in entities)])


def touches(solid: NDArray[np.float64], positions: NDArray[np.float64], radius_metres: float) -> NDArray[np.bool_]:
    """(M,) bool: whether positions (M, 2) lie within a radius of discs (K, 3)."""
    apart = np.linalg.norm(np.asarray(positions)[:, None] - solid[None, :, :2], axis=2)
    return (apart < radius_metres + solid[:, 2]).any(axis=1)


def with_solid(blocked: Blocked, things: Sequence[Entity]) -> Blocked:
    """A place with the solid things that stand in it: whether positions (M, 2) with a radius overlap either."""
    solid = discs_of(things)
    if not len(solid):
        return blocked
    return lambda positions, radius_metres: blocked(positions, radius_metres) | touches(solid, positions, radius_metres)


def _unit(radians: float) -> NDArray[np.float64]:
    return np.array([np.cos(radians), np.sin(radians)])
