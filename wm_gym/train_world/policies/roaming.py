"""Scripted policies that go somewhere: free navigation, loops, transitions between spaces.

Source: LingBot-World 2.1.2, "Navigation". Each is an endless iterator of twists.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wm_gym.geometry.motion import wrapped
from wm_gym.train_world.policies.context import (
    Moves,
    PolicyContext,
    heading_to,
    stand,
    steer,
    stride,
    turn_by,
    turn_to,
    walk_along,
)

_MIDDLE_METRES = (3.0, 10.0)
_ASIDE_DEGREES = (25.0, 60.0)
_AHEAD = 2.5
_LOOP_PACE, _LOOP_TURN_PACE = 0.7, 0.95
_RING_SLACK = 1
_WIDEST_RING_METRES = 5.0


def free(me: PolicyContext) -> Moves:
    """Walks to one spot after another, now and then looking aside while walking on, or stopping to look round."""
    while True:
        for spot in me.ground.route(me.here, _middling_spot(me)):
            yield from _walk_looking_aside(me, spot) if me.rng.random() < 0.25 else walk_along(me, [spot])
            if me.is_stuck:
                yield from turn_by(me, float(me.rng.choice([-1, 1]) * me.rng.uniform(50, 110)))
                break
        if me.rng.random() < 0.25:
            yield from look_round(me)


def transition(me: PolicyContext) -> Moves:
    """Walks towards the farthest spots along known ways: through doors, round corners, from one space to the next."""
    while True:
        distances = np.linalg.norm(me.ground.spots - me.here, axis=1)
        far = np.argsort(-distances, kind="stable")[: max(1, len(distances) // 6)]
        yield from walk_along(me, me.ground.route(me.here, _likely_ahead(me, far)))
        if me.is_stuck:
            yield from turn_by(me, float(me.rng.choice([-1, 1]) * me.rng.uniform(50, 110)))


def loop(me: PolicyContext) -> Moves:
    """Goes out and comes back to where and how it began: round a ring, along its own trail, or walking backward."""
    start, heading = me.here.copy(), me.yaw
    me.turn_pace = max(me.turn_pace, _LOOP_TURN_PACE)
    me.pace = max(me.pace, _LOOP_PACE)
    ring = _ring(me) if me.rng.random() < 0.6 else None
    if ring is not None:
        yield from walk_along(me, ring, near_metres=0.8 * me.stride_metres)
        yield from _settle(me, start, heading)
    elif _turning_steps(me) + 14 <= me.num_steps and me.rng.random() < 0.7:
        yield from _out_and_back(me, start, heading)
    else:
        yield from _out_and_retreat(me, start)
    yield from stand(1)
    yield from free(me)


def look_round(me: PolicyContext) -> Moves:
    """Stops, looks to one side, then to the other, and ahead again."""
    ahead, side = me.yaw, float(me.rng.choice([-1.0, 1.0]))
    reach = np.radians(me.rng.uniform(30, 80))
    yield from turn_to(me, ahead + side * reach)
    yield from stand(int(me.rng.integers(0, 2)))
    yield from turn_to(me, ahead - side * reach * me.rng.uniform(0.0, 1.0))
    yield from turn_to(me, ahead)


def way_home(trail: Sequence[np.ndarray], start: np.ndarray, gap_metres: float = 0.45) -> list[np.ndarray]:
    """The trail backwards, its points a stride apart, down to the start."""
    kept = [trail[-1]]
    for point in trail[::-1]:
        if np.linalg.norm(point - kept[-1]) >= gap_metres:
            kept.append(point)
    return [*kept, start]


def _middling_spot(me: PolicyContext) -> int:
    distances = np.linalg.norm(me.ground.spots - me.here, axis=1)
    near, far = _MIDDLE_METRES
    choices = np.flatnonzero((distances > near) & (distances < far))
    return _likely_ahead(me, choices) if len(choices) else int(distances.argmax())


def _likely_ahead(me: PolicyContext, choices: np.ndarray) -> int:
    """One of the spots; those ahead are likelier, for people rarely turn on their heel."""
    way = me.ground.spots[choices] - me.here
    weights = np.exp(_AHEAD * np.cos(np.arctan2(way[:, 1], way[:, 0]) - me.yaw))
    return int(me.rng.choice(choices, p=weights / weights.sum()))


def _walk_looking_aside(me: PolicyContext, spot: np.ndarray) -> Moves:
    """Keeps walking to the spot with the head turned aside."""
    aside = np.radians(me.rng.choice([-1, 1]) * me.rng.uniform(*_ASIDE_DEGREES))
    for _ in range(int(me.rng.integers(4, 9))):
        if np.linalg.norm(spot - me.here) < 0.6 or me.is_stuck:
            return
        travel = heading_to(me, spot)
        if abs(wrapped(travel - me.yaw)) > np.radians(75):
            yield stride(me, spot)
        else:
            yield steer(me, travel, travel + aside, 0.8 * me.pace)
    yield from walk_along(me, [spot])


def _ring(me: PolicyContext) -> list[np.ndarray] | None:
    """Spots on a free circle through here that starts the way the body looks and ends in time; None without one."""
    stride_metres, turn = me.pace * me.stride_metres, me.turn_pace * me.turn_radians
    spare = me.num_steps - _RING_SLACK - (0 if me.turns_walking else 2 * np.pi / turn)
    widest = min(spare * stride_metres / (2 * np.pi), _WIDEST_RING_METRES)
    tightest = 1.05 * stride_metres / turn if me.turns_walking else 1.0
    if widest < tightest:
        return None
    for radius in me.rng.uniform(tightest, widest, 3):
        for side in me.rng.permutation([-1.0, 1.0]):
            spots = _circle(me, float(radius), float(side))
            if me.ground.blocked is None or not np.asarray(me.ground.blocked(spots)).any():
                return list(spots)
    return None


def _circle(me: PolicyContext, radius: float, side: float) -> np.ndarray:
    """(C, 2) spots on the circle to one side, from here back to here."""
    turn = np.linspace(0.0, 2 * np.pi, max(12, int(2 * np.pi * radius / 0.5)) + 1)[1:]
    ahead, left = radius * np.sin(turn), side * radius * (1 - np.cos(turn))
    cos, sin = np.cos(me.yaw), np.sin(me.yaw)
    return me.here + np.stack([ahead * cos - left * sin, ahead * sin + left * cos], axis=-1)


def _out_and_back(me: PolicyContext, start: np.ndarray, heading: float) -> Moves:
    """Out along known ways, about turn, home along the trail, about turn."""
    yield from _out(me, (me.num_steps - _turning_steps(me)) // 2)
    yield from turn_by(me, float(me.rng.choice([-180, 180])))
    yield from walk_along(me, way_home(me.trail, start))
    yield from _settle(me, start, heading)


def _turning_steps(me: PolicyContext) -> int:
    """Steps that two turns about take."""
    return int(2 * np.ceil(np.pi / (me.turn_pace * me.turn_radians)))


def _out_and_retreat(me: PolicyContext, start: np.ndarray) -> Moves:
    """Out along known ways, and home backwards with the eyes on what was reached."""
    yield from _out(me, max(2, int(0.4 * me.num_steps)))
    for spot in way_home(me.trail, start):
        for _ in range(4):
            if np.linalg.norm(spot - me.here) < 0.3 or me.is_stuck:
                break
            travel = heading_to(me, spot)
            pace = min(me.pace, float(np.linalg.norm(spot - me.here)) / me.stride_metres)
            yield steer(me, travel, travel + np.pi, pace)


def _out(me: PolicyContext, steps: int) -> Moves:
    until = me.steps + steps
    for twist in free(me):
        yield twist
        if me.steps >= until:
            return


def _settle(me: PolicyContext, start: np.ndarray, heading: float) -> Moves:
    """The last stretch: onto the very spot, in the very direction."""
    for _ in range(6):
        distance = float(np.linalg.norm(start - me.here))
        if distance < 0.02:
            break
        yield steer(me, heading_to(me, start), heading, min(me.pace, distance / me.stride_metres))
    yield from turn_to(me, heading)
