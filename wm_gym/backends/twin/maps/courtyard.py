"""A courtyard: a square under the sky with arcades on all four sides, and two gateways to gardens beyond."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.backends.twin.maps import actors, facades, themes, walls
from wm_gym.backends.twin.maps.fountain import build_fountain
from wm_gym.backends.twin.maps.plan import Rect, Region
from wm_gym.backends.twin.maps.site import Site, open_site, triple
from wm_gym.backends.twin.maps.twin_map import TwinMap

BAY = 160.0
PILLAR = 32.0
WALK = 128.0
WALK_HEIGHT = 104.0
ARCH_HEIGHT = 86.0
GATE = 96.0
GARDEN = 288.0


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
    site = open_site(court.inset(-margin), rng, difficulty)
    materials = _materials(site, court)
    ring = court.inset(-PILLAR - WALK)
    site.plan.paint(ring, materials.walk)
    site.plan.paint(court.inset(-PILLAR), materials.arch)
    site.plan.paint(court, materials.court)
    _pillars(site, court, bays_x, bays_y)
    _doors(site, ring)
    _gardens(site, ring, int(rng.integers(2)), materials)
    _middle(site, court, materials)
    return _finish(site, court, materials)


def _materials(site: Site, court: Rect) -> _Materials:
    rng = site.rng
    house, accent, stone = (
        themes.pick(themes.WALLS, rng),
        themes.pick(themes.ACCENTS, rng),
        themes.pick(themes.STONES, rng),
    )
    storeys, style = int(rng.integers(1, 4)), themes.pick(facades.FRONT_STYLES, rng)
    colours = facades.front_colours(house.colour, themes.TRIM, accent.colour, stone.colour)
    site.album.add("FRONT", facades.front(style, "arcade", storeys), colours)
    inside = themes.pick(themes.WALLS[:6], rng)
    paints = (inside.colour, stone.colour, themes.TRIM)
    site.album.add("INNER", walls.room_wall("dado", int(WALK_HEIGHT)), paints)
    site.album.add("DOOR", walls.room_door(int(WALK_HEIGHT)), (*paints, accent.colour, triple(accent.colour)[1]))
    site.wall("PILLAR", "plain", triple(stone.colour))
    site.floor("COURT", themes.pick(("paving", "cobbles", "concrete"), rng), stone.colour, contrast=0.07)
    site.floor("WALK", "checker", (226, 206, 176), contrast=0.12)
    site.floor("VAULT", "plain", (238, 230, 214))
    height = float(facades.front_height(storeys))
    return _Materials(
        court=Region("COURT", None, 0.0, height, wall="FRONT", anchor=court),
        walk=Region("WALK", "VAULT", 0.0, WALK_HEIGHT, wall="INNER"),
        arch=Region("WALK", "VAULT", 0.0, ARCH_HEIGHT, wall="PILLAR"),
        house=house,
        stone=stone,
    )


def _pillars(site: Site, court: Rect, bays_x: int, bays_y: int) -> None:
    """Solid squares between the openings; their faces continue what each viewer's wall shows."""
    solid = Region(solid=True)
    outer = court.inset(-PILLAR)
    for bay in range(bays_x + 1):
        x = court.x0 + bay * BAY
        for y in (outer.y0, court.y1):
            site.plan.paint(Rect(x, y, x + PILLAR, y + PILLAR), solid)
    for bay in range(bays_y + 1):
        y = court.y0 + bay * BAY
        for x in (outer.x0, court.x1):
            site.plan.paint(Rect(x, y, x + PILLAR, y + PILLAR), solid)
    for x in (outer.x0, court.x1):
        for y in (outer.y0, court.y1):
            site.plan.paint(Rect(x, y, x + PILLAR, y + PILLAR), solid)


def _doors(site: Site, ring: Rect) -> None:
    """Painted doors in the back wall of the arcades, one to every second bay."""
    for low, high in ((ring.y0 - PILLAR, ring.y0), (ring.y1, ring.y1 + PILLAR)):
        for x in np.arange(ring.x0 + 96.0, ring.x1 - 128.0, 2 * BAY).tolist():
            site.plan.paint(Rect(x, low, x + 64.0, high), _door())
    for low, high in ((ring.x0 - PILLAR, ring.x0), (ring.x1, ring.x1 + PILLAR)):
        for y in np.arange(ring.y0 + 96.0, ring.y1 - 128.0, 2 * BAY).tolist():
            site.plan.paint(Rect(low, y, high, y + 64.0), _door())


