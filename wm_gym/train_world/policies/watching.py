"""Scripted policies that look at something: orbiting, standing still, walking backward, looking back.

Source: LingBot-World 2.1.2, "Sightseeing" and "Long-tail scenarios", and the look-backs of 2.1.3. Each is an endless
iterator of twists.
"""

from __future__ import annotations

import numpy as np

from wm_gym.geometry.motion import wrapped
from wm_gym.train_world.policies.context import (
    Moves,
    PolicyContext,
    heading_to,
    stand,
    steer,
    turn_by,
    turn_to,
    walk_along,
    walk_facing,
)
from wm_gym.train_world.policies.ground import is_free
from wm_gym.train_world.policies.roaming import free, way_home

_LOOK_BACK_DEGREES = (70.0, 180.0)


def orbit(me: PolicyContext) -> Moves:
    """Goes round something while looking at it, turns back where the way ends, then finds something else."""
    while True:
        centre = _sight(me)
        yield from turn_to(me, heading_to(me, centre))
        side = float(me.rng.choice([-1.0, 1.0]))
        radius = max(1.0, float(np.linalg.norm(centre - me.here)))
        for _ in range(int(me.rng.integers(10, 20))):
            if me.is_stuck:
                side, me.bumps = -side, 0
            yield _round(me, centre, radius, side)
        if me.rng.random() < 0.5:
            yield from _approach(me, centre)


def stand_and_pan(me: PolicyContext) -> Moves:
    """Stays where it is: stares, sweeps from side to side, or turns all the way round."""
    while True:
        mood = me.rng.random()
        if mood < 0.3:
            yield from stand(int(me.rng.integers(3, 8)))
        elif mood < 0.7:
            yield from turn_by(me, float(me.rng.choice([-1, 1]) * me.rng.uniform(40, 120)))
            yield from stand(int(me.rng.integers(0, 3)))
        else:
            yield from turn_by(me, float(me.rng.choice([-360, 360])))


def backward(me: PolicyContext) -> Moves:
    """Retreats with the eyes on where it came from, in a gentle curve; goes ahead again where it bumps."""
    while True:
        travel = me.yaw + np.pi + np.radians(me.rng.uniform(-20, 20))
        bend = np.radians(me.rng.uniform(-6, 6))
        for _ in range(int(me.rng.integers(6, 14))):
            if me.is_stuck:
                break
            yield steer(me, travel, travel + np.pi, 0.8 * me.pace)
            travel += bend
        if me.is_stuck:
            yield from walk_along(me, way_home(me.trail[-6:], me.trail[max(0, len(me.trail) - 6)]))
            yield from turn_by(me, float(me.rng.choice([-1, 1]) * me.rng.uniform(40, 100)))
        yield from stand(int(me.rng.integers(0, 2)))


def look_back(me: PolicyContext) -> Moves:
    """Walks a little, turns about, looks, turns back to where it was heading, and walks on."""
    walking = free(me)
    while True:
        for _ in range(int(me.rng.integers(3, 7))):
            yield next(walking)
        ahead = me.yaw
        turn = float(me.rng.choice([-1, 1]) * me.rng.uniform(*_LOOK_BACK_DEGREES))
        yield from turn_by(me, turn)
        yield from stand(int(me.rng.integers(1, 3)))
        yield from turn_by(me, float(np.degrees(wrapped(ahead - me.yaw))))


def _sight(me: PolicyContext) -> np.ndarray:
    """Something solid ahead to go round, or a spot in the open where nothing solid can be gone round."""
    distances, turns = me.rng.uniform(2.0, 5.0, 24), np.radians(me.rng.uniform(-60, 60, 24))
    spots = me.here + distances[:, None] * np.stack([np.cos(me.yaw + turns), np.sin(me.yaw + turns)], axis=-1)
    if me.ground.blocked is None:
        return spots[0]
    solid = np.asarray(me.ground.blocked(spots))
    best = max(range(len(spots)), key=lambda k: (_free_arc(me, spots[k]) + 0.25 * bool(solid[k]), -k))
    return spots[best]


def _free_arc(me: PolicyContext, centre: np.ndarray) -> float:
    """The share of the arc beside the body, seen from the centre, that is free to walk."""
    assert me.ground.blocked is not None
    offset = me.here - centre
    turns = np.radians(np.arange(-70, 71, 10))
    cos, sin = np.cos(turns), np.sin(turns)
    arc = centre + np.stack([offset[0] * cos - offset[1] * sin, offset[0] * sin + offset[1] * cos], axis=-1)
    return 1.0 - float(np.asarray(me.ground.blocked(arc)).mean())


def _round(me: PolicyContext, centre: np.ndarray, radius: float, side: float) -> np.ndarray:
    """One step along the circle, at the speed at which the eyes can follow."""
    offset = me.here - centre
    angle = np.arctan2(offset[1], offset[0])
    step = min(me.pace * me.stride_metres / radius, 0.9 * me.turn_radians)
    spot = centre + radius * np.array([np.cos(angle + side * step), np.sin(angle + side * step)])
    return walk_facing(me, spot, centre, me.pace)


def _approach(me: PolicyContext, centre: np.ndarray) -> Moves:
    """Comes nearer, looks, and draws back."""
    start = me.here.copy()
    close = centre + (start - centre) / max(np.linalg.norm(start - centre), 1e-6)
    if not is_free(start, close, me.ground.blocked):
        return
    yield from walk_along(me, [close], near_metres=0.4)
    yield from stand(int(me.rng.integers(1, 3)))
    for _ in range(8):
        if np.linalg.norm(start - me.here) < 0.3 or me.is_stuck:
            return
        yield walk_facing(me, start, centre, me.pace)
