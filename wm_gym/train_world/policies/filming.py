"""A scripted policy that moves the camera as people do who film a place to show it: slowly, and seldom on the spot.

What it films can be put together from the pictures alone: each shows most of what the one before it showed, from
somewhere else.
"""

from __future__ import annotations

import numpy as np

from wm_gym.geometry.motion import wrapped
from wm_gym.train_world.policies.context import Moves, PolicyContext, heading_to, steer
from wm_gym.train_world.policies.ground import is_free

_PACE, _TURN_PACE = 0.4, 0.3
_OPEN_METRES, _REACH_METRES = 4.0, (3.0, 8.0)
_LOOKS_DEGREES = np.array([0, 15, -15, 30, -30, 50, -50, 75, -75, 100, -100, 130, -130, 180])
_SIDEWAYS_DEGREES = 100.0
_NEAR_METRES, _MOST_STEPS = 0.5, 24


def film(me: PolicyContext) -> Moves:
    """Walks slowly from spot to spot, along the way or past it sideways, and looks to where it is open."""
    me.pace, me.turn_pace = min(me.pace, _PACE), min(me.turn_pace, _TURN_PACE)
    while True:
        spot = _spot_in_view(me)
        aside = np.radians(me.rng.choice([-1.0, 0.0, 1.0]) * me.rng.uniform(20, 60))
        for _ in range(_MOST_STEPS):
            travel = heading_to(me, spot)
            yield steer(me, travel, _open_heading(me, travel + aside), me.pace)
            if np.linalg.norm(spot - me.here) < _NEAR_METRES or me.is_stuck:
                break


def _spot_in_view(me: PolicyContext) -> np.ndarray:
    """A spot that can be walked to straight without looking over the shoulder, else the end of the longest free way."""
    way = me.ground.spots - me.here
    metres = np.linalg.norm(way, axis=1)
    off = np.array([wrapped(float(one)) for one in np.arctan2(way[:, 1], way[:, 0]) - me.yaw])
    near, far = _REACH_METRES
    in_view = (metres > near) & (metres < far) & (np.abs(off) < np.radians(_SIDEWAYS_DEGREES))
    choices = [k for k in np.flatnonzero(in_view) if is_free(me.here, me.ground.spots[k], me.ground.blocked)]
    if not choices:
        return _step_in_the_open(me)
    weights = np.exp(np.cos(off[choices]))
    return me.ground.spots[int(me.rng.choice(choices, p=weights / weights.sum()))]


def _step_in_the_open(me: PolicyContext) -> np.ndarray:
    """The end of the longest of the free ways around."""
    headings = me.yaw + np.radians(_LOOKS_DEGREES)
    ends = [me.here + _free_metres(me, one) * np.array([np.cos(one), np.sin(one)]) for one in headings]
    return max(ends, key=lambda end: float(np.linalg.norm(end - me.here)))


def _open_heading(me: PolicyContext, wanted_radians: float) -> float:
    """The heading next to a wanted one in which nothing stands near."""
    headings = wanted_radians + np.radians(_LOOKS_DEGREES)
    free = [_free_metres(me, one) for one in headings]
    return float(next((one for one, far in zip(headings, free, strict=True) if far >= _OPEN_METRES),
                      headings[int(np.argmax(free))]))  # fmt: skip


def _free_metres(me: PolicyContext, heading: float) -> float:
    """How far a body can go straight, up to `_OPEN_METRES`."""
    if me.ground.blocked is None:
        return _OPEN_METRES
    metres = np.arange(0.25, _OPEN_METRES + 0.01, 0.25)
    along = me.here + metres[:, None] * np.array([np.cos(heading), np.sin(heading)])
    solid = np.asarray(me.ground.blocked(along))
    return float(metres[-1] if not solid.any() else metres[int(solid.argmax())] - 0.25)
