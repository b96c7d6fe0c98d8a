"""From the `world` setting to an opening.

| world | what opens |
|---|---|
| None | one of the shipped places, chosen by the seed |
| "city" | one of the shipped places of a family, chosen by the seed |
| "city/9" | that place: its shipped capture, or one taken in the twin |
| "city/*" | the place of the family whose number is the seed |
| "hall.npz" | a capture on disk |
| "imagined", "imagined/city", "imagined/city/9" | a place that nobody has seen (`wm_gym.scenes.imagined`) |

A name means the same place to every backend, so that a generated world can be compared with the ground truth. A
simulator builds the place; a model guided by memory opens a capture of it.
"""

from __future__ import annotations

from pathlib import Path

from wm_gym.choices import check_choice, did_you_mean
from wm_gym.scenes.families import DIFFICULTIES, FAMILIES
from wm_gym.scenes.imagined import open_imagined, parse_imagined
from wm_gym.scenes.keyframe_scale import FINER, fits
from wm_gym.scenes.openings import opening_for
from wm_gym.scenes.places import find_place, open_world, parse_place_name
from wm_gym.scenes.simulator import simulator_is_installed
from wm_gym.scenes.sources import SHIPPED, open_file, shipped_file
from wm_gym.world_model import Imagined, ModelSpec, Opening, Place

SHIPPED_SIZE = (192, 256)
"""Rows and columns of their keyframes."""

_SHIPPED_DIFFICULTY = "full"


def shipped_scenes() -> list[str]:
    """Names of the shipped places, such as "city/9", sorted by family and number."""
    found = (path.stem.split("-") for path in SHIPPED.glob("*.npz"))
    return [f"{family}/{number}" for family, number in sorted(found, key=lambda parts: (parts[0], int(parts[1])))]


def find_world(world: str | None, seed: int, difficulty: str, prompt: str = "") -> Place | Path | Imagined:
    """The place, the capture's file, or what is to be imagined, of a `world` setting.

    Args:
        world: See the table above.
        seed: Seed of the choice where the name leaves one.
        difficulty: One of `DIFFICULTIES`, how rich the place is.
        prompt: What an imagined place is to be like.

    Raises:
        ValueError: If there is no such place, file or difficulty.
    """
    check_choice("difficulty", difficulty, DIFFICULTIES)
    if world is None:
        return _shipped_place("", seed, difficulty)
    if world.endswith(".npz"):
        return _existing(Path(world))
    imagined = parse_imagined(world, seed, prompt)
    if imagined is not None:
        return imagined
    name = parse_place_name(world)
    if name is None:
        raise ValueError(
            f"world must be a family of {sorted(FAMILIES)}, a place 'family/number', 'family/*', a capture's .npz or "
            f"'imagined', got {world!r}{_suggestion(world)}; shipped are {', '.join(shipped_scenes())}"
        )
    if name.number:
        return find_place(world, seed, difficulty)
    return _shipped_place(name.family, seed, difficulty)


def _shipped_place(family: str, seed: int, difficulty: str) -> Place:
    """The shipped place of a family, or of any where it is "", that a seed chooses."""
    names = [name for name in shipped_scenes() if name.startswith(family)]
    if not names:
        raise ValueError(f"world must be a shipped place of {shipped_scenes()} or one with a number, got {family!r}")
    return find_place(names[seed % len(names)], seed, difficulty)


def open_named(
    spec: ModelSpec, world: str | None, seed: int, difficulty: str, finer: int = FINER, prompt: str = ""
) -> Opening:
    """The opening of a `world` setting for one backend.

    Args:
        spec: Spec of the backend.
        world: See the table above.
        seed: Seed of the choice where the name leaves one.
        difficulty: One of `DIFFICULTIES`, how rich the place is.
        finer: Largest keyframe scale: rows and columns of keyframes over those of frames.
        prompt: What an imagined place is to be like.

    Raises:
        ValueError: If there is no such place, file or difficulty, or the backend cannot open it.
        ImportError: If the place must be captured in the twin and ViZDoom is not installed.
    """
    found = find_world(world, seed, difficulty, prompt)
    if isinstance(found, Imagined):
        return open_imagined(spec, str(world), found, finer)
    if isinstance(found, Place):
        return opening_for(spec, _open_place(spec, found, finer))
    opening = open_file(found, spec.height, spec.width, finer)
    if "scene" not in spec.opens_from:
        return opening_for(spec, opening)
    if opening.place is None:
        raise ValueError(f"backend {spec.name!r} opens places that it can build, got {found}, a capture of none")
    return open_world(spec, opening.place)


def _open_place(spec: ModelSpec, place: Place, finer: int) -> Opening:
    if "scene" in spec.opens_from:
        return open_world(spec, place)
    shipped = shipped_file(f"{place.family}/{place.seed}")
    if fits(SHIPPED_SIZE, spec.height, spec.width) and place.difficulty == _SHIPPED_DIFFICULTY and shipped.exists():
        return open_file(shipped, spec.height, spec.width, finer)
    if not simulator_is_installed():
        raise ImportError(
            f"place {place.family}/{place.seed} ({place.difficulty}, {spec.height} x {spec.width}) must be captured in "
            f"the twin, which needs ViZDoom: pip install 'wm-gym[twin]'; without it there are "
            f"{', '.join(shipped_scenes())} ({_SHIPPED_DIFFICULTY}, {SHIPPED_SIZE[0]} x {SHIPPED_SIZE[1]} or smaller "
            "in both alike)"
        )
    return open_world(spec, place, finer)


def _suggestion(world: str) -> str:
    """The nearest family to a misspelt one, with the number that was asked for."""
    family, slash, number = world.partition("/")
    rest = slash + number
    if rest not in ("", "/*") and not number.isdecimal():
        return ""
    return did_you_mean(family + rest, [name + rest for name in FAMILIES])


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"world must be a capture's .npz that exists, got {str(path)!r}")
    return path
