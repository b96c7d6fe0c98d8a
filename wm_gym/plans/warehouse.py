"""Warehouses: halls joined by gates, each with its own racks, aisles, piles and docks, and yards outside."""

from __future__ import annotations

from wm_gym.plans.draft import Sketch
from wm_gym.plans.graphs import connected_choice
from wm_gym.plans.rect import Rect, around

WALL = 1.0
GATE = 5.0
_RACK = 2.0
_HEAD = 4.0
_YARD = 12.0


def draw_warehouse(sketch: Sketch, width: float, height: float) -> Rect:
    """Draws halls at most `width` by `height` metres large from (0, 0) on; gives their extent."""
    sides = [sketch.chance(0.5), sketch.chance(0.5)]
    low, high = (_YARD + WALL if side and width > 50 else 1.0 for side in sides)
    extent = Rect(0.0, 0.0, width - 2.0 * sketch.between(0, 4), height - 2.0 * sketch.between(0, 4))
    inside = Rect(low, 1.0, extent.x1 - high, extent.y1 - 1.0)
    halls = _cut(sketch, inside, sketch.between(2, 4) if width > 50 else sketch.between(0, 1))
    doors = [_draw_hall(sketch, hall, look) for look, hall in enumerate(halls)]
    _join(sketch, halls, doors)
    for is_east, edge in ((False, low), (True, high)):
        if edge > 1.0:
            _yard(sketch, inside, halls, doors, extent, is_east=is_east)
    _docks(sketch, inside)
    return extent


def _cut(sketch: Sketch, rect: Rect, depth: int) -> list[Rect]:
    """Halls, parted by walls."""
    wide = rect.width >= rect.height
    long = rect.width if wide else rect.height
    if not depth or long < 34:
        return [rect]
    at = (rect.x0 if wide else rect.y0) + float(sketch.between(15, int(long) - 16))
    if wide:
        first, second = Rect(rect.x0, rect.y0, at, rect.y1), Rect(at + WALL, rect.y0, rect.x1, rect.y1)
    else:
        first, second = Rect(rect.x0, rect.y0, rect.x1, at), Rect(rect.x0, at + WALL, rect.x1, rect.y1)
    return _cut(sketch, first, depth - 1) + _cut(sketch, second, depth - 1 if sketch.chance(0.6) else 0)


def _draw_hall(sketch: Sketch, hall: Rect, look: int) -> list[int]:
    """One hall with what stands in it; gives its spaces."""
    sketch.lay("hall", hall, look % 2)
    for x in (0.25, 0.75):
        for y in (0.25, 0.75):
            sketch.stand("light", hall.x0 + x * hall.width, hall.y0 + y * hall.height)
    kind = ("racks", "racks", "racks", "racks", "piles", "open")[sketch.between(0, 5)]
    if kind == "racks":
        return _racks(sketch, hall, along_x=sketch.chance(0.5 + 0.3 * (hall.width > hall.height)))
    space = sketch.space(kind + " hall", hall)
    if kind == "piles":
        _piles(sketch, hall)
    return [space]