def _door() -> Region:
    return Region(solid=True, wall="DOOR")


def _gardens(site: Site, ring: Rect, axis: int, materials: _Materials) -> None:
    """Gateways through the house on two opposite sides, each to a walled garden."""
    site.floor("LAWN", "grass", themes.pick(themes.GRASSES, site.rng).colour, contrast=0.08)
    site.wall("HEDGE", "hedge", triple(themes.LEAVES[1].colour, 0.78))
    lawn = Region("LAWN", None, 0.0, 220.0, wall="HEDGE")
    gate = Region("WALK", "VAULT", 0.0, ARCH_HEIGHT, wall="PILLAR")
    x, y = ring.centre
    half, wide = GATE / 2, GARDEN / 2
    for side in (-1, 1):
        edge = (ring.x1 if side > 0 else ring.x0) if axis == 0 else (ring.y1 if side > 0 else ring.y0)
        near, far = sorted((edge, edge + side * PILLAR))
        beyond = sorted((edge + side * PILLAR, edge + side * (PILLAR + GARDEN)))
        if axis == 0:
            site.plan.paint(Rect(near, y - half, far, y + half), gate)
            site.plan.paint(Rect(beyond[0], y - wide, beyond[1], y + wide), lawn)
            middle = (sum(beyond) / 2, y)
        else:
            site.plan.paint(Rect(x - half, near, x + half, far), gate)
            site.plan.paint(Rect(x - wide, beyond[0], x + wide, beyond[1]), lawn)
            middle = (x, sum(beyond) / 2)
        if site.richness:
            site.plant_tree(*middle, kind=site.draw_tree())


def _middle(site: Site, court: Rect, materials: _Materials) -> None:
    """Lawns in the four quarters, trees on them, and a fountain where the paths cross."""
    x, y = court.centre
    lawn = Region("LAWN", None, 0.0, materials.court.ceiling_height, wall="FRONT", anchor=court)
    reach_x, reach_y = court.width / 2 - 128, court.height / 2 - 128
    quarters = [(sx, sy) for sx in (-1, 1) for sy in (-1, 1)]
    for sx, sy in quarters:
        xs, ys = sorted((x + sx * 96, x + sx * reach_x)), sorted((y + sy * 96, y + sy * reach_y))
        site.plan.paint(Rect(xs[0], ys[0], xs[1], ys[1]), lawn)
    if not site.richness:
        return
    build_fountain(site, x, y, materials.court)
    kind = site.draw_tree()
    for sx, sy in quarters:
        site.plant_tree(x + sx * (96 + reach_x) / 2, y + sy * (96 + reach_y) / 2, kind)
        site.stand(actors.LAMP_NUMBER, x + sx * 88, y + sy * 88)
    if site.richness == 2:
        _flower_beds(site, court, quarters, lawn)
        site.fly_birds(int(site.rng.integers(2, 4)), x, y, 170.0)


def _flower_beds(site: Site, court: Rect, quarters: list[tuple[int, int]], under: Region) -> None:
    blossoms = ((236, 92, 110), (250, 220, 96))
    site.floor("BED", "flowers", (92, 160, 80), blossoms, contrast=0.12)
    x, y = court.centre
    reach_x = court.width / 2 - 128
    for sx, sy in quarters:
        xs = sorted((x + sx * (reach_x - 40), x + sx * reach_x))
        ys = sorted((y + sy * 112, y + sy * 200))
        site.raise_box(Rect(xs[0], ys[0], xs[1], ys[1]), under, 14.0, side="PILLAR", top="BED")


def _finish(site: Site, court: Rect, materials: _Materials) -> TwinMap:
    rng = site.rng
    side = int(rng.integers(4))
    x, y = court.centre
    shares = ((-1, 0), (0, -1), (1, 0), (0, 1))[side]
    start = x + shares[0] * (court.width / 2 - 64), y + shares[1] * (court.height / 2 - 64), 90.0 * side
    middle = "a fountain, lawns and " + site.leaf.name + " trees" if site.richness else "four lawns"
    caption = (
        f"A sunny courtyard with {middle} in the middle, arcades of {materials.stone.name} pillars "
        f"and {materials.house.name} walls with windows all round, under {site.sky.name}."
    )
    walkers = (0, 2, int(rng.integers(5, 9)))[site.richness]
    return site.finish((float(round(start[0])), float(round(start[1])), start[2]), walkers, caption)
