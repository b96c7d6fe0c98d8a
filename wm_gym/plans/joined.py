"""Joined places: two or three families side by side in one map, each led into the next by a passage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from wm_gym.plans.draft import Patch, Sketch, Space, Spot
from wm_gym.plans.rect import Rect, spanning

PASSAGE = 3.0
_GAP = 2.0
_MOUTH = 0.5
# families whose ground lies under the open sky, between houses
_OPEN = ("city", "park")

Drawer = Callable[[Sketch, float, float], Rect]


def draw_joined(sketch: Sketch, width: float, height: float, drawers: Mapping[str, Drawer]) -> Rect:
    """Draws parts of different families from west to east, at most `width` by `height` metres in all."""
    names = sketch.rng.permutation(list(drawers)).tolist()[: 3 if sketch.chance(0.7) else 2]
    sizes = {"rooms": (30.0, 28.0), "courtyard": (42.0, 46.0), "warehouse": (36.0, 32.0)}
    extent, last, was_open = Rect(0.0, 0.0, 0.0, 0.0), -1, False
    for name in names:
        part = Sketch(sketch.rng, sketch.richness)
        wide, deep = sizes.get(name, (46.0, 46.0))
        size = drawers[name](part, min(wide, width / len(names)), min(deep, height))
        door = _door(part, is_east=False)
        shift_y = 0.0 if last < 0 else sketch.spaces[last].rect.centre[1] - part.spaces[door].rect.centre[1]
        shift = extent.x1 + (_GAP if last >= 0 else 0.0), round(2 * shift_y) / 2
        first = len(sketch.spaces)
        _take_in(sketch, part, *shift)
        if last >= 0:
            _lead(sketch, last, first + door, mouths=(was_open, name in _OPEN))
        extent = spanning(extent, size.moved(*shift)) if last >= 0 else size
        last, was_open = first + _door(part, is_east=True), name in _OPEN
    return extent


def _door(part: Sketch, *, is_east: bool) -> int:
    """The space that lies farthest to one side."""
    reach = [space.rect.x1 if is_east else -space.rect.x0 for space in part.spaces]
    best = max(reach)
    return next(n for n, value in enumerate(reach) if value > best - 1e-6)


def _take_in(sketch: Sketch, part: Sketch, x: float, y: float) -> None:
    """Adds a part, shifted by (x, y)."""
    first = len(sketch.spaces)
    sketch.spaces += [Space(space.kind, space.rect.moved(x, y)) for space in part.spaces]
    for a, b in part.links:
        sketch.link(first + a, first + b)
    sketch.patches += [replace(patch, rect=patch.rect.moved(x, y)) for patch in part.patches]
    sketch.spots += [Spot(spot.kind, spot.x + x, spot.y + y) for spot in part.spots]


def _lead(sketch: Sketch, first: int, second: int, *, mouths: tuple[bool, bool]) -> None:
    """A passage from one space to the next; on open ground its mouths are set off by a front of their own."""
    a, b = sketch.spaces[first].rect, sketch.spaces[second].rect
    low, high = max(a.y0, b.y0), min(a.y1, b.y1)
    y = (low + high) / 2
    sketch.patches.append(Patch("passage", Rect(a.x1, y - PASSAGE / 2, b.x0, y + PASSAGE / 2)))
    for x0, is_open in ((a.x1, mouths[0]), (b.x0 - _MOUTH, mouths[1])):
        if is_open:
            sketch.patches.append(Patch("mouth", Rect(x0, y - PASSAGE / 2, x0 + _MOUTH, y + PASSAGE / 2)))
    sketch.link(first, second)
