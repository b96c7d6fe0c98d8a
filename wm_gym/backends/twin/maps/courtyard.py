"""A courtyard: a square under the sky with arcades on all four sides, and two gateways to gardens beyond."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.backends.twin.maps import actors, facades, indoor_walls, themes
from wm_gym.backends.twin.maps.fountain import build_fountain
from wm_gym.backends.twin.maps.map_builder import MapBuilder, open_builder, triple
from wm_gym.backends.twin.maps.paint import mix
from wm_gym.backends.twin.maps.plan import Rect, Region
from wm_gym.backends.twin.maps.twin_map import TwinMap

BAY = 160.0
PILLAR = 32.0
WALK = 128.0
WALK_HEIGHT = 104.0
ARCH_HEIGHT = 86.0
GATE = 96.0
GARDEN = 320.0


@dataclass(frozen=True)
class _Materials:
    """Regions of one courtyard, and the names that its caption uses."""

    court: Region
    walk: Region
    arch: Region
    house: themes.Paint
    stone: themes.Paint


def build_courtyard(rng: np.random.Generator, difficulty: str) -> TwinMap:
    """The courtyard that `rng` draws."""
    bays_x, bays_y = int(rng.integers(5, 8)), int(rng.integers(5, 8))
    court = Rect(0.0, 0.0, bays_x * BAY + PILLAR, bays_y * BAY + PILLAR)
    margin = 2 * PILLAR + WALK + GARDEN
    builder = open_builder(court.inset(-margin), rng, difficulty)
    materials = _materials(builder, court)
    ring = court.inset(-PILLAR - WALK)
    builder.plan.paint(ring, materials.walk)
    builder.plan.paint(court.inset(-PILLAR), materials.arch)
    builder.plan.paint(court, materials.court)
    _pillars(builder, court, bays_x, bays_y)
    _doors(builder, ring)
    _gardens(builder, ring, int(rng.integers(2)), materials)
    _middle(builder, court, materials)
    return _finish(builder, court, materials)


def _materials(builder: MapBuilder, court: Rect) -> _Materials:
    rng = builder.rng
    house, accent, stone = (
        themes.pick(themes.WALLS, rng),
        themes.pick(themes.ACCENTS, rng),
        themes.pick(themes.STONES, rng),
    )
    storeys, style = int(rng.integers(1, 4)), themes.pick(facades.FRONT_STYLES, rng)
    colours = facades.front_colours(house.colour, themes.TRIM, accent.colour, stone.colour)
    builder.atlas.add("FRONT", facades.front(style, "arcade", storeys), colours)
    inside = themes.pick(themes.WALLS[:6], rng)
    paints = (mix(inside.colour, (255, 255, 255), 0.3), stone.colour, themes.TRIM)
    builder.atlas.add("INNER", indoor_walls.room_wall("dado", int(WALK_HEIGHT)), paints)
    builder.atlas.add(
        "DOOR", indoor_walls.room_door(int(WALK_HEIGHT)), (*paints, accent.colour, triple(accent.colour)[1])
    )
    glass = ((104, 158, 196), (170, 212, 232))
    builder.atlas.add("PANE", indoor_walls.room_pane(int(WALK_HEIGHT)), (*paints, accent.colour, *glass))
    builder.wall("PILLAR", "plain", triple(stone.colour))
    builder.floor("COURT", themes.pick(("paving", "cobbles", "concrete"), rng), stone.colour, contrast=0.07)
    builder.floor("WALK", "checker", (226, 206, 176), contrast=0.12)
    builder.floor("VAULT", "plain", (238, 230, 214))
    height = float(facades.front_height(storeys))
    return _Materials(
        court=Region("COURT", None, 0.0, height, wall="FRONT", anchor=court),
        walk=Region("WALK", "VAULT", 0.0, WALK_HEIGHT, wall="INNER"),
        arch=Region("WALK", "VAULT", 0.0, ARCH_HEIGHT, wall="PILLAR"),
        house=house,
        stone=stone,
    )


def _pillars(builder: MapBuilder, court: Rect, bays_x: int, bays_y: int) -> None:
    """Solid squares between the openings; their faces continue what each viewer's wall shows."""
    solid = Region(solid=True)
    outer = court.inset(-PILLAR)
    for bay in range(bays_x + 1):
        x = court.x0 + bay * BAY
        for y in (outer.y0, court.y1):
            builder.plan.paint(Rect(x, y, x + PILLAR, y + PILLAR), solid)
    for bay in range(bays_y + 1):
        y = court.y0 + bay * BAY
        for x in (outer.x0, court.x1):
            builder.plan.paint(Rect(x, y, x + PILLAR, y + PILLAR), solid)
    for x in (outer.x0, court.x1):
        for y in (outer.y0, court.y1):
            builder.plan.paint(Rect(x, y, x + PILLAR, y + PILLAR), solid)


