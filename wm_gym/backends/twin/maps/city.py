"""A city: four blocks of houses, one of them an open square, with streets between that go on past low walls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.backends.twin.maps import actors, themes
from wm_gym.backends.twin.maps.fountain import build_fountain
from wm_gym.backends.twin.maps.map_builder import MapBuilder, open_builder, triple
from wm_gym.backends.twin.maps.plan import Rect, Region
from wm_gym.backends.twin.maps.streets import SKY_HEIGHT, Town, found_town
from wm_gym.backends.twin.maps.twin_map import TwinMap

STREET = 256.0
SIDEWALK = 48.0
RIM = 64.0
BEYOND = 448.0
KERB = 3.0
CAR_LENGTH = 136.0
CAR_WIDTH = 56.0


@dataclass(frozen=True)
class _Streets:
    """Where the three streets lie along one axis, and the two blocks between them."""

    starts: tuple[float, float, float]
    blocks: tuple[tuple[float, float], tuple[float, float]]
    size: float


def build_city(rng: np.random.Generator, difficulty: str) -> TwinMap:
    """The city that `rng` draws."""
    across, along = _streets(rng), _streets(rng)
    margin = BEYOND + RIM
    builder = open_builder(Rect(-margin, -margin, across.size + margin, along.size + margin), rng, difficulty)
    town = found_town(builder, (2, 3, 4)[builder.richness])
    sidewalk = _pave(builder, across, along)
    _rim(builder, town, across, along)
    for end in range(4):
        _street_beyond(builder, town, sidewalk, across, along, end)
    square = int(rng.integers(4))
    for block in range(4):
        (x0, x1), (y0, y1) = across.blocks[block % 2], along.blocks[block // 2]
        (_square if block == square else _block)(builder, town, Rect(x0, y0, x1, y1))
    _furnish(builder, across, along)
    if builder.richness == 2:
        _park_cars(builder, across, along)
    return _finish(builder, town, across, along, square)


def _streets(rng: np.random.Generator) -> _Streets:
    first, second = (64.0 * float(rng.integers(6, 9)) for _ in range(2))
    starts = (0.0, STREET + first, 2 * STREET + first + second)
    blocks = ((STREET, STREET + first), (2 * STREET + first, 2 * STREET + first + second))
    return _Streets(starts, blocks, 3 * STREET + first + second)


def _pave(builder: MapBuilder, across: _Streets, along: _Streets) -> Region:
    """Sidewalks everywhere, then the lanes over them, then the crossings; gives the sidewalk."""
    stone = themes.pick(themes.STONES, builder.rng)
    builder.floor("PAVE", "paving", stone.colour, contrast=0.07)
    builder.wall("KERB", "plain", triple(stone.colour))
    extras = (themes.TRIM,)
    for name, kind in (("LANEX", "road"), ("LANEY", "road_north"), ("ZEBX", "zebra"), ("ZEBY", "zebra_north")):
        builder.floor(name, kind, themes.ASPHALT, extras, contrast=0.04)
    builder.floor("ASPH", "asphalt", themes.ASPHALT, contrast=0.04)
    sidewalk = _open("PAVE", KERB, skirt="KERB")
    builder.plan.paint(Rect(0, 0, across.size, along.size), sidewalk)
    lane = STREET - 2 * SIDEWALK
    for start in along.starts:
        low = start + SIDEWALK
        builder.plan.paint(Rect(SIDEWALK, low, across.size - SIDEWALK, low + lane), _lane_along_x(low + lane / 2))
    for start in across.starts:
        low = start + SIDEWALK
        builder.plan.paint(Rect(low, SIDEWALK, low + lane, along.size - SIDEWALK), _lane_along_y(low + lane / 2))
    asphalt = _open("ASPH")
    for x in across.starts:
        for y in along.starts:
            builder.plan.paint(Rect(x + SIDEWALK, y + SIDEWALK, x + SIDEWALK + lane, y + SIDEWALK + lane), asphalt)
    if builder.richness:
        _stripe(builder, across, along)
    return sidewalk


def _open(floor: str, height: float = 0.0, *, skirt: str = "", pan: tuple[float, float] = (0.0, 0.0)) -> Region:
    return Region(floor, None, height, SKY_HEIGHT, skirt=skirt, pan=pan)


def _lane_along_x(middle: float) -> Region:
    return _open("LANEX", pan=(0.0, (64.0 + middle) % 128.0))


def _lane_along_y(middle: float) -> Region:
    return _open("LANEY", pan=((64.0 - middle) % 128.0, 0.0))


def _stripe(builder: MapBuilder, across: _Streets, along: _Streets) -> None:
    """Zebra crossings on the four ways into the middle crossing."""
    x, y, lane = across.starts[1] + SIDEWALK, along.starts[1] + SIDEWALK, STREET - 2 * SIDEWALK
    over_x, over_y = _open("ZEBY"), _open("ZEBX")
    for low in (y - 72, y + lane + 16):
        builder.plan.paint(Rect(x, low, x + lane, low + 56), over_x)
    for low in (x - 72, x + lane + 16):
        builder.plan.paint(Rect(low, y, low + 56, y + lane), over_y)


def _rim(builder: MapBuilder, town: Town, across: _Streets, along: _Streets) -> None:
    """Rows of houses all round, two or three to a block."""
    for low, high in ((-RIM, 0.0), (along.size, along.size + RIM)):
        for x0, x1 in _plots(builder, across):
            town.build(
                Rect(x0, low, x1, high), int(builder.rng.integers(2, 5)), int(builder.rng.integers(9)), last=True
            )
    for low, high in ((-RIM, 0.0), (across.size, across.size + RIM)):
        for y0, y1 in _plots(builder, along):
            town.build(
                Rect(low, y0, high, y1), int(builder.rng.integers(2, 5)), int(builder.rng.integers(9)), last=True
            )


def _plots(builder: MapBuilder, streets: _Streets) -> list[tuple[float, float]]:
    """Cuts of the rim on one side: from corner to middle street, and from there to the other corner."""
    cuts = []
    for low, high in ((-RIM, streets.starts[1]), (streets.starts[1] + STREET, streets.size + RIM)):
        cut = low + RIM + 64.0 * float(builder.rng.integers(4, 8))
        cuts += [(low, cut), (cut, high)]
    return cuts


def _street_beyond(
    builder: MapBuilder, town: Town, sidewalk: Region, across: _Streets, along: _Streets, end: int
) -> None:
    """The middle street on the side `end` (0 east, 1 north, 2 west, 3 south), out of reach behind a low wall."""
    low_wall = _low_wall(builder)
    ahead, beside = (across, along) if end % 2 == 0 else (along, across)
    turn = _Turn(ahead.size, end)
    low, high = beside.starts[1], beside.starts[1] + STREET
    lane = _lane_along_x if end % 2 == 0 else _lane_along_y
    for near, far in ((low - RIM, low), (high, high + RIM)):
        town.build(
            turn.rect(0.0, near, BEYOND, far), int(builder.rng.integers(1, 4)), int(builder.rng.integers(9)), last=True
        )
    town.build(turn.rect(BEYOND, low - RIM, BEYOND + RIM, high + RIM), int(builder.rng.integers(3, 6)), end, last=True)
    builder.plan.paint(turn.rect(0.0, low, BEYOND, high), sidewalk)
    builder.plan.paint(turn.rect(-SIDEWALK, low + SIDEWALK, BEYOND, high - SIDEWALK), lane((low + high) / 2))
    builder.plan.paint(turn.rect(8.0, low, 24.0, high), low_wall)


@dataclass(frozen=True)
class _Turn:
    """Rectangles measured outward from one side of the city."""

    size: float
    end: int

    def rect(self, near: float, low: float, far: float, high: float) -> Rect:
        """From `near` to `far` outward, from `low` to `high` along the side."""
        outward = (self.size + near, self.size + far) if self.end < 2 else (-far, -near)
        if self.end % 2 == 0:
            return Rect(outward[0], low, outward[1], high)
        return Rect(low, outward[0], high, outward[1])


def _low_wall(builder: MapBuilder) -> Region:
    if "LOWWALL" not in builder.atlas.pages:
        builder.wall("LOWWALL", "stone", triple((214, 206, 192)))
        builder.floor("WALLTOP", "plain", (232, 226, 214))
    return Region("WALLTOP", None, 28.0, SKY_HEIGHT, skirt="LOWWALL")


def _block(builder: MapBuilder, town: Town, block: Rect) -> None:
    """One to four houses with a common middle cut."""
    rng = builder.rng
    cut_x = block.x0 + 64.0 * round(block.width / 128.0)
    cut_y = block.y0 + 64.0 * round(block.height / 128.0)
    columns = [(block.x0, cut_x), (cut_x, block.x1)] if rng.random() < 0.8 else [(block.x0, block.x1)]
    rows = [(block.y0, cut_y), (cut_y, block.y1)] if rng.random() < 0.8 else [(block.y0, block.y1)]
    first = int(rng.integers(9))
    for number, ((x0, x1), (y0, y1)) in enumerate((column, row) for column in columns for row in rows):
        town.build(Rect(x0, y0, x1, y1), int(rng.integers(1, 6)), first + number)


def _square(builder: MapBuilder, town: Town, block: Rect) -> None:
    """A lawn with a path round it, trees at its corners, a fountain or a great tree in its middle."""
    builder.floor("LAWN", "grass", themes.pick(themes.GRASSES, builder.rng).colour, contrast=0.08)
    lawn = _open("LAWN", KERB)
    builder.plan.paint(block.inset(24), lawn)
    x, y = block.centre
    builder.floor("PLAZA", "cobbles", (222, 204, 176), contrast=0.07)
    plaza = _open("PLAZA", KERB)
    builder.plan.paint(Rect(x - 48, block.y0, x + 48, block.y1), plaza)
    builder.plan.paint(Rect(block.x0, y - 48, block.x1, y + 48), plaza)
    builder.plan.paint(Rect(x - 96, y - 96, x + 96, y + 96), plaza)
    if builder.richness:
        build_fountain(builder, x, y, plaza)
        kind = builder.draw_tree()
        for step_x in (-1, 1):
            for step_y in (-1, 1):
                builder.plant_tree(x + step_x * (block.width / 2 - 64), y + step_y * (block.height / 2 - 64), kind)
    if builder.richness == 2:
        builder.fly_birds(int(builder.rng.integers(2, 5)), x, y, 190.0)


def _furnish(builder: MapBuilder, across: _Streets, along: _Streets) -> None:
    """Lamps at the kerbs; in a full city also street trees between them."""
    if not builder.richness:
        return
    kind = builder.draw_tree()
    for x in (across.starts[1] + SIDEWALK - 10, across.starts[1] + STREET - SIDEWALK + 10):
        for number, y in enumerate(_posts(along)):
            builder.stand(actors.LAMP_NUMBER, x, y) if number % 2 == 0 or builder.richness < 2 else builder.plant_tree(
                x, y, kind
            )
    for y in (along.starts[1] + SIDEWALK - 10, along.starts[1] + STREET - SIDEWALK + 10):
        for number, x in enumerate(_posts(across)):
            builder.stand(actors.LAMP_NUMBER, x, y) if number % 2 else builder.plant_tree(x, y, kind)


def _park_cars(builder: MapBuilder, across: _Streets, along: _Streets) -> None:
    """Cars by the kerb of the streets that run along y."""
    glass = (150, 196, 224)
    for number, start in enumerate(across.starts[:2]):
        low, high = along.blocks[int(builder.rng.integers(2))]
        paint = themes.pick(themes.ACCENTS[:4], builder.rng)
        body, cabin = f"CAR{number}", f"CAB{number}"
        builder.wall(body, "car", (*triple(paint.colour), (46, 48, 54), (250, 238, 190)))
        builder.wall(cabin, "cabin", (paint.colour, glass, themes.TRIM))
        builder.floor(f"HOOD{number}", "plain", paint.colour)
        side = int(builder.rng.integers(2))
        x = start + SIDEWALK + 6.0 if side else start + STREET - SIDEWALK - 6.0 - CAR_WIDTH
        y = float(round(low + builder.rng.uniform(0.15, 0.55) * (high - low)))
        under = _open("ASPH")
        builder.raise_box(Rect(x, y, x + CAR_WIDTH, y + CAR_LENGTH), under, 22.0, side=body, top=f"HOOD{number}")
        builder.raise_box(Rect(x + 5, y + 32, x + CAR_WIDTH - 5, y + 104), under, 40.0, side=cabin, top=f"HOOD{number}")


def _posts(streets: _Streets) -> list[float]:
    return [low + share * (high - low) for low, high in streets.blocks for share in (0.12, 0.5, 0.88)]


def _finish(builder: MapBuilder, town: Town, across: _Streets, along: _Streets, square: int) -> TwinMap:
    rng = builder.rng
    x, y = across.starts[1] + STREET / 2, along.starts[1] + STREET / 2
    heading = 90.0 * float(rng.integers(4))
    back = float(rng.integers(0, 5)) * 48.0
    x, y = x - back * np.cos(np.radians(heading)), y - back * np.sin(np.radians(heading))
    paints = " and ".join(dict.fromkeys(house.paint.name for house in town.houses[:3]))
    people = "people walking, " if builder.richness else ""
    trees = f" and {builder.leaf.name} trees" if builder.richness else ""
    caption = (
        f"A bright city with {paints} houses, wide asphalt streets, sidewalks, {people}"
        f"a green square{trees} under {builder.sky.name}."
    )
    walkers = (0, 2, int(rng.integers(6, 11)))[builder.richness]
    return builder.finish((float(round(x)), float(round(y)), heading), walkers, caption)
