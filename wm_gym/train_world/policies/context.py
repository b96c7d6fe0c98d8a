"""The context of a scripted policy, and the moves that policies are made of.

A move is an iterator of twists: forward, left, yaw and pitch speed as fractions of the body's top speeds, each held
for one step. Between two twists the context's body pose is updated. Knows nothing of how the world is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from wm_gym.geometry.motion import START_BODY_POSE, Body, wrapped
from wm_gym.train_world.policies.ground import Ground

Moves = Iterator[np.ndarray]

_NEAR_METRES = 0.6
_STUCK_STEPS = 2


@dataclass
class PolicyContext:
    """State of a body that a policy moves.

    Attributes:
        ground: Spots and free straight walks between them.
        rng: Source of every choice.
        num_steps: Steps in all.
        pace: Walking speed, as a fraction of the body's.
        turn_pace: Turning speed, as a fraction of the body's.
        frames_per_step: Frames for which one twist is held.
        level_degrees: Error of a heading that counts as none.
        turns_walking: Whether it can turn and walk at once.
        body: Speeds of the body.
        body_pose: (5,) x, y, z, yaw, pitch now.
        bumps: Consecutive steps with a collision.
        steps: Steps taken.
        trail: Positions (2,) metres of each step so far.
    """

    ground: Ground
    rng: np.random.Generator
    num_steps: int
    pace: float
    turn_pace: float
    frames_per_step: int
    level_degrees: float = 2.0
    turns_walking: bool = True
    body: Body = field(default_factory=Body)
    body_pose: np.ndarray = field(default_factory=lambda: START_BODY_POSE.copy())
    bumps: int = 0
    steps: int = 0
    trail: list[np.ndarray] = field(default_factory=list)

    @property
    def here(self) -> np.ndarray:
        """(2,) metres."""
        return self.body_pose[:2]

    @property
    def yaw(self) -> float:
        """Heading in radians."""
        return float(self.body_pose[3])

    @property
    def stride_metres(self) -> float:
        """The longest walk of one step."""
        return self.frames_per_step * self.body.walk_metres_per_frame

    @property
    def turn_radians(self) -> float:
        """The largest turn of one step."""
        return self.frames_per_step * float(np.radians(self.body.turn_degrees_per_frame))

    @property
    def is_stuck(self) -> bool:
        """Whether the last steps all collided."""
        return self.bumps >= _STUCK_STEPS


def steer(me: PolicyContext, travel_radians: float, heading_radians: float, pace: float) -> np.ndarray:
    """The twist that turns towards a heading while walking in another direction."""
    yaw_speed = turn_speed(me, heading_radians)
    yaw_between = me.yaw + 0.6 * yaw_speed * me.turn_radians  # the body turns while it walks
    forward, left = np.cos(travel_radians - yaw_between), np.sin(travel_radians - yaw_between)
    return np.array([pace * forward, pace * left, yaw_speed, 0.0])


def turn_speed(me: PolicyContext, heading_radians: float) -> float:
    """Yaw speed towards a heading; slows down as it comes near."""
    return float(np.clip(wrapped(heading_radians - me.yaw) / me.turn_radians, -me.turn_pace, me.turn_pace))


def stride(me: PolicyContext, spot: np.ndarray) -> np.ndarray:
    """One step of walking to a spot as people do: ahead, and slower the more they have to turn."""
    error = wrapped(heading_to(me, spot) - me.yaw)
    forward = me.pace * max(0.0, float(np.cos(error))) ** 2
    return np.array([forward, 0.0, turn_speed(me, me.yaw + error), 0.0])


def walk_along(me: PolicyContext, spots: Iterable[np.ndarray], *, near_metres: float = _NEAR_METRES) -> Moves:
    """Walk from spot to spot. Ends early where something stands in the way for good."""
    for spot in spots:
        left = 4 + 2 * int(np.linalg.norm(spot - me.here) / (me.pace * me.stride_metres))
        while np.linalg.norm(spot - me.here) > near_metres and left > 0:
            yield stride(me, spot)
            left -= 1
            if me.is_stuck:
                return


def walk_facing(me: PolicyContext, spot: np.ndarray, facing: np.ndarray, pace: float) -> np.ndarray:
    """One step towards a spot while looking at another."""
    reach = min(pace, float(np.linalg.norm(spot - me.here)) / me.stride_metres)
    return steer(me, heading_to(me, spot), heading_to(me, facing), reach)


def turn_to(me: PolicyContext, heading_radians: float) -> Moves:
    """Turn on the spot until the heading is met."""
    for _ in range(80):
        if abs(wrapped(heading_radians - me.yaw)) < np.radians(me.level_degrees):
            return
        yield np.array([0.0, 0.0, turn_speed(me, heading_radians), 0.0])


def turn_by(me: PolicyContext, degrees: float) -> Moves:
    """Turn on the spot by an angle; positive is left. More than half a turn is taken in parts."""
    parts = max(1, int(np.ceil(abs(degrees) / 120.0)))
    start = me.yaw
    for part in range(1, parts + 1):
        yield from turn_to(me, start + np.radians(degrees) * part / parts)


def stand(steps: int) -> Moves:
    """Stay and look."""
    for _ in range(steps):
        yield np.zeros(4)


def heading_to(me: PolicyContext, spot: np.ndarray) -> float:
    """Direction of a spot, radians."""
    return float(np.arctan2(spot[1] - me.here[1], spot[0] - me.here[0]))