def _racks(sketch: Sketch, hall: Rect, *, along_x: bool) -> list[int]:
    """Rows of racks with aisles between; some rows reach the wall, so that aisles end there; gives the junctions."""
    long, across = (hall.width, hall.height) if along_x else (hall.height, hall.width)
    aisle = float(sketch.one_of((3.0, 4.0, 5.0)))
    rows = min(6, int((across - aisle) // (aisle + _RACK)))
    aisle = (across - rows * _RACK) / (rows + 1)
    heads = _heads(sketch, long)
    numbers = {
        (a, c): sketch.space(
            "junction", _turned(hall, along_x, low, a * (aisle + _RACK), high, a * (aisle + _RACK) + aisle)
        )
        for a in range(rows + 1)
        for c, (low, high) in enumerate(heads)
    }
    ids, keys = {key: n for n, key in enumerate(numbers)}, list(numbers)
    ways = [(ids[a, c], ids[a + 1, c]) for a in range(rows) for c in range(len(heads))]
    open_ways = {(keys[p], keys[q]) for p, q in _crossings(sketch, ways, rows, len(heads))}
    for a in range(rows + 1):
        for c in range(len(heads) - 1):
            sketch.link(numbers[a, c], numbers[a, c + 1])
    for p, q in open_ways:
        sketch.link(numbers[p], numbers[q])
    for row in range(rows):
        closed = [c for c in range(len(heads)) if ((row, c), (row + 1, c)) not in open_ways]
        low = row * (aisle + _RACK) + aisle
        for x0, x1 in _spans(heads, closed, long):
            _rack(sketch, _turned(hall, along_x, x0, low, x1, low + _RACK), along_x=along_x)
    return list(numbers.values())


def _crossings(sketch: Sketch, ways: list[tuple[int, int]], rows: int, heads: int) -> list[tuple[int, int]]:
    """Of each row of racks at least one way round it, and most others."""
    chosen = []
    share = sketch.rng.uniform(0.4, 1.0)
    for row in range(rows):
        of_row = ways[row * heads : (row + 1) * heads]
        sure = sketch.between(0, heads - 1)
        chosen += [way for n, way in enumerate(of_row) if n == sure or sketch.chance(float(share))]
    return chosen


def _heads(sketch: Sketch, long: float) -> list[tuple[float, float]]:
    """(low, high) along the racks of the ways across them: at both ends, and one or two between in a long hall."""
    inner = sketch.between(0, 2) if long > 36 else sketch.between(0, 1) if long > 24 else 0
    cuts = [long * (n + 1) / (inner + 1) for n in range(inner)]
    middles = [(round(cut) - _HEAD / 2, round(cut) + _HEAD / 2) for cut in cuts]
    return [(0.0, _HEAD), *middles, (long - _HEAD, long)]


def _spans(heads: list[tuple[float, float]], closed: list[int], long: float) -> list[tuple[float, float]]:
    """Where a row stands: between the ways across that are open."""
    cuts = [value for c, head in enumerate(heads) if c not in closed for value in head]
    bounds = [0.0, *cuts, long]
    return [(a, b) for a, b in zip(bounds[::2], bounds[1::2], strict=True) if b - a > 0.5]


def _turned(hall: Rect, along_x: bool, x0: float, y0: float, x1: float, y1: float) -> Rect:
    """A rectangle measured along and across the racks, from the hall's corner."""
    rect = Rect(x0, y0, x1, y1) if along_x else Rect(y0, x0, y1, x1)
    return rect.moved(hall.x0, hall.y0)


def _rack(sketch: Sketch, rect: Rect, *, along_x: bool) -> None:
    """A rack, or piles of crates where one could stand."""
    if not sketch.richness or sketch.chance(0.85):
        sketch.lay("rack", rect, sketch.between(0, 1), float(sketch.one_of((3, 4))))
        return
    sketch.lay("pallets", rect)
    long = rect.width if along_x else rect.height
    for step in range(0, int(long) - 2, 5):
        crate = Rect(rect.x0 + step, rect.y0, rect.x0 + step + 2, rect.y1)
        if not along_x:
            crate = Rect(rect.x0, rect.y0 + step, rect.x1, rect.y0 + step + 2)
        sketch.lay("crate", crate, 0, sketch.between(1, 4))


def _piles(sketch: Sketch, hall: Rect) -> None:
    """Crates and containers on an uneven net, with ways all round each."""
    columns, rows = max(1, int((hall.width - 6) // 7)), max(1, int((hall.height - 6) // 7))
    for i in range(min(columns, 6)):
        for j in range(min(rows, 5)):
            if sketch.chance((0.2, 0.45, 0.6)[sketch.richness]):
                x, y = hall.x0 + 5.5 + 7 * i, hall.y0 + 5.5 + 7 * j
                if sketch.chance(0.25):
                    sketch.lay("container", around(x, y, 4.0, 3.0), sketch.between(0, 1))
                else:
                    sketch.lay("crate", around(x, y, 2.0, 2.0), 0, sketch.between(1, 4))


def _join(sketch: Sketch, halls: list[Rect], doors: list[list[int]]) -> None:
    """Gates in the walls between halls."""
    walls = {
        (a, b): wall for a in range(len(halls)) for b in range(a + 1, len(halls)) if (wall := _wall(halls[a], halls[b]))
    }
    for a, b in connected_choice(list(walls), 0.5, sketch.rng):
        wall = walls[a, b]
        _gate(sketch, wall, [doors[a], doors[b]])


def _wall(a: Rect, b: Rect) -> Rect | None:
    low, high = max(a.y0, b.y0), min(a.y1, b.y1)
    if high - low > GATE + 2 and (a.x1 + WALL == b.x0 or b.x1 + WALL == a.x0):
        return Rect(min(a.x1, b.x1), low, min(a.x1, b.x1) + WALL, high)
    low, high = max(a.x0, b.x0), min(a.x1, b.x1)
    if high - low > GATE + 2 and (a.y1 + WALL == b.y0 or b.y1 + WALL == a.y0):
        return Rect(low, min(a.y1, b.y1), high, min(a.y1, b.y1) + WALL)
    return None


def _gate(sketch: Sketch, wall: Rect, sides: list[list[int]]) -> None:
    """A gate in a wall, where the ground on both sides is open; links the spaces nearest to it."""
    upright = wall.width < wall.height
    low, high = (wall.y0, wall.y1) if upright else (wall.x0, wall.x1)
    places = [low + 1.0 + 0.5 * n for n in range(int(2 * (high - low - GATE - 2)) + 1)]
    blocked = [patch.rect for patch in sketch.patches if patch.kind in ("rack", "crate", "container")]

    def gate_at(at: float) -> Rect:
        return Rect(wall.x0, at, wall.x1, at + GATE) if upright else Rect(at, wall.y0, at + GATE, wall.y1)

    def covered(at: float) -> float:
        front = gate_at(at).inset(-2.0)
        return sum(front.meets(rect) for rect in blocked)

    order = sketch.rng.permutation(places).tolist()
    gate = gate_at(min(order, key=covered))
    sketch.lay("gate", gate)
    nearest = [min(side, key=lambda n: _apart(sketch.spaces[n].rect, gate)) for side in sides]
    sketch.link(nearest[0], nearest[-1])


def _apart(rect: Rect, gate: Rect) -> float:
    """How far the middle of a gate lies from a rectangle."""
    x, y = gate.centre
    return max(rect.x0 - x, 0.0, x - rect.x1) + max(rect.y0 - y, 0.0, y - rect.y1)


def _yard(
    sketch: Sketch, inside: Rect, halls: list[Rect], doors: list[list[int]], extent: Rect, *, is_east: bool
) -> None:
    """A paved yard outside of an open gate, with containers."""
    edge = inside.x1 if is_east else inside.x0
    beside = [n for n, hall in enumerate(halls) if edge in (hall.x0, hall.x1)]
    hall = halls[beside[int(sketch.rng.integers(len(beside)))]]
    x0, x1 = (edge + WALL, extent.x1) if is_east else (extent.x0, edge - WALL)
    yard = Rect(x0, hall.y0, x1, hall.y1)
    sketch.lay("yard", yard)
    space = sketch.space("yard", yard)
    wall = Rect(edge, hall.y0, edge + WALL, hall.y1) if is_east else Rect(edge - WALL, hall.y0, edge, hall.y1)
    if sketch.richness:
        far = yard.x1 - 4.0 if is_east else yard.x0 + 1.0
        for y in (yard.y0 + 1.0, yard.y1 - 7.0):
            sketch.lay("container", Rect(far, y, far + 3.0, y + 6.0), sketch.between(0, 1))
    _gate(sketch, wall, [doors[halls.index(hall)], [space]])


def _docks(sketch: Sketch, inside: Rect) -> None:
    """Closed gates in the long walls."""
    for y0, y1 in ((inside.y0 - WALL / 2, inside.y0), (inside.y1, inside.y1 + WALL / 2)):
        at = inside.x0 + 2.0 + sketch.between(0, 6)
        while at + 4.0 < inside.x1 - 2.0:
            sketch.lay("dock", Rect(at, y0, at + 4.0, y1))
            at += 4.0 * sketch.between(3, 5)
