"""Parks: paths that run in steps between places, several waters, hedges and groves, and a street all round."""

from __future__ import annotations

from wm_gym.plans.draft import Sketch, Space
from wm_gym.plans.graphs import connected_choice
from wm_gym.plans.rect import Rect, around

PATH = 3.0
STREET = 7.0
_HOUSE = 2.0
_WALL = 0.75


def draw_park(sketch: Sketch, width: float, height: float) -> Rect:
    """Draws a park at most `width` by `height` metres large from (0, 0) on; gives its extent."""
    less = 6 if width > 80 else 0
    extent = Rect(0.0, 0.0, width - 2.0 * sketch.between(0, less), height - 2.0 * sketch.between(0, less))
    _surroundings(sketch, extent)
    park = extent.inset(_HOUSE + STREET)
    sketch.lay("lawn", park)
    _edge(sketch, park)
    _paths(sketch, park)
    for _ in range(sketch.between(1, 4)):
        _water(sketch, park)
    if sketch.richness:
        _hedges(sketch, park)
        _trees(sketch, park)
    return extent


def _surroundings(sketch: Sketch, extent: Rect) -> None:
    """Houses all round, and a street before them."""
    look = sketch.between(0, 11)
    for x0, x1 in _plots(sketch, extent.x0, extent.x1):
        for y0, y1 in ((extent.y0, extent.y0 + _HOUSE), (extent.y1 - _HOUSE, extent.y1)):
            look += sketch.between(1, 3)
            sketch.lay("last_house", Rect(x0, y0, x1, y1), look, sketch.between(1, 5))
    for y0, y1 in _plots(sketch, extent.y0, extent.y1):
        for x0, x1 in ((extent.x0, extent.x0 + _HOUSE), (extent.x1 - _HOUSE, extent.x1)):
            look += sketch.between(1, 3)
            sketch.lay("last_house", Rect(x0, y0, x1, y1), look, sketch.between(1, 5))
    sketch.lay("asphalt", extent.inset(_HOUSE))


def _plots(sketch: Sketch, low: float, high: float) -> list[tuple[float, float]]:
    cuts = [low]
    while high - cuts[-1] > 30:
        cuts.append(cuts[-1] + 2.0 * sketch.between(6, 12))
    return list(zip(cuts, [*cuts[1:], high], strict=True))


def _edge(sketch: Sketch, park: Rect) -> None:
    """A low wall or a hedge on all four sides."""
    kind = "low_hedge" if sketch.chance(0.5) else "low_wall"
    for rect in (
        Rect(park.x0, park.y0, park.x1, park.y0 + _WALL),
        Rect(park.x0, park.y1 - _WALL, park.x1, park.y1),
        Rect(park.x0, park.y0, park.x0 + _WALL, park.y1),
        Rect(park.x1 - _WALL, park.y0, park.x1, park.y1),
    ):
        sketch.lay(kind, rect)
        sketch.kept_clear.append(rect.inset(-1.5))


def _paths(sketch: Sketch, park: Rect) -> None:
    """Places on an uneven net, paths between some of them, and gates where paths reach the street."""
    columns, rows = max(2, round(park.width / 22)), max(2, round(park.height / 22))
    step_x, step_y = park.width / columns, park.height / rows
    spots = [
        (
            round(2 * (park.x0 + step_x * (i + sketch.rng.uniform(0.3, 0.7)))) / 2,
            round(2 * (park.y0 + step_y * (j + sketch.rng.uniform(0.3, 0.7)))) / 2,
        )
        for j in range(rows)
        for i in range(columns)
    ]
    count = len(spots)
    pairs = [(n, n + 1) for n in range(count) if (n + 1) % columns] + [(n, n + columns) for n in range(count - columns)]
    paths = connected_choice(pairs, sketch.rng.uniform(0.1, 0.7), sketch.rng)
    spaces = [_place(sketch, x, y) for x, y in spots]
    for a, b in paths:
        _path(sketch, spots[a], spots[b], level=b == a + 1)
        sketch.link(spaces[a], spaces[b])
    _gates(sketch, park, spots, spaces, columns)
    for (x, y), space in zip(spots, spaces, strict=True):
        _pave(sketch, x, y, sketch.spaces[space])


def _place(sketch: Sketch, x: float, y: float) -> int:
    kind = ("crossing", "crossing", "round", "fountain place")[sketch.between(0, 3 if sketch.richness else 2)]
    size = {"crossing": PATH, "round": 6.0, "fountain place": 9.0}[kind]
    return sketch.space(kind, around(x, y, size, size))


