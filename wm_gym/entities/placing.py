"""Where an event's thing appears: on free ground in the body's sight, in the direction that the text names."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wm_gym.entities.surroundings import Surroundings

ROOM_METRES = {
    "bonfire": 0.7, "walker": 0.6, "fireworks": 0.1, "smoke": 0.4, "explosion": 0.8, "crate": 0.8, "car": 1.1,
    "birds": 0.4, "lamp_post": 0.4, "tree": 0.8,
}  # fmt: skip
"""Free ground around each kind of thing."""
_DISTANCES_METRES = {
    "bonfire": (3.6, 4.2, 3.0, 5.0, 2.4, 1.8),
    "walker": (4.0, 5.0, 3.2, 6.5, 2.6, 2.0),
    "smoke": (4.5, 5.5, 3.6, 6.5, 2.8, 2.0),
    "explosion": (6.0, 7.0, 5.0, 8.0, 4.0, 3.0, 2.4),
    "fireworks": (10.0, 8.0, 6.5, 5.0, 4.0, 3.0, 2.0),
    "crate": (3.4, 4.2, 2.8, 5.0, 2.3, 1.9),
    "car": (6.5, 8.0, 5.5, 9.5, 4.5, 3.6, 2.9),
    "birds": (4.5, 5.5, 3.6, 6.5, 2.8, 2.0),
    "lamp_post": (5.0, 6.0, 4.2, 7.0, 3.4, 2.6, 2.0),
    "tree": (7.0, 8.5, 6.0, 5.0, 4.0, 3.2, 2.4),
}
_TURNS_DEGREES = (0.0, 12.0, -12.0, 25.0, -25.0, 40.0, -40.0, 65.0, -65.0)
_SIGHT_STEP_METRES, _SIGHT_RADIUS_METRES, _NO_ROOM_METRES = 0.2, 0.1, 1.5
_BURST_RISE, _BELOW_CEILING_METRES = 0.42, 1.125

_DIRECTIONS = (
    (r"\bbehind (me|us|you)\b|\bin my back\b", 180.0),
    (r"\b(to|on|at) (the|my|your|our) left\b|\bleft of (me|us|you)\b|\bon the left\b", 22.0),
    (r"\b(to|on|at) (the|my|your|our) right\b|\bright of (me|us|you)\b|\bon the right\b", -22.0),
)
_WAYSIDE = re.compile(
    r"\b(by|beside|along|next to|at) (the |a )?(side of the |edge of the )?(road|street|way|path|kerb|curb)|\bwayside\b"
)
_WAYSIDE_DEGREES = 14.0
_FAR, _NEAR = re.compile(r"\b(far|distant|in the distance|further off)\b"), re.compile(r"\b(near|close|right here)\b")


@dataclass(frozen=True)
class Wanted:
    """Where a text wants a thing.

    Attributes:
        turn_radians: From straight ahead, positive to the left.
        distance_share: Of the usual distance.
    """

    turn_radians: float = 0.0
    distance_share: float = 1.0


def wanted_place(text: str) -> Wanted:
    """What a text says of the place: "to the left", "behind me", "by the road", "in the distance", "close by"."""
    plain = text.lower()
    beside = _WAYSIDE_DEGREES if _WAYSIDE.search(plain) else 0.0
    turn = next((degrees for pattern, degrees in _DIRECTIONS if re.search(pattern, plain)), beside)
    share = 1.8 if _FAR.search(plain) else 0.65 if _NEAR.search(plain) else 1.0
    return Wanted(float(np.radians(turn)), share)


def place_thing(
    kind: str, wanted: Wanted, pose: NDArray[np.float64], around: Surroundings
) -> tuple[tuple[float, float, float], bool]:
    """Position of a new thing, and whether it lies under the open sky.

    It is the first free spot in sight, or 1.5 m away where there is none; in the air for fireworks.

    Args:
        kind: A key of `ROOM_METRES`.
        wanted: What the text says.
        pose: (4, 4) world_from_camera at the onset.
        around: The place.
    """
    here, forward = pose[:2, 3], pose[:2, 2] / np.linalg.norm(pose[:2, 2])
    turns = wanted.turn_radians + np.radians(_TURNS_DEGREES)
    left = np.array([-forward[1], forward[0]])
    ahead = np.cos(turns)[:, None] * forward + np.sin(turns)[:, None] * left
    distances = wanted.distance_share * np.array(_DISTANCES_METRES[kind])
    spots = (here + distances[:, None, None] * ahead).reshape(-1, 2)
    free = spots[~around.blocked(spots, ROOM_METRES[kind])]
    spot = next((spot for spot in free if _sees(here, spot, around)), here + _NO_ROOM_METRES * ahead[0])
    roof_z = around.roof_z(spot)
    z = around.floor_z(spot)
    if kind == "fireworks":
        z = float(pose[2, 3]) + _BURST_RISE * float(np.linalg.norm(spot - here))
        z = z if roof_z is None else min(z, roof_z - _BELOW_CEILING_METRES)
    return (float(spot[0]), float(spot[1]), float(z)), roof_z is None


def _sees(here: NDArray[np.float64], spot: NDArray[np.float64], around: Surroundings) -> bool:
    steps = max(2, int(np.linalg.norm(spot - here) / _SIGHT_STEP_METRES))
    way = here + np.linspace(0.0, 1.0, steps)[:, None] * (spot - here)
    return not around.blocked(way, _SIGHT_RADIUS_METRES).any()
