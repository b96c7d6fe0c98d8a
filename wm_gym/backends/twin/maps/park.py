"""A park: lawns, gravel paths, a pond, trees, hedges and benches, behind a low wall with a town all round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.backends.twin.maps import actors, themes
from wm_gym.backends.twin.maps.fountain import build_fountain
from wm_gym.backends.twin.maps.map_builder import MapBuilder, open_builder, triple
from wm_gym.backends.twin.maps.plan import Rect, Region
from wm_gym.backends.twin.maps.streets import SKY_HEIGHT, Town, found_town
from wm_gym.backends.twin.maps.twin_map import TwinMap

STREET = 224.0
HOUSE = 64.0
PATH = 112.0
WALL_HEIGHT = 26.0


@dataclass(frozen=True)
class _Grounds:
    """Regions that lie level."""

    grass: Region
    path: Region


def build_park(rng: np.random.Generator, difficulty: str) -> TwinMap:
    """The park that `rng` draws."""
    park = Rect(0.0, 0.0, 64.0 * float(rng.integers(22, 28)), 64.0 * float(rng.integers(22, 28)))
    builder = open_builder(park.inset(-STREET - HOUSE), rng, difficulty)
    town = found_town(builder, (2, 3, 4)[builder.richness])
    grounds = _grounds(builder)
    _surroundings(builder, town, park)
    builder.plan.paint(park, grounds.grass)
    crossing = _paths(builder, park, grounds)
    _edge_wall(builder, park)
    quarters = _quarters(park, crossing)
    order = rng.permutation(4).tolist()
    _pond(builder, quarters[order[0]])
    if builder.richness:
        build_fountain(builder, *crossing, grounds.path)
        _hedges(builder, quarters[order[1]], grounds.grass)
        _benches(builder, crossing, park, grounds.grass)
    _trees(builder, [quarters[index] for index in order], park)
    return _finish(builder, town, park, crossing)


def _grounds(builder: MapBuilder) -> _Grounds:
    rng = builder.rng
    builder.floor("GRASS", "grass", themes.pick(themes.GRASSES, rng).colour, contrast=0.08)
    gravel = ((226, 204, 164), (216, 190, 158), (222, 214, 196))[int(rng.integers(3))]
    builder.floor("PATH", "gravel", gravel, contrast=0.05)
    return _Grounds(Region("GRASS", None, 0.0, SKY_HEIGHT), Region("PATH", None, 0.0, SKY_HEIGHT))


def _surroundings(builder: MapBuilder, town: Town, park: Rect) -> None:
    """A street all round and houses behind it."""
    builder.floor("STREET", "asphalt", themes.ASPHALT, contrast=0.04)
    outer = park.inset(-STREET)
    builder.plan.paint(outer, Region("STREET", None, 0.0, SKY_HEIGHT))
    for low, high in ((outer.y0 - HOUSE, outer.y0), (outer.y1, outer.y1 + HOUSE)):
        for x0, x1 in _plots(builder, outer.x0 - HOUSE, outer.x1 + HOUSE):
            _house(builder, town, Rect(x0, low, x1, high))
    for low, high in ((outer.x0 - HOUSE, outer.x0), (outer.x1, outer.x1 + HOUSE)):
        for y0, y1 in _plots(builder, outer.y0 - HOUSE, outer.y1 + HOUSE):
            _house(builder, town, Rect(low, y0, high, y1))


def _house(builder: MapBuilder, town: Town, rect: Rect) -> None:
    town.build(rect, int(builder.rng.integers(1, 6)), int(builder.rng.integers(9)), last=True)


def _plots(builder: MapBuilder, low: float, high: float) -> list[tuple[float, float]]:
    cuts = [low]
    while high - cuts[-1] > 768:
        cuts.append(cuts[-1] + 64.0 * float(builder.rng.integers(5, 9)))
    return list(zip(cuts, [*cuts[1:], high], strict=True))


def _paths(builder: MapBuilder, park: Rect, grounds: _Grounds) -> tuple[float, float]:
    """A path along the wall and two that cross; gives the crossing."""
    x = park.x0 + 32.0 * round(park.width * float(builder.rng.uniform(0.42, 0.58)) / 32.0)
    y = park.y0 + 32.0 * round(park.height * float(builder.rng.uniform(0.42, 0.58)) / 32.0)
    half = PATH / 2
    ring = park.inset(160)
    builder.plan.paint(ring, grounds.path)
    builder.plan.paint(ring.inset(80), grounds.grass)
    builder.plan.paint(Rect(park.x0 + 160, y - half, park.x1 - 160, y + half), grounds.path)
    builder.plan.paint(Rect(x - half, park.y0 + 160, x + half, park.y1 - 160), grounds.path)
    builder.plan.paint(Rect(x - 128, y - 128, x + 128, y + 128), grounds.path)
    return x, y


def _quarters(park: Rect, crossing: tuple[float, float]) -> list[Rect]:
    """The lawns between the paths."""
    x, y = crossing
    inner, half = park.inset(240), PATH / 2
    columns, rows = ((inner.x0, x - half), (x + half, inner.x1)), ((inner.y0, y - half), (y + half, inner.y1))
    return [Rect(x0, y0, x1, y1) for x0, x1 in columns for y0, y1 in rows]


def _edge_wall(builder: MapBuilder, park: Rect) -> None:
    """A low wall or hedge on all four sides."""
    hedge = bool(builder.rng.random() < 0.5)
    if hedge:
        builder.wall("EDGE", "hedge", triple((74, 144, 84), 0.78))
        builder.floor("EDGETOP", "leaves", (92, 164, 92))
    else:
        builder.wall("EDGE", "stone", triple((208, 200, 186)))
        builder.floor("EDGETOP", "plain", (228, 222, 210))
    edge = Region("EDGETOP", None, WALL_HEIGHT, SKY_HEIGHT, skirt="EDGE")
    for rect in (
        Rect(park.x0, park.y0, park.x1, park.y0 + 24),
        Rect(park.x0, park.y1 - 24, park.x1, park.y1),
        Rect(park.x0, park.y0, park.x0 + 24, park.y1),
        Rect(park.x1 - 24, park.y0, park.x1, park.y1),
    ):
        builder.plan.paint(rect, edge)


def _pond(builder: MapBuilder, lawn: Rect) -> None:
    """Water in the shape of a stepped oval with a stone rim."""
    builder.wall("BANK", "plain", triple((214, 206, 192)))
    builder.floor("BANKTOP", "plain", (224, 216, 202))
    builder.floor("POND", "water", themes.WATER, contrast=0.12)
    pond = lawn.inset(48)
    rim = Region("BANKTOP", None, 6.0, SKY_HEIGHT, skirt="BANK", barred=True)
    water = Region("POND", None, -4.0, SKY_HEIGHT, skirt="BANK", barred=True)
    for region, margin in ((rim, 0.0), (water, 16.0)):
        for rect in (_shrink(pond, 64.0, 0.0), _shrink(pond, 0.0, 64.0)):
            builder.plan.paint(rect.inset(margin), region)


def _shrink(rect: Rect, x: float, y: float) -> Rect:
    return Rect(rect.x0 + x, rect.y0 + y, rect.x1 - x, rect.y1 - y)


def _hedges(builder: MapBuilder, lawn: Rect, under: Region) -> None:
    """Two squares of hedge with flowers between, open in the middle of each side."""
    builder.wall("HEDGE", "hedge", triple((66, 136, 80), 0.78))
    builder.floor("HEDGTOP", "leaves", (86, 158, 88))
    blossoms = ((236, 92, 110), (250, 220, 96))
    builder.floor("BED", "flowers", (92, 160, 80), blossoms, contrast=0.12)
    bed = lawn.inset(64)
    x, y = bed.centre
    for x0, x1 in ((bed.x0, x - 48), (x + 48, bed.x1)):
        for low in (bed.y0, bed.y1 - 28):
            builder.raise_box(Rect(x0, low, x1, low + 28), under, 34.0, side="HEDGE", top="HEDGTOP")
    if builder.richness == 2:
        builder.raise_box(Rect(x - 64, y - 48, x + 64, y + 48), under, 14.0, side="HEDGE", top="BED")


def _benches(builder: MapBuilder, crossing: tuple[float, float], park: Rect, under: Region) -> None:
    """Wooden benches beside the paths."""
    wood = themes.pick(themes.WOODS, builder.rng).colour
    builder.wall("BENCH", "slats", triple(wood, 0.7))
    builder.floor("BENCHT", "planks", wood)
    x, y = crossing
    for step in (-1, 1):
        for along in (-300, 300):
            builder.raise_box(
                Rect(x + step * 72 - 10, y + along - 32, x + step * 72 + 10, y + along + 32),
                under,
                14.0,
                side="BENCH",
                top="BENCHT",
            )
            if builder.richness == 2:
                builder.stand(actors.LAMP_NUMBER, x + step * 68, y + along * 1.3)


def _trees(builder: MapBuilder, quarters: list[Rect], park: Rect) -> None:
    """Rows along the ring path, and groves on the lawns that are free."""
    kinds = builder.draw_tree(), builder.draw_tree()
    spacing = (0.0, 256.0, 192.0)[builder.richness]
    if spacing:
        ring = park.inset(96)
        for x in np.arange(ring.x0, ring.x1 + 1, ring.width / round(ring.width / spacing)).tolist():
            for y in (ring.y0, ring.y1):
                builder.plant_tree(x, y, kinds[0])
        for y in np.arange(ring.y0, ring.y1 + 1, ring.height / round(ring.height / spacing)).tolist()[1:-1]:
            for x in (ring.x0, ring.x1):
                builder.plant_tree(x, y, kinds[0])
    for lawn in quarters[2:]:
        for column in (0.22, 0.5, 0.78):
            for row in (0.25, 0.75):
                if builder.rng.random() < 0.8:
                    jitter = builder.rng.uniform(-24, 24, 2)
                    x, y = lawn.x0 + column * lawn.width + jitter[0], lawn.y0 + row * lawn.height + jitter[1]
                    builder.plant_tree(float(x), float(y), kinds[1])


def _finish(builder: MapBuilder, town: Town, park: Rect, crossing: tuple[float, float]) -> TwinMap:
    rng = builder.rng
    if builder.richness == 2:
        builder.fly_birds(int(rng.integers(2, 5)), *park.centre, 200.0)
    side = int(rng.integers(4))
    step_x, step_y = ((-1, 0), (0, -1), (1, 0), (0, 1))[side]
    back = float(rng.integers(5, 9)) * 32.0
    start = crossing[0] + step_x * back, crossing[1] + step_y * back, 90.0 * side
    paints = " and ".join(dict.fromkeys(house.paint.name for house in town.houses[:2]))
    things = "hedges, benches, a fountain" if builder.richness else "open lawns"
    caption = (
        f"A green park with gravel paths, a pond, {builder.leaf.name} trees and {things}, "
        f"surrounded by {paints} houses under {builder.sky.name}."
    )
    return builder.finish(
        (float(round(start[0])), float(round(start[1])), start[2]),
        (0, 2, int(rng.integers(5, 10)))[builder.richness],
        caption,
    )
