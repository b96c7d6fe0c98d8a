"""What a user's name of a world means, and how a backend opens it.

| name | world |
|---|---|
| none | one of the shipped places, by the seed |
| "city" | one of the shipped places of a family, by the seed |
| "city/9" | that place: the shipped capture of it, or one that is taken in the twin |
| "city/*" | the place of the family whose number is the seed |
| "hall.npz" | a capture on disk |

A name means the same place to every backend, so that a generated world can be compared with the truth. A simulator
builds the place; a model that is guided by memory opens a capture of it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from wm_gym.choices import check_choice, did_you_mean
from wm_gym.scenes.captures import load_capture
from wm_gym.scenes.families import DIFFICULTIES, FAMILIES
from wm_gym.scenes.keyframe_scale import FINER, fits
from wm_gym.scenes.openings import opening_for
from wm_gym.scenes.places import find_place, open_world
from wm_gym.scenes.simulator import simulator_is_installed
from wm_gym.world_model import ModelSpec, Opening, Place

SHIPPED = Path(__file__).parent / "shipped"
"""Captures that come with the package, FAMILY-NUMBER.npz, of difficulty "full"."""

SHIPPED_SIZE = (192, 256)
_SHIPPED_DIFFICULTY = "full"
_KEPT_CAPTURES = 16


def shipped_scenes() -> list[str]:
    """Names of the places that ship, such as "city/9"."""
    found = (path.stem.split("-") for path in SHIPPED.glob("*.npz"))
    return [f"{family}/{number}" for family, number in sorted(found, key=lambda parts: (parts[0], int(parts[1])))]


def find_world(world: str | None, seed: int, difficulty: str) -> Place | Path:
    """The place, or the file of a capture, that a name means.

    Args:
        world: See the table above.
        seed: Chooses where the name leaves a choice.
        difficulty: How hard to learn the place is.

    Raises:
        ValueError: If the name means nothing, or the difficulty is none that exists.
    """
    check_choice("difficulty", difficulty, DIFFICULTIES)
    if world is not None and world.endswith(".npz"):
        return _existing(Path(world))
    family, slash, number = (world or "").partition("/")
    if (world is not None and family not in FAMILIES) or (slash and number != "*" and not number.isdecimal()):
        raise ValueError(
            f"world must be a family of {sorted(FAMILIES)}, a place 'family/number', 'family/*' or a capture's .npz, "
            f"got {world!r}{_suggestion(family, slash + number)}; shipped are {', '.join(shipped_scenes())}"
        )
    if slash:
        return Place(family, seed if number == "*" else int(number), difficulty)
    names = [name for name in shipped_scenes() if name.startswith(family)]
    return find_place(names[seed % len(names)], seed, difficulty)


def open_named(spec: ModelSpec, world: str | None, seed: int, difficulty: str, finer: int = FINER) -> Opening:
    """How a backend of `spec` opens the world of a name; arguments as `find_world` and `load_capture`.

    Raises:
        ValueError: If the name means nothing, or a file is no capture that the backend can open.
        ImportError: If the place must be captured in the twin and ViZDoom is not installed.
    """
    found = find_world(world, seed, difficulty)
    if isinstance(found, Place):
        return opening_for(spec, _open_place(spec, found, finer))
    opening = _load(found, found.stat().st_mtime_ns, spec.height, spec.width, finer)
    if "scene" not in spec.opens_from:
        return opening_for(spec, opening)
    if opening.place is None:
        raise ValueError(f"backend {spec.name!r} opens places that it can build, got {found}, a capture of none")
    return open_world(spec, opening.place)


def _open_place(spec: ModelSpec, place: Place, finer: int) -> Opening:
    if "scene" in spec.opens_from:
        return open_world(spec, place)
    shipped = SHIPPED / f"{place.family}-{place.seed}.npz"
    if fits(SHIPPED_SIZE, spec.height, spec.width) and place.difficulty == _SHIPPED_DIFFICULTY and shipped.exists():
        return _load(shipped, 0, spec.height, spec.width, finer)
    if not simulator_is_installed():
        raise ImportError(
            f"place {place.family}/{place.seed} ({place.difficulty}, {spec.height} x {spec.width}) must be captured in "
            f"the twin, which needs ViZDoom: pip install 'wm-gym[twin]'; without it there are "
            f"{', '.join(shipped_scenes())} ({_SHIPPED_DIFFICULTY}, {SHIPPED_SIZE[0]} x {SHIPPED_SIZE[1]} or smaller "
            "in both alike)"
        )
    return open_world(spec, place, finer)


def _suggestion(family: str, rest: str) -> str:
    """A family that is misspelt, with the number that was asked for."""
    if rest not in ("", "/*") and not rest[1:].isdecimal():
        return ""
    return did_you_mean(family + rest, [name + rest for name in FAMILIES])


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"world must be a capture's .npz that exists, got {str(path)!r}")
    return path


@lru_cache(maxsize=_KEPT_CAPTURES)
def _load(path: Path, changed_ns: int, height: int, width: int, finer: int) -> Opening:
    """A capture, read once for as long as its file does not change; the memory of it is kept as long."""
    return load_capture(path, height, width, finer)
