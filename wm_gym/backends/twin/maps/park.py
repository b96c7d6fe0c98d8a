"""A park: lawns, gravel paths, a pond, trees, hedges and benches, behind a low wall with a town all round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.backends.twin.maps import actors, themes
from wm_gym.backends.twin.maps.draft import Draft, open_draft, triple
from wm_gym.backends.twin.maps.fountain import build_fountain
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
    draft = open_draft(park.inset(-STREET - HOUSE), rng, difficulty)
    town = found_town(draft, (2, 3, 4)[draft.richness])
    grounds = _grounds(draft)
    _surroundings(draft, town, park)
    draft.plan.paint(park, grounds.grass)
    crossing = _paths(draft, park, grounds)
    _edge_wall(draft, park)
    quarters = _quarters(park, crossing)
    order = rng.permutation(4).tolist()
    _pond(draft, quarters[order[0]])
    if draft.richness:
        build_fountain(draft, *crossing, grounds.path)
        _hedges(draft, quarters[order[1]], grounds.grass)
        _benches(draft, crossing, park, grounds.grass)
    _trees(draft, [quarters[index] for index in order], park)
    return _finish(draft, town, park, crossing)


def _grounds(draft: Draft) -> _Grounds:
    rng = draft.rng
    draft.floor("GRASS", "grass", themes.pick(themes.GRASSES, rng).colour, contrast=0.08)
    gravel = ((226, 204, 164), (216, 190, 158), (222, 214, 196))[int(rng.integers(3))]
    draft.floor("PATH", "gravel", gravel, contrast=0.05)
    return _Grounds(Region("GRASS", None, 0.0, SKY_HEIGHT), Region("PATH", None, 0.0, SKY_HEIGHT))


def _surroundings(draft: Draft, town: Town, park: Rect) -> None:
    """A street all round and houses behind it."""
    draft.floor("STREET", "asphalt", themes.ASPHALT, contrast=0.04)
    outer = park.inset(-STREET)
    draft.plan.paint(outer, Region("STREET", None, 0.0, SKY_HEIGHT))
    for low, high in ((outer.y0 - HOUSE, outer.y0), (outer.y1, outer.y1 + HOUSE)):
        for x0, x1 in _plots(draft, outer.x0 - HOUSE, outer.x1 + HOUSE):
            _house(draft, town, Rect(x0, low, x1, high))
    for low, high in ((outer.x0 - HOUSE, outer.x0), (outer.x1, outer.x1 + HOUSE)):
        for y0, y1 in _plots(draft, outer.y0 - HOUSE, outer.y1 + HOUSE):
            _house(draft, town, Rect(low, y0, high, y1))


def _house(draft: Draft, town: Town, rect: Rect) -> None:
    town.build(rect, int(draft.rng.integers(1, 6)), int(draft.rng.integers(9)), last=True)


def _plots(draft: Draft, low: float, high: float) -> list[tuple[float, float]]:
    cuts = [low]
    while high - cuts[-1] > 768:
        cuts.append(cuts[-1] + 64.0 * float(draft.rng.integers(5, 9)))
    return list(zip(cuts, [*cuts[1:], high], strict=True))


def _paths(draft: Draft, park: Rect, grounds: _Grounds) -> tuple[float, float]:
    """A path along the wall and two that cross; gives the crossing."""
    x = park.x0 + 32.0 * round(park.width * float(draft.rng.uniform(0.42, 0.58)) / 32.0)
    y = park.y0 + 32.0 * round(park.height * float(draft.rng.uniform(0.42, 0.58)) / 32.0)
    half = PATH / 2
    ring = park.inset(160)
    draft.plan.paint(ring, grounds.path)
    draft.plan.paint(ring.inset(80), grounds.grass)
    draft.plan.paint(Rect(park.x0 + 160, y - half, park.x1 - 160, y + half), grounds.path)
    draft.plan.paint(Rect(x - half, park.y0 + 160, x + half, park.y1 - 160), grounds.path)
    draft.plan.paint(Rect(x - 128, y - 128, x + 128, y + 128), grounds.path)
    return x, y


def _quarters(park: Rect, crossing: tuple[float, float]) -> list[Rect]:
    """The lawns between the paths."""
    x, y = crossing
    inner, half = park.inset(240), PATH / 2
    columns, rows = ((inner.x0, x - half), (x + half, inner.x1)), ((inner.y0, y - half), (y + half, inner.y1))
    return [Rect(x0, y0, x1, y1) for x0, x1 in columns for y0, y1 in rows]


def _edge_wall(draft: Draft, park: Rect) -> None:
    """A low wall or hedge on all four sides."""
    hedge = bool(draft.rng.random() < 0.5)
    if hedge:
        draft.wall("EDGE", "hedge", triple((74, 144, 84), 0.78))
        draft.floor("EDGETOP", "leaves", (92, 164, 92))
    else:
        draft.wall("EDGE", "stone", triple((208, 200, 186)))
        draft.floor("EDGETOP", "plain", (228, 222, 210))
    edge = Region("EDGETOP", None, WALL_HEIGHT, SKY_HEIGHT, skirt="EDGE")
    for rect in (
        Rect(park.x0, park.y0, park.x1, park.y0 + 24),
        Rect(park.x0, park.y1 - 24, park.x1, park.y1),
        Rect(park.x0, park.y0, park.x0 + 24, park.y1),
        Rect(park.x1 - 24, park.y0, park.x1, park.y1),
    ):
        draft.plan.paint(rect, edge)


def _pond(draft: Draft, lawn: Rect) -> None:
    """Water in the shape of a stepped oval with a stone rim."""
    draft.wall("BANK", "plain", triple((214, 206, 192)))
    draft.floor("BANKTOP", "plain", (224, 216, 202))
    draft.floor("POND", "water", themes.WATER, contrast=0.12)
    pond = lawn.inset(48)
    rim = Region("BANKTOP", None, 6.0, SKY_HEIGHT, skirt="BANK", barred=True)
    water = Region("POND", None, -4.0, SKY_HEIGHT, skirt="BANK", barred=True)
    for region, margin in ((rim, 0.0), (water, 16.0)):
        for rect in (_shrink(pond, 64.0, 0.0), _shrink(pond, 0.0, 64.0)):
            draft.plan.paint(rect.inset(margin), region)


def _shrink(rect: Rect, x: float, y: float) -> Rect:
    return Rect(rect.x0 + x, rect.y0 + y, rect.x1 - x, rect.y1 - y)


def _hedges(draft: Draft, lawn: Rect, under: Region) -> None:
    """Two squares of hedge with flowers between, open in the middle of each side."""
    draft.wall("HEDGE", "hedge", triple((66, 136, 80), 0.78))
    draft.floor("HEDGTOP", "leaves", (86, 158, 88))
    blossoms = ((236, 92, 110), (250, 220, 96))
    draft.floor("BED", "flowers", (92, 160, 80), blossoms, contrast=0.12)
    bed = lawn.inset(64)
    x, y = bed.centre
    for x0, x1 in ((bed.x0, x - 48), (x + 48, bed.x1)):
        for low in (bed.y0, bed.y1 - 28):
            draft.raise_box(Rect(x0, low, x1, low + 28), under, 34.0, side="HEDGE", top="HEDGTOP")
    if draft.richness == 2:
        draft.raise_box(Rect(x - 64, y - 48, x + 64, y + 48), under, 14.0, side="HEDGE", top="BED")


def _benches(draft: Draft, crossing: tuple[float, float], park: Rect, under: Region) -> None:
    """Wooden benches beside the paths."""
    wood = themes.pick(themes.WOODS, draft.rng).colour
    draft.wall("BENCH", "slats", triple(wood, 0.7))
    draft.floor("BENCHT", "planks", wood)
    x, y = crossing
    for step in (-1, 1):
        for along in (-300, 300):
            draft.raise_box(
                Rect(x + step * 72 - 10, y + along - 32, x + step * 72 + 10, y + along + 32),
                under,
                14.0,
                side="BENCH",
                top="BENCHT",
            )
            if draft.richness == 2:
                draft.stand(actors.LAMP_NUMBER, x + step * 68, y + along * 1.3)


def _trees(draft: Draft, quarters: list[Rect], park: Rect) -> None:
    """Rows along the ring path, and groves on the lawns that are free."""
    kinds = draft.draw_tree(), draft.draw_tree()
    spacing = (0.0, 256.0, 192.0)[draft.richness]
    if spacing:
        ring = park.inset(96)
        for x in np.arange(ring.x0, ring.x1 + 1, ring.width / round(ring.width / spacing)).tolist():
            for y in (ring.y0, ring.y1):
                draft.plant_tree(x, y, kinds[0])
        for y in np.arange(ring.y0, ring.y1 + 1, ring.height / round(ring.height / spacing)).tolist()[1:-1]:
            for x in (ring.x0, ring.x1):
                draft.plant_tree(x, y, kinds[0])
    for lawn in quarters[2:]:
        for column in (0.22, 0.5, 0.78):
            for row in (0.25, 0.75):
                if draft.rng.random() < 0.8:
                    jitter = draft.rng.uniform(-24, 24, 2)
                    x, y = lawn.x0 + column * lawn.width + jitter[0], lawn.y0 + row * lawn.height + jitter[1]
                    draft.plant_tree(float(x), float(y), kinds[1])


def _finish(draft: Draft, town: Town, park: Rect, crossing: tuple[float, float]) -> TwinMap:
    rng = draft.rng
    if draft.richness == 2:
        draft.fly_birds(int(rng.integers(2, 5)), *park.centre, 200.0)
    side = int(rng.integers(4))
    step_x, step_y = ((-1, 0), (0, -1), (1, 0), (0, 1))[side]
    back = float(rng.integers(5, 9)) * 32.0
    start = crossing[0] + step_x * back, crossing[1] + step_y * back, 90.0 * side
    paints = " and ".join(dict.fromkeys(house.paint.name for house in town.houses[:2]))
    things = "hedges, benches, a fountain" if draft.richness else "open lawns"
    caption = (
        f"A green park with gravel paths, a pond, {draft.leaf.name} trees and {things}, "
        f"surrounded by {paints} houses under {draft.sky.name}."
    )
    return draft.finish(
        (float(round(start[0])), float(round(start[1])), start[2]),
        (0, 2, int(rng.integers(5, 10)))[draft.richness],
        caption,
    )
