"""Places of the simulator: from a name, such as "city/17", to the place, and from there to its opening.

A simulator opens the place itself; a model guided by memory opens a capture of it. Knows nothing of files.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from wm_gym.choices import check_choice
from wm_gym.geometry.cameras import resize_intrinsics
from wm_gym.scenes.families import DIFFICULTIES, FAMILIES
from wm_gym.scenes.keyframe_scale import FINER
from wm_gym.scenes.simulator import capture_place, open_place
from wm_gym.world_model import ModelSpec, Opening, Place

ANY = "*"
"""Number in a place's name that stands for the seed."""


class PlaceName(NamedTuple):
    """A place's name, taken apart.

    Attributes:
        family: One of `FAMILIES`.
        number: Decimal digits, `ANY`, or "" where the name is a family alone.
    """

    family: str
    number: str


def parse_place_name(name: str) -> PlaceName | None:
    """The parts of "family", "family/number" or "family/*"; None for any other name."""
    family, slash, number = name.partition("/")
    if family not in FAMILIES or (slash and number != ANY and not number.isdecimal()):
        return None
    return PlaceName(family, number)


def find_place(world: str, seed: int, difficulty: str) -> Place:
    """The place of a name.

    Args:
        world: "family/number", or "family" or "family/*" for the place whose number is the seed.
        seed: Number of the place where the name gives none.
        difficulty: One of `DIFFICULTIES`, how rich the place is.

    Raises:
        ValueError: If there is no such family or difficulty, or the number is not a whole number from 0.
    """
    check_choice("difficulty", difficulty, DIFFICULTIES)
    name = parse_place_name(world)
    if name is None:
        raise ValueError(f"world must be one of {sorted(FAMILIES)}, 'family/number' or 'family/*', got {world!r}")
    return Place(name.family, int(name.number) if name.number not in ("", ANY) else seed, difficulty)


def open_world(spec: ModelSpec, place: Place, finer: int = FINER) -> Opening:
    """The opening of a place for one backend.

    Args:
        spec: Spec of the backend.
        place: The place.
        finer: Keyframe scale: rows and columns of captured keyframes over those of frames.

    Raises:
        ValueError: If there is no such place.
        ImportError: If the place must be captured and the simulator is not installed.
    """
    if "scene" in spec.opens_from:
        return open_place(place, spec.height, spec.width)
    opening = capture_place(place, finer * spec.height, finer * spec.width)
    return replace(opening, intrinsics=resize_intrinsics(opening.intrinsics, 1 / finer, 1 / finer))