def _doors(builder: MapBuilder, ring: Rect) -> None:
    """Doors and windows by turns in the back wall of the arcades, one to a bay; half as deep as the wall."""
    for low, high in ((ring.y0 - PILLAR / 2, ring.y0), (ring.y1, ring.y1 + PILLAR / 2)):
        for number, x in enumerate(np.arange(ring.x0 + 96.0, ring.x1 - 128.0, BAY).tolist()):
            builder.plan.paint(Rect(x, low, x + 64.0, high), _panel(number))
    for low, high in ((ring.x0 - PILLAR / 2, ring.x0), (ring.x1, ring.x1 + PILLAR / 2)):
        for number, y in enumerate(np.arange(ring.y0 + 96.0, ring.y1 - 128.0, BAY).tolist()):
            builder.plan.paint(Rect(low, y, high, y + 64.0), _panel(number))


def _panel(number: int) -> Region:
    return Region(solid=True, wall=("DOOR", "PANE")[number % 2])


def _gardens(builder: MapBuilder, ring: Rect, axis: int, materials: _Materials) -> None:
    """Gateways through the house on two opposite sides, each to a garden between houses."""
    builder.floor("LAWN", "grass", themes.pick(themes.GRASSES, builder.rng).colour, contrast=0.08)
    house, accent = themes.pick(themes.WALLS, builder.rng), themes.pick(themes.ACCENTS, builder.rng)
    colours = facades.front_colours(house.colour, themes.TRIM, accent.colour, materials.stone.colour)
    builder.atlas.add("BACK", facades.front(themes.pick(facades.FRONT_STYLES, builder.rng), "doors", 1), colours)
    gate = Region("WALK", "VAULT", 0.0, ARCH_HEIGHT, wall="PILLAR")
    x, y = ring.centre
    half, wide = GATE / 2, GARDEN / 2
    for side in (-1, 1):
        lawn = Region("LAWN", None, 0.0, float(facades.front_height(1)), wall="BACK")
        edge = (ring.x1 if side > 0 else ring.x0) if axis == 0 else (ring.y1 if side > 0 else ring.y0)
        near, far = sorted((edge, edge + side * PILLAR))
        beyond = sorted((edge + side * PILLAR, edge + side * (PILLAR + GARDEN)))
        if axis == 0:
            builder.plan.paint(Rect(near, y - half, far, y + half), gate)
            builder.plan.paint(Rect(beyond[0], y - wide, beyond[1], y + wide), lawn)
            middle = (sum(beyond) / 2, y)
        else:
            builder.plan.paint(Rect(x - half, near, x + half, far), gate)
            builder.plan.paint(Rect(x - wide, beyond[0], x + wide, beyond[1]), lawn)
            middle = (x, sum(beyond) / 2)
        if builder.richness:
            builder.plant_tree(*middle, kind=builder.draw_tree())


def _middle(builder: MapBuilder, court: Rect, materials: _Materials) -> None:
    """Lawns in the four quarters, trees on them, and a fountain where the paths cross."""
    x, y = court.centre
    lawn = Region("LAWN", None, 0.0, materials.court.ceiling_height, wall="FRONT", anchor=court)
    reach_x, reach_y = court.width / 2 - 128, court.height / 2 - 128
    quarters = [(sx, sy) for sx in (-1, 1) for sy in (-1, 1)]
    for sx, sy in quarters:
        xs, ys = sorted((x + sx * 96, x + sx * reach_x)), sorted((y + sy * 96, y + sy * reach_y))
        builder.plan.paint(Rect(xs[0], ys[0], xs[1], ys[1]), lawn)
    if not builder.richness:
        return
    build_fountain(builder, x, y, materials.court)
    kind = builder.draw_tree()
    for sx, sy in quarters:
        builder.plant_tree(x + sx * (96 + reach_x) / 2, y + sy * (96 + reach_y) / 2, kind)
        builder.stand(actors.LAMP_NUMBER, x + sx * 88, y + sy * 88)
    if builder.richness == 2:
        _flower_beds(builder, court, quarters, lawn)
        builder.fly_birds(int(builder.rng.integers(2, 4)), x, y, 170.0)


def _flower_beds(builder: MapBuilder, court: Rect, quarters: list[tuple[int, int]], under: Region) -> None:
    blossoms = ((236, 92, 110), (250, 220, 96))
    builder.floor("BED", "flowers", (92, 160, 80), blossoms, contrast=0.12)
    x, y = court.centre
    reach_x = court.width / 2 - 128
    for sx, sy in quarters:
        xs = sorted((x + sx * (reach_x - 40), x + sx * reach_x))
        ys = sorted((y + sy * 112, y + sy * 200))
        builder.raise_box(Rect(xs[0], ys[0], xs[1], ys[1]), under, 14.0, side="PILLAR", top="BED")


def _finish(builder: MapBuilder, court: Rect, materials: _Materials) -> TwinMap:
    rng = builder.rng
    side = int(rng.integers(4))
    x, y = court.centre
    shares = ((-1, 0), (0, -1), (1, 0), (0, 1))[side]
    start = x + shares[0] * (court.width / 2 - 64), y + shares[1] * (court.height / 2 - 64), 90.0 * side
    middle = "a fountain, lawns and " + builder.leaf.name + " trees" if builder.richness else "four lawns"
    caption = (
        f"A sunny courtyard with {middle} in the middle, arcades of {materials.stone.name} pillars "
        f"and {materials.house.name} walls with windows all round, under {builder.sky.name}."
    )
    walkers = (0, 2, int(rng.integers(5, 9)))[builder.richness]
    return builder.finish((float(round(start[0])), float(round(start[1])), start[2]), walkers, caption)
