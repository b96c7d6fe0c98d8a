"""The other bodies of a world as actors of the engine: where they stand, which way they face, how their legs stand.

They come with the first step that names them and go with the first that does not. Knows nothing of the engine but the
names of its scripts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wm_gym.backends.twin import acs
from wm_gym.backends.twin.engine import fixed
from wm_gym.backends.twin.site import Site
from wm_gym.world_model import OtherBody

_FRAMES_PER_STATE = 4
_TURN = 65536
"""Of the engine's angles."""


def place_bodies(
    present: Sequence[int], bodies: Sequence[OtherBody], num_frames: int, site: Site
) -> list[tuple[str, ...]]:
    """The engine commands of each frame that show the other bodies.

    Args:
        present: Numbers of the bodies that are in the game before the step.
        bodies: Those of the step.
        num_frames: T.
        site: The place.
    """
    staying = {body.number for body in bodies}
    gone = [f"puke -{acs.REMOVE} {_thing_id(number)}" for number in sorted(set(present) - staying)]
    commands = [[line for body in bodies for line in _pose(body, t, site)] for t in range(num_frames)]
    new = [line for body in bodies if body.number not in present for line in _spawn(body, site)]
    commands[0] = [*gone, *new, *commands[0]]
    return [tuple(lines) for lines in commands]


def _spawn(body: OtherBody, site: Site) -> list[str]:
    script = acs.SPAWN[f"Body{body.number % acs.NUM_BODY_LOOKS}"]
    return [f"puke -{script} {_position(body, 0, site)} {_thing_id(body.number)}"]


def _pose(body: OtherBody, t: int, site: Site) -> list[str]:
    """The commands that put a body where it is in frame t."""
    yaw = round((float(body.poses[t, 3]) + site.frame.heading_radians) / (2 * np.pi) * _TURN) % _TURN
    state = body.phase_frames[t] // _FRAMES_PER_STATE % len(acs.BODY_STATES)
    thing = _thing_id(body.number)
    return [f"puke -{acs.PLACE} {_position(body, t, site)} {thing}", f"puke -{acs.POSE} {thing} {yaw} {state}"]


def _position(body: OtherBody, t: int, site: Site) -> str:
    """x, y of a body and z of the floor under it, as the engine's scripts take them."""
    x, y, _ = (float(value) for value in site.frame.map_from_world(body.poses[t, :3]))
    floor = float(site.surfaces.floors[site.surfaces.sector_at(x, y)])
    return " ".join(str(fixed(value)) for value in (x, y, floor))


def _thing_id(number: int) -> int:
    return acs.FIRST_BODY_TID + number
