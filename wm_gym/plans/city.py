"""Cities: irregular nets of streets and lanes, with squares, courts behind the houses and dead ends."""

from __future__ import annotations

from dataclasses import dataclass

from wm_gym.plans.draft import Sketch
from wm_gym.plans.graphs import connected_choice
from wm_gym.plans.rect import Rect, around

SIDEWALK = 1.5
LANE_WIDTH = 4.0
_END_HOUSE = 2.0
_ALLEY = 3.0
# behind a house at the rim there is only sky, so none before it, with no street between, is taller
_RIM_STOREYS = 3


@dataclass(frozen=True)
class _Net:
    """Streets that may exist.

    Attributes:
        across: (low, high) along x of the streets that run along y.
        along: (low, high) along y of the streets that run along x.
        width: Extent along x.
        height: Extent along y.
    """

    across: list[tuple[float, float]]
    along: list[tuple[float, float]]
    width: float
    height: float

    def node(self, column: int, row: int) -> int:
        """The number of a crossing."""
        return column + row * len(self.across)

    def crossing(self, node: int) -> Rect:
        """Where the crossing with this number lies."""
        (x0, x1), (y0, y1) = self.across[node % len(self.across)], self.along[node // len(self.across)]
        return Rect(x0, y0, x1, y1)

    def is_level(self, pair: tuple[int, int]) -> bool:
        """Whether two neighbours lie side by side along x."""
        return pair[0] // len(self.across) == pair[1] // len(self.across)

    def pairs(self) -> list[tuple[int, int]]:
        """All neighbours."""
        columns, rows = len(self.across), len(self.along)
        level = [(self.node(i, j), self.node(i + 1, j)) for i in range(columns - 1) for j in range(rows)]
        return level + [(self.node(i, j), self.node(i, j + 1)) for i in range(columns) for j in range(rows - 1)]


def draw_city(sketch: Sketch, width: float, height: float) -> Rect:
    """Draws a city at most `width` by `height` metres large from (0, 0) on; gives its extent."""
    across, x = _streets(sketch, width)
    along, y = _streets(sketch, height)
    net = _Net(across, along, x, y)
    segments = connected_choice(net.pairs(), sketch.rng.uniform(0.2, 0.75), sketch.rng)
    _houses(sketch, net, set(segments))
    spaces = _pave(sketch, net, segments)
    _stubs(sketch, net, spaces)
    _blocks(sketch, net, set(segments), spaces)
    if sketch.richness:
        _furnish(sketch, net, segments)
    return Rect(0.0, 0.0, x, y)


def _streets(sketch: Sketch, length: float) -> tuple[list[tuple[float, float]], float]:
    """Cuts of streets along one axis, with blocks between, and where the last block ends."""
    streets, at = [], float(sketch.one_of((4, 6, 10, 14)))
    while True:
        wide = float(sketch.one_of((4, 6, 8, 8)))
        if at + wide + 4 > length or len(streets) == 4:
            break
        streets.append((at, at + wide))
        at += wide + 2.0 * sketch.between(5, 11)
    end = streets[-1][1] + min(float(sketch.one_of((4, 6, 10, 14))), length - streets[-1][1])
    return streets, end


def _houses(sketch: Sketch, net: _Net, segments: set[tuple[int, int]]) -> None:
    """Houses over every block, and over the streets that do not exist."""
    xs = [0.0, *(value for street in net.across for value in street), net.width]
    ys = [0.0, *(value for street in net.along for value in street), net.height]
    for i in range(len(net.across) + 1):
        for j in range(len(net.along) + 1):
            inner_x, inner_y = 0 < i < len(net.across), 0 < j < len(net.along)
            x1, y1 = xs[2 * i + 1], ys[2 * j + 1]
            if inner_y and i < len(net.across) and (net.node(i, j - 1), net.node(i, j)) not in segments:
                x1 = xs[2 * i + 2]
            if inner_x and j < len(net.along) and (net.node(i - 1, j), net.node(i, j)) not in segments:
                y1 = ys[2 * j + 2]
            if not inner_y and i < len(net.across):
                x1 = xs[2 * i + 2]
            if not inner_x and j < len(net.along):
                y1 = ys[2 * j + 2]
            at_rim = not (inner_x and inner_y)
            top = 5 if at_rim or not _touches_rim(net, segments, i, j) else _RIM_STOREYS
            _row(sketch, Rect(xs[2 * i], ys[2 * j], x1, y1), at_rim=at_rim, top=top)


def _touches_rim(net: _Net, segments: set[tuple[int, int]], i: int, j: int) -> bool:
    """Whether no street parts an inner block from the houses at the rim."""
    sides = [
        (i == 1, net.node(0, j - 1), net.node(0, j)),
        (i == len(net.across) - 1, net.node(i, j - 1), net.node(i, j)),
        (j == 1, net.node(i - 1, 0), net.node(i, 0)),
        (j == len(net.along) - 1, net.node(i - 1, j), net.node(i, j)),
    ]
    return any(is_outer and (a, b) not in segments for is_outer, a, b in sides)


def _row(sketch: Sketch, rect: Rect, *, at_rim: bool, top: int) -> None:
    """One to four houses over a block, none over `top` storeys; at the rim they hide what lies behind."""
    kind, least = ("last_house", _RIM_STOREYS) if at_rim else ("house", 1)
    long_x, long_y = rect.width > 10, rect.height > 10
    cut_x = rect.x0 + 2.0 * round(rect.width * sketch.rng.uniform(0.35, 0.65) / 2)
    cut_y = rect.y0 + 2.0 * round(rect.height * sketch.rng.uniform(0.35, 0.65) / 2)
    columns = [(rect.x0, cut_x), (cut_x, rect.x1)] if long_x and sketch.chance(0.5) else [(rect.x0, rect.x1)]
    rows = [(rect.y0, cut_y), (cut_y, rect.y1)] if long_y and sketch.chance(0.4) else [(rect.y0, rect.y1)]
    for x0, x1 in columns:
        for y0, y1 in rows:
            sketch.lay(kind, Rect(x0, y0, x1, y1), sketch.between(0, 11), sketch.between(least, top))


def _pave(sketch: Sketch, net: _Net, segments: list[tuple[int, int]]) -> dict[int, int]:
    """Streets along `segments`; gives the spaces of the crossings."""
    spaces = {}
    for node in range(len(net.across) * len(net.along)):
        sketch.lay("pavement", net.crossing(node))
        degree = sum(node in pair for pair in segments)
        spaces[node] = sketch.space("dead end" if degree == 1 else "crossing", net.crossing(node))
    for first, second in segments:
        sketch.link(spaces[first], spaces[second])
        a, b = net.crossing(first), net.crossing(second)
        sketch.lay(
            "pavement", Rect(a.x1, a.y0, b.x0, a.y1) if net.is_level((first, second)) else Rect(a.x0, a.y1, a.x1, b.y0)
        )
    for first, second in segments:
        _drive(sketch, net.crossing(first), net.crossing(second), level=net.is_level((first, second)))
    for node in range(len(net.across) * len(net.along)):
        rect = net.crossing(node)
        if min(rect.width, rect.height) > LANE_WIDTH:
            sketch.lay("asphalt", rect.inset(SIDEWALK))
    return spaces


def _drive(sketch: Sketch, a: Rect, b: Rect, *, level: bool) -> None:
    """The asphalt, or in a narrow lane the cobbles, from crossing to crossing."""
    wide = a.height if level else a.width
    edge = SIDEWALK if wide > LANE_WIDTH else 0.5
    kind = ("lane_x" if level else "lane_y") if wide > LANE_WIDTH else "cobbles"
    rect = Rect(a.x0, a.y0, b.x1, a.y1) if level else Rect(a.x0, a.y0, a.x1, b.y1)
    sketch.lay(kind, rect.inset(edge))


def _stubs(sketch: Sketch, net: _Net, spaces: dict[int, int]) -> None:
    """Streets that go on from the outermost crossings, up to a house that closes them."""
    for node, space in spaces.items():
        rect, column, row = net.crossing(node), node % len(net.across), node // len(net.across)
        stubs = [
            (column == 0, Rect(_END_HOUSE, rect.y0, rect.x0, rect.y1)),
            (column == len(net.across) - 1, Rect(rect.x1, rect.y0, net.width - _END_HOUSE, rect.y1)),
            (row == 0, Rect(rect.x0, _END_HOUSE, rect.x1, rect.y0)),
            (row == len(net.along) - 1, Rect(rect.x0, rect.y1, rect.x1, net.height - _END_HOUSE)),
        ]
        for is_outer, stub in stubs:
            if is_outer and min(stub.width, stub.height) >= 4 and sketch.chance(0.6):
                sketch.lay("pavement" if min(rect.width, rect.height) > LANE_WIDTH else "cobbles", stub)
                sketch.link(space, sketch.space("dead end", stub))


def _blocks(sketch: Sketch, net: _Net, segments: set[tuple[int, int]], spaces: dict[int, int]) -> None:
    """Squares in place of some blocks, and courts in others."""
    for i in range(len(net.across) - 1):
        for j in range(len(net.along) - 1):
            block = Rect(net.across[i][1], net.along[j][1], net.across[i + 1][0], net.along[j + 1][0])
            corners = [net.node(i + a, j + b) for a, b in ((0, 0), (1, 0), (0, 1), (1, 1))]
            sides = [
                pair for pair in ((0, 1), (0, 2), (1, 3), (2, 3)) if (corners[pair[0]], corners[pair[1]]) in segments
            ]
            draw = sketch.rng.random()
            if sides and draw < 0.2:
                _square(sketch, block, [spaces[corners[c]] for c in sorted({c for pair in sides for c in pair})])
            elif sides and draw < 0.5 and min(block.width, block.height) >= 14:
                side = sides[int(sketch.rng.integers(len(sides)))]
                _court(sketch, block, side, spaces[corners[side[0]]], spaces[corners[side[1]]])


def _square(sketch: Sketch, block: Rect, corners: list[int]) -> None:
    """An open square: paved with a fountain, or a lawn with trees."""
    space = sketch.space("square", block)
    for corner in corners:
        sketch.link(space, corner)
    sketch.lay("plaza", block)
    x, y = block.centre
    green = sketch.chance(0.6)
    if green:
        lawns = [block.inset(2.0)] if sketch.chance(0.4) else _halves(block.inset(2.0))
        for lawn in lawns:
            sketch.lay("lawn", lawn)
    if not sketch.richness:
        return
    if not green or sketch.chance(0.4):
        sketch.lay("plaza", around(x, y, 5.0, 5.0))
        sketch.lay("fountain", around(x, y, 3.0, 3.0))
    for step_x in (-1, 1):
        for step_y in (-1, 1):
            sketch.stand("tree", x + step_x * (block.width / 2 - 3), y + step_y * (block.height / 2 - 3))
    if sketch.richness == 2:
        sketch.stand("flock", x, y)


def _halves(rect: Rect) -> list[Rect]:
    x = rect.centre[0]
    return [Rect(rect.x0, rect.y0, x - 1.5, rect.y1), Rect(x + 1.5, rect.y0, rect.x1, rect.y1)]


def _court(sketch: Sketch, block: Rect, side: tuple[int, int], *corners: int) -> None:
    """A court inside a block, reached by an alley from the street on one side."""
    yard = block.inset(4.0)
    space = sketch.space("court", yard)
    for corner in corners:
        sketch.link(space, corner)
    x = yard.x0 + _ALLEY / 2 + 0.5 * int(sketch.rng.integers(int(2 * (yard.width - _ALLEY))))
    y = yard.y0 + _ALLEY / 2 + 0.5 * int(sketch.rng.integers(int(2 * (yard.height - _ALLEY))))
    half = _ALLEY / 2
    alley = {
        (0, 1): Rect(x - half, block.y0, x + half, yard.y0),
        (2, 3): Rect(x - half, yard.y1, x + half, block.y1),
        (0, 2): Rect(block.x0, y - half, yard.x0, y + half),
        (1, 3): Rect(yard.x1, y - half, block.x1, y + half),
    }[side]
    sketch.lay("cobbles", yard)
    sketch.lay("cobbles", alley)
    if min(yard.width, yard.height) >= 10 and sketch.richness:
        sketch.lay("lawn", yard.inset(3.0))
    if sketch.richness:
        sketch.stand("tree", *yard.centre)


def _furnish(sketch: Sketch, net: _Net, segments: list[tuple[int, int]]) -> None:
    """Lamps and trees at the kerbs, crossings for walkers, and in a full city parked cars."""
    cars = 0
    for first, second in segments:
        a, b, level = net.crossing(first), net.crossing(second), net.is_level((first, second))
        wide = a.height if level else a.width
        low, high = (a.x1, b.x0) if level else (a.y1, b.y0)
        edge = (a.y0 if level else a.x0) + (1.2 if sketch.chance(0.5) else wide - 1.2)
        if wide <= LANE_WIDTH:
            continue
        for number, share in enumerate((0.2, 0.5, 0.8)):
            at = low + share * (high - low)
            kind = "lamp" if number != 1 or sketch.richness < 2 else "tree"
            sketch.stand(kind, *((at, edge) if level else (edge, at)))
        if sketch.chance(0.3):
            _zebra(sketch, a, low, level=level)
        if sketch.richness == 2 and wide == 8 and cars < 3 and high - low > 10 and sketch.chance(0.5):
            _car(sketch, a, (low + high) / 2, level=level, look=cars)
            cars += 1


def _zebra(sketch: Sketch, a: Rect, low: float, *, level: bool) -> None:
    inner = a.inset(SIDEWALK)
    if level:
        sketch.lay("zebra_x", Rect(low + 0.5, inner.y0, low + 2.25, inner.y1))
    else:
        sketch.lay("zebra_y", Rect(inner.x0, low + 0.5, inner.x1, low + 2.25))


def _car(sketch: Sketch, a: Rect, at: float, *, level: bool, look: int) -> None:
    inner = a.inset(SIDEWALK + 0.1875)
    if level:
        rect = Rect(at - 2.125, inner.y0, at + 2.125, inner.y0 + 1.75)
        cabin = Rect(rect.x0 + 1.0, rect.y0 + 0.125, rect.x1 - 1.0, rect.y1 - 0.125)
    else:
        rect = Rect(inner.x0, at - 2.125, inner.x0 + 1.75, at + 2.125)
        cabin = Rect(rect.x0 + 0.125, rect.y0 + 1.0, rect.x1 - 0.125, rect.y1 - 1.0)
    sketch.lay("car", rect, look)
    sketch.lay("cabin", cabin, look)
