"""Flats and offices: a floor cut into rooms and corridors of many shapes, with doorways where they are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from wm_gym.plans.draft import Sketch
from wm_gym.plans.graphs import connected_choice
from wm_gym.plans.rect import Rect

WALL = 0.75
DOORWAY = 2.25
_CORRIDOR = 3.0
_LEAST = 6.0
_NUM_STYLES = (2, 3, 4)

# width, depth of furniture, metres
_PIECES = {"table": (3.0, 1.75), "cabinet": (3.0, 1.0), "sofa": (3.0, 1.375), "box": (2.0, 1.5), "desk": (2.5, 1.25)}


@dataclass(frozen=True)
class _Part:
    """A piece of the floor that is a room, a corridor or a court."""

    rect: Rect
    kind: str


def draw_rooms(sketch: Sketch, width: float, height: float) -> Rect:
    """Draws a floor at most `width` by `height` metres large from (0, 0) on; gives its extent."""
    floor = Rect(0.0, 0.0, width - 2.0 * sketch.between(0, 4), height - 2.0 * sketch.between(0, 4))
    least = sketch.rng.uniform(95, 170)
    parts = _cut(sketch, floor.inset(1.0), least, sketch.rng.uniform(0.2, 1.0))
    parts = _with_courts(sketch, parts)
    spaces = []
    for part in parts:
        spaces.append(sketch.space(part.kind, part.rect))
        look = sketch.between(0, _NUM_STYLES[sketch.richness] - 1) if part.kind != "corridor" else 0
        sketch.lay("inner_court" if part.kind == "court" else part.kind, part.rect, look)
        if part.kind != "court":
            sketch.stand("light", *part.rect.centre)
        _windows(sketch, part, floor, look)
    _doorways(sketch, parts, spaces)
    for part in parts:
        if sketch.richness:
            _furnish(sketch, part)
    return floor


def _cut(sketch: Sketch, rect: Rect, least: float, corridors: float) -> list[_Part]:
    """Cuts a rectangle by walls, or by a corridor between two walls, until the rooms are small enough."""
    wide = rect.width >= rect.height
    long, short = (rect.width, rect.height) if wide else (rect.height, rect.width)
    gap = 2 * WALL + _CORRIDOR if rect.area > 3.0 * least and sketch.chance(corridors) else WALL
    if gap > WALL and short > 2 * _LEAST + gap and sketch.chance(0.6):
        wide, long = not wide, short  # a corridor that runs along the longer side
    if (rect.area < least * sketch.rng.uniform(1.2, 2.2) and long < 16) or long < 2 * _LEAST + gap:
        return [_Part(rect, "room")]
    low = (rect.x0 if wide else rect.y0) + _LEAST
    at = low + 0.25 * int(sketch.rng.integers(int(4 * (long - 2 * _LEAST - gap)) + 1))
    if wide:
        first, second = Rect(rect.x0, rect.y0, at, rect.y1), Rect(at + gap, rect.y0, rect.x1, rect.y1)
        middle = Rect(at + WALL, rect.y0, at + gap - WALL, rect.y1)
    else:
        first, second = Rect(rect.x0, rect.y0, rect.x1, at), Rect(rect.x0, at + gap, rect.x1, rect.y1)
        middle = Rect(rect.x0, at + WALL, rect.x1, at + gap - WALL)
    parts = _cut(sketch, first, least, corridors) + _cut(sketch, second, least, corridors)
    return [*parts, _Part(middle, "corridor")] if gap > WALL else parts


def _with_courts(sketch: Sketch, parts: list[_Part]) -> list[_Part]:
    """Some rooms become green courts under the sky."""
    rooms = [n for n, part in enumerate(parts) if part.kind == "room" and min(part.rect.width, part.rect.height) >= 7]
    chosen = sketch.rng.permutation(rooms)[: 1 + len(parts) // 12].tolist() if len(rooms) > 4 else []
    return [_Part(part.rect, "court") if n in chosen else part for n, part in enumerate(parts)]


def _windows(sketch: Sketch, part: _Part, floor: Rect, look: int) -> None:
    """A window or shelves on each wall of a room that looks outside."""
    rect, (x, y) = part.rect, part.rect.centre
    if part.kind != "room":
        return
    kind = "window" if not sketch.richness or sketch.chance(0.75) else "shelf"
    if rect.x0 < floor.x0 + 1.5 or rect.x1 > floor.x1 - 1.5:
        x0 = rect.x0 - 0.5 if rect.x0 < floor.x0 + 1.5 else rect.x1
        sketch.lay(kind, Rect(x0, y - 2.0, x0 + 0.5, y + 2.0), look)
    elif rect.y0 < floor.y0 + 1.5 or rect.y1 > floor.y1 - 1.5:
        y0 = rect.y0 - 0.5 if rect.y0 < floor.y0 + 1.5 else rect.y1
        sketch.lay(kind, Rect(x - 2.0, y0, x + 2.0, y0 + 0.5), look)


def _doorways(sketch: Sketch, parts: list[_Part], spaces: list[int]) -> None:
    """Doorways that join all parts: every room beside a corridor opens to one, and some rooms to each other."""
    walls = {
        (a, b): wall
        for a, b in combinations(range(len(parts)), 2)
        if (wall := _wall_between(parts[a].rect, parts[b].rect)) is not None
    }
    halls = [pair for pair in walls if any(parts[n].kind == "corridor" for n in pair)]
    rest = [pair for pair in walls if pair not in set(halls)]
    chosen = connected_choice(halls, 0.55, sketch.rng) if halls else []
    joined = connected_choice([*chosen, *rest], 0.12, sketch.rng)
    for pair in sorted({*chosen, *joined}):
        sketch.link(spaces[pair[0]], spaces[pair[1]])
        _open(sketch, walls[pair], both_corridors=all(parts[n].kind == "corridor" for n in pair))


def _wall_between(a: Rect, b: Rect) -> Rect | None:
    """The wall that parts two rooms, if a doorway fits into it."""
    if abs(b.x0 - a.x1 - WALL) < 1e-6 or abs(a.x0 - b.x1 - WALL) < 1e-6:
        x, low, high = min(a.x1, b.x1), max(a.y0, b.y0), min(a.y1, b.y1)
        return Rect(x, low, x + WALL, high) if high - low >= DOORWAY + 0.5 else None
    if abs(b.y0 - a.y1 - WALL) < 1e-6 or abs(a.y0 - b.y1 - WALL) < 1e-6:
        y, low, high = min(a.y1, b.y1), max(a.x0, b.x0), min(a.x1, b.x1)
        return Rect(low, y, high, y + WALL) if high - low >= DOORWAY + 0.5 else None
    return None


def _open(sketch: Sketch, wall: Rect, *, both_corridors: bool) -> None:
    upright = wall.width < wall.height
    low, high = (wall.y0, wall.y1) if upright else (wall.x0, wall.x1)
    wide = DOORWAY if not both_corridors else max(DOORWAY, min(high - low, _CORRIDOR) - 0.25)
    at = low + 0.25 + 0.25 * int(sketch.rng.integers(max(1, int(4 * (high - low - wide - 0.5)) + 1)))
    door = Rect(wall.x0, at, wall.x1, at + wide) if upright else Rect(at, wall.y0, at + wide, wall.y1)
    sketch.lay("door", door)
    sketch.kept_clear.append(door.inset(-1.5))


def _furnish(sketch: Sketch, part: _Part) -> None:
    """Furniture in corners away from doorways; a plant, a rug, or a tree in a court."""
    x, y = part.rect.centre
    if part.kind == "court":
        sketch.stand("tree", x + 1.5, y + 1.0)
    if part.kind != "room":
        return
    if sketch.richness == 2 and min(part.rect.width, part.rect.height) >= 6 and sketch.chance(0.3):
        sketch.lay("rug", Rect(x - 2, y - 2, x + 2, y + 2))
    inner, names = part.rect.inset(0.25), list(_PIECES)
    corners = sketch.rng.permutation(4).tolist()
    for corner in corners[: sketch.between(1, sketch.richness)]:
        name = names[int(sketch.rng.integers(len(names)))]
        wide, deep = _PIECES[name] if sketch.chance(0.5) or name == "sofa" else _PIECES[name][::-1]
        x0 = inner.x0 if corner % 2 == 0 else inner.x1 - wide
        y0 = inner.y0 if corner // 2 == 0 else inner.y1 - deep
        if sketch.place(name, Rect(x0, y0, x0 + wide, y0 + deep)) and name == "sofa":
            back = y0 if corner // 2 == 0 else y0 + deep - 0.375
            sketch.lay("sofa_back", Rect(x0, back, x0 + wide, back + 0.375))
    last = corners[-1]
    at = inner.x0 + 0.5 if last % 2 == 0 else inner.x1 - 0.5, inner.y0 + 0.5 if last // 2 == 0 else inner.y1 - 0.5
    if sketch.richness == 2 and sketch.is_free(Rect(at[0] - 0.5, at[1] - 0.5, at[0] + 0.5, at[1] + 0.5)):
        sketch.stand("plant", *at)
