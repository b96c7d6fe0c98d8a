"""From the name of a world to its opening: "city", or "city/17" for one certain place of the family.

A simulator opens the place itself; a model that is guided by memory opens a capture of it.
"""

from __future__ import annotations

from dataclasses import replace

from wm_gym.geometry.cameras import resize_intrinsics
from wm_gym.scenes.families import DIFFICULTIES, FAMILIES
from wm_gym.scenes.keyframe_scale import FINER
from wm_gym.scenes.simulator import capture_place, open_place
from wm_gym.world_model import ModelSpec, Opening, Place


def find_place(world: str, seed: int, difficulty: str) -> Place:
    """The place that a world's name means.

    Args:
        world: A family, or "family/number".
        seed: Number of the place where the name gives none.
        difficulty: How hard to learn the place is.

    Raises:
        ValueError: If the family, number or difficulty is none that exists.
    """
    family, slash, number = world.partition("/")
    if family not in FAMILIES or (slash and not number.isdecimal()):
        raise ValueError(f"world must be one of {sorted(FAMILIES)} or 'family/number', got {world!r}")
    if difficulty not in DIFFICULTIES:
        raise ValueError(f"difficulty must be one of {list(DIFFICULTIES)}, got {difficulty!r}")
    return Place(family, int(number) if slash else seed, difficulty)


def open_world(spec: ModelSpec, place: Place, finer: int = FINER) -> Opening:
    """How a backend of `spec` opens `place`; keyframes have `finer` times the rows and columns of frames."""
    if "scene" in spec.opens_from:
        return open_place(place, spec.height, spec.width)
    opening = capture_place(place, finer * spec.height, finer * spec.width)
    return replace(opening, intrinsics=resize_intrinsics(opening.intrinsics, 1 / finer, 1 / finer))
