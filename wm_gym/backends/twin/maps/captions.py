"""One sentence for each place, from its draft and the names of its colours."""

from __future__ import annotations

from wm_gym.backends.twin.maps.map_builder import MapBuilder
from wm_gym.plans import Draft

_SPACES = {
    "square": "square", "court": "court", "dead end": "dead end", "arcade court": "arcade", "pool court": "pool",
    "grove": "grove", "fountain court": "fountain", "garden": "garden", "corridor": "corridor", "yard": "yard",
    "fountain place": "fountain", "gate": "gate",
}  # fmt: skip
_NUMBERS = ("no", "one", "two", "three", "four", "five")


def caption_of(draft: Draft, builder: MapBuilder, paints: list[str]) -> str:
    """What the place is, what its plan has, and its sky."""
    things = _listed([*_counted(draft), *_standing(draft, builder)])
    names = " and ".join(paints[:2])
    opening = {
        "rooms": f"A bright floor of rooms with {names} walls",
        "city": "A bright city with rows of houses, streets, sidewalks",
        "courtyard": f"Linked courtyards with {' and '.join(paints[4:6])} houses round them",
        "park": "A green park with paths and ponds, between rows of houses",
        "warehouse": "A bright warehouse with racks, gates and tall halls",
        "joined": "A place where one kind leads into the next by passages",
    }[draft.family]
    return f"{opening}, with {things} under {builder.sky.name}."


def _counted(draft: Draft) -> list[str]:
    found: dict[str, int] = {}
    for space in draft.spaces:
        if space.kind in _SPACES:
            found[_SPACES[space.kind]] = found.get(_SPACES[space.kind], 0) + 1
    words = [(name, _NUMBERS[count] if count < len(_NUMBERS) else "many") for name, count in found.items()]
    return [f"{word} {name}{'s' if word != 'one' else ''}" for name, word in words][:3]


def _standing(draft: Draft, builder: MapBuilder) -> list[str]:
    kinds = {spot.kind for spot in draft.spots}
    trees = [f"{builder.leaf.name} trees"] if "tree" in kinds else []
    return [*trees, *(["people walking"] if builder.richness else []), *(["lamps"] if "lamp" in kinds else [])][:2]


def _listed(words: list[str]) -> str:
    if not words:
        return "open ground"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