def _pave(sketch: Sketch, x: float, y: float, space: Space) -> None:
    """The ground of a place over the ends of its paths, and what stands on it."""
    rect, kind = space.rect, space.kind
    sketch.lay("path", rect)
    sketch.kept_clear.append(rect.inset(-1.0))
    if kind == "fountain place":
        sketch.lay("fountain", around(x, y, 3.0, 3.0))
    elif sketch.richness and kind == "round":
        sketch.lay("bench", Rect(x - 1.0, rect.y1 + 0.25, x + 1.0, rect.y1 + 0.875))
        sketch.stand("lamp", rect.x0 - 0.5, rect.y0 - 0.5)


def _path(sketch: Sketch, a: tuple[float, float], b: tuple[float, float], *, level: bool) -> None:
    """A path in one to three steps."""
    half, steps = PATH / 2, sketch.between(1, 3)
    (x, y), (end_x, end_y) = a, b
    for n in range(1, steps + 1):
        to_x = end_x if n == steps else round(2 * (a[0] + (b[0] - a[0]) * n / steps)) / 2
        to_y = end_y if n == steps else round(2 * (a[1] + (b[1] - a[1]) * n / steps)) / 2
        first, then = ((to_x, y), (to_x, to_y)) if level else ((x, to_y), (to_x, to_y))
        for p, q in (((x, y), first), (first, then)):
            rect = Rect(min(p[0], q[0]) - half, min(p[1], q[1]) - half, max(p[0], q[0]) + half, max(p[1], q[1]) + half)
            if p != q:
                sketch.lay("path", rect)
                sketch.kept_clear.append(rect.inset(-0.75))
        x, y = to_x, to_y


def _gates(sketch: Sketch, park: Rect, spots: list[tuple[float, float]], spaces: list[int], columns: int) -> None:
    """Ways out to the street at some places along the edge; the street joins them."""
    street = sketch.space("street", Rect(park.x0 - STREET, park.y0 - STREET, park.x1 + STREET, park.y0))
    half, count = PATH / 2, 0
    for n, (x, y) in enumerate(spots):
        column, last = n % columns, n >= len(spots) - columns
        ways = [
            (n < columns, Rect(x - half, park.y0, x + half, y)),
            (last, Rect(x - half, y, x + half, park.y1)),
            (column == 0, Rect(park.x0, y - half, x, y + half)),
            (column == columns - 1, Rect(x, y - half, park.x1, y + half)),
        ]
        for is_edge, rect in ways:
            if is_edge and (sketch.chance(0.3) or (not count and n == len(spots) - 1)):
                sketch.lay("path", rect)
                sketch.kept_clear.append(rect.inset(-0.75))
                gate = sketch.space("gate", rect)
                sketch.link(spaces[n], gate)
                sketch.link(gate, street)
                count += 1


def _water(sketch: Sketch, park: Rect) -> None:
    """A pond in the shape of a stepped oval, or a long basin, where there is room."""
    for _ in range(12):
        wide, deep = (float(sketch.between(5, 14)) for _ in range(2))
        x, y = sketch.rng.uniform(park.x0 + 4, park.x1 - 4), sketch.rng.uniform(park.y0 + 4, park.y1 - 4)
        rect = around(round(float(x)), round(float(y)), wide, deep)
        if sketch.is_free(rect):
            sketch.kept_clear.append(rect)
            cut = 0.0 if min(wide, deep) < 6 else 1.5
            shapes = (
                [rect]
                if not cut
                else [
                    Rect(rect.x0 + cut, rect.y0, rect.x1 - cut, rect.y1),
                    Rect(rect.x0, rect.y0 + cut, rect.x1, rect.y1 - cut),
                ]
            )
            for kind, margin in (("bank", 0.0), ("pond", 0.5)):
                for shape in shapes:
                    sketch.lay(kind, shape.inset(margin))
            return


def _hedges(sketch: Sketch, park: Rect) -> None:
    """Hedges and beds of flowers on the lawns."""
    for _ in range(4 + 4 * sketch.richness):
        kind = ("hedge", "hedge", "bed")[sketch.between(0, 2)]
        long, thin = float(sketch.between(3, 9)), 1.0 if kind == "hedge" else 2.0
        wide, deep = (long, thin) if sketch.chance(0.5) else (thin, long)
        x, y = sketch.rng.uniform(park.x0 + 5, park.x1 - 5), sketch.rng.uniform(park.y0 + 5, park.y1 - 5)
        sketch.place(kind, around(round(2 * float(x)) / 2, round(2 * float(y)) / 2, wide, deep))


def _trees(sketch: Sketch, park: Rect) -> None:
    """Trees on free lawns, well apart, and birds above."""
    for _ in range((0, 30, 60)[sketch.richness]):
        x = float(sketch.rng.uniform(park.x0 + 2, park.x1 - 2))
        y = float(sketch.rng.uniform(park.y0 + 2, park.y1 - 2))
        if sketch.is_free(around(x, y, 1.5, 1.5)):
            sketch.stand("tree", x, y)
            sketch.kept_clear.append(around(x, y, 6.0, 6.0))
    if sketch.richness == 2:
        sketch.stand("flock", *park.centre)
