"""Scripted experts: for an instruction, what one would press who knows where everything is.

An expert looks at a `Sight`, what is known of a place from where a body stands, and gives the keys of the next steps,
or None where the instruction makes no sense there. What it does depends only on what can be seen in the frame and on
what was walked lately, so that a model can learn it. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from wm_gym.agents.vlm.chunk import Chunk
from wm_gym.geometry.motion import KEYS, Body, wrapped

Solid = Callable[[np.ndarray, float], np.ndarray]
"""Positions (M, 2) x, y in metres and a radius in metres to whether something solid is that near, (M,) bool."""

FIRE_METRES, _TOUCH_METRES = 1.2, 0.5
_STRIDES, _ROAMED_STRIDES = 7, 12
_LOOK_TURNS, _LOOKS_AT_FIRST, _LOOKS_ON_THE_WAY = 4, 4, 2
_FIRST_LOOK_RADIANS = 1.5 * np.pi
_FARTHEST_METRES, _PROBE_METRES, _CRAMPED_METRES = 8.0, 0.25, 1.5
_MARGIN_METRES, _TURN_COST_METRES = 0.4, 0.6
_THIN_METRES = 0.05


@dataclass(frozen=True, eq=False)
class Sight:
    """What is known of a place from where a body stands.

    Attributes:
        body_pose: (5,) x, y, z, yaw, pitch.
        solid: What stands where.
        half_view_radians: Half the horizontal field of view.
        things: Names to x, y in metres, of what can be walked to.
        body: Size and speeds.
        frames_per_step: Frames for which keys are held.
        past: Chunks that were walked lately, the oldest first; empty where the world has just opened.
    """

    body_pose: np.ndarray
    solid: Solid
    half_view_radians: float
    things: Mapping[str, tuple[float, float]]
    body: Body
    frames_per_step: int
    past: tuple[Chunk, ...] = ()

    @property
    def stride_metres(self) -> float:
        """How far one step walks."""
        return self.frames_per_step * self.body.walk_metres_per_frame

    @property
    def turn_radians(self) -> float:
        """How far one step turns."""
        return self.frames_per_step * float(np.radians(self.body.turn_degrees_per_frame))

    def turns_for(self, radians: float) -> int:
        """Steps of turning that an angle takes."""
        return round(radians / self.turn_radians)

    def free_metres(self, turn_radians: float, most: float = _FARTHEST_METRES) -> float:
        """How far the body can walk straight in a direction from where it looks."""
        return _clear(self._way(turn_radians, most), self.solid, self.body.radius_metres)

    def from_here(self, spot: tuple[float, float]) -> tuple[float, float]:
        """Distance in metres of a spot, and its direction from where the body looks, radians to the left."""
        east, north = np.asarray(spot) - self.body_pose[:2]
        turn = np.arctan2(north, east) - self.body_pose[3]
        return float(np.hypot(east, north)), wrapped(turn)

    def at(self, distance_metres: float, turn_radians: float) -> tuple[float, float]:
        """The spot in a direction from where the body looks, radians to the left."""
        heading = self.body_pose[3] + turn_radians
        east, north = self.body_pose[:2] + distance_metres * np.array([np.cos(heading), np.sin(heading)])
        return float(east), float(north)

    def is_in_view(self, spot: tuple[float, float]) -> bool:
        """Whether a spot lies within the field of view, whatever stands before it."""
        return abs(self.from_here(spot)[1]) <= self.half_view_radians

    def is_hidden(self, distance_metres: float, turn_radians: float) -> bool:
        """Whether something stands between the body and a spot."""
        far = max(0.0, distance_metres - 0.5)
        return _clear(self._way(turn_radians, far), self.solid, _THIN_METRES) < far - _PROBE_METRES

    def _way(self, turn_radians: float, metres: float) -> np.ndarray:
        """Spots (M, 2) on a straight way."""
        along = np.arange(_PROBE_METRES, metres + 1e-9, _PROBE_METRES)
        heading = self.body_pose[3] + turn_radians
        return self.body_pose[:2] + along[:, None] * np.array([np.cos(heading), np.sin(heading)])


Expert = Callable[[Sight], np.ndarray | None]
"""A sight to the keys (S, 8) bool of the next steps."""


def press(*parts: tuple[str, int]) -> np.ndarray:
    """(S, 8) bool of keys and for how many steps they are held."""
    rows = [[key in keys for key in KEYS] for keys, steps in parts for _ in range(steps)]
    return np.array(rows, np.bool_).reshape(-1, len(KEYS))


def always(*parts: tuple[str, int]) -> Expert:
    """Presses the same, wherever it is."""
    keys = press(*parts)
    return lambda sight: keys


def quarter_turn(key: str) -> Expert:
    """Turns by a quarter, to the left for J and to the right for L."""
    return lambda sight: press((key, sight.turns_for(np.pi / 2)))


def half_turn(sight: Sight) -> np.ndarray:
    """Turns about, by the left."""
    return press(("J", sight.turns_for(np.pi)))


def ahead(sight: Sight) -> np.ndarray:
    """Walks straight on as far as it can; stands where it cannot."""
    strides = _strides(sight, 0.0, 12)
    return press(("W", strides)) if strides else press(("", 4))


def explore(sight: Sight) -> np.ndarray:
    """Looks around where the world has just opened, then roams: that shows the most floor."""
    return roam(sight) if sight.past else press(("J", sight.turns_for(_FIRST_LOOK_RADIANS)))


def roam(sight: Sight) -> np.ndarray:
    """Walks where the way is longest of what is in view; turns left by a quarter where it is short everywhere."""
    most = int(sight.half_view_radians / sight.turn_radians + 0.5)
    turns = range(-most, most + 1)
    free = [sight.free_metres(turn * sight.turn_radians) for turn in turns]
    best = max(range(len(free)), key=lambda k: free[k] - _TURN_COST_METRES * abs(turns[k]))
    if free[best] < _CRAMPED_METRES:
        return press(("J", sight.turns_for(np.pi / 2)))
    strides = _strides(sight, turns[best] * sight.turn_radians, _ROAMED_STRIDES)
    return press(*_turn(turns[best]), ("W", max(1, strides)))


def search(sight: Sight) -> np.ndarray:
    """Looks to the right, a view at a time, all around at first and twice after each way; then roams."""
    walked = [any("W" in part.keys for part in chunk) for chunk in sight.past]
    looks = walked[::-1].index(True) if any(walked) else len(walked)
    most = _LOOKS_ON_THE_WAY if any(walked) else _LOOKS_AT_FIRST
    return press(("L", _LOOK_TURNS)) if looks < most else roam(sight)


def go_to(thing: str, near_metres: float = _TOUCH_METRES) -> Expert:
    """Walks to within some metres of a thing: turns to it and walks on; searches for what is out of view."""

    def expert(sight: Sight) -> np.ndarray | None:
        if thing not in sight.things:
            return None
        distance, turn = sight.from_here(sight.things[thing])
        if not sight.is_in_view(sight.things[thing]):
            return search(sight)
        if distance < near_metres:
            return press(("", 4))
        return None if sight.is_hidden(distance, turn) else _approach(sight, distance - near_metres, turn)

    return expert


def go_to_spot(sight: Sight, spot: tuple[float, float]) -> np.ndarray:
    """Walks towards a spot that is told in words; where the straight way is barred, by the side that is freer."""
    distance, turn = sight.from_here(spot)
    turns = sight.turns_for(turn)
    if distance < _TOUCH_METRES:
        return press(("", 4))
    if sight.free_metres(turns * sight.turn_radians, 2.0) < min(1.0, distance):
        sides = [turns - 3, turns + 3]
        turns = max(sides, key=lambda k: sight.free_metres(k * sight.turn_radians, 3.0))
        return press(*_turn(turns), ("W", max(1, _strides(sight, turns * sight.turn_radians, 4))))
    return _approach(sight, distance - _TOUCH_METRES, turn)


def _approach(sight: Sight, metres: float, turn: float) -> np.ndarray:
    turns = sight.turns_for(turn)
    strides = int(np.ceil(metres / sight.stride_metres))
    free = _strides(sight, turns * sight.turn_radians, _STRIDES)
    return press(*_turn(turns), ("W", max(1, min(strides, free, _STRIDES))))


def _turn(turns: int) -> list[tuple[str, int]]:
    return [("J" if turns > 0 else "L", abs(turns))] if turns else []


def _strides(sight: Sight, turn_radians: float, most: int) -> int:
    """Steps of walking that are free in a direction, fewer than `most`."""
    free = sight.free_metres(turn_radians, most * sight.stride_metres + _MARGIN_METRES) - _MARGIN_METRES
    return int(np.clip(free / sight.stride_metres + 0.2, 0, most))


def _clear(way: np.ndarray, solid: Solid, radius: float) -> float:
    """Metres of a way before it meets something solid."""
    if not len(way):
        return 0.0
    hits = np.flatnonzero(solid(way, radius))
    return _PROBE_METRES * float(hits[0] if len(hits) else len(way))
