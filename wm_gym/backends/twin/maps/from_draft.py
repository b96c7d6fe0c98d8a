"""From a draft to a map: each patch becomes ground or a thing, each spot an actor.

What lies in a room, court or hall keeps its ceiling and its walls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from wm_gym.backends.twin.maps import actors
from wm_gym.backends.twin.maps.captions import caption_of
from wm_gym.backends.twin.maps.map_builder import MapBuilder
from wm_gym.backends.twin.maps.materials import COURT_HEIGHT, HALL_HEIGHT, ROOM_HEIGHT, WALK_HEIGHT, Materials
from wm_gym.backends.twin.maps.plan import Region
from wm_gym.backends.twin.maps.streets import SKY_HEIGHT, found_town
from wm_gym.backends.twin.maps.twin_map import MAP_UNITS_PER_METRE, TwinMap
from wm_gym.plans import Draft, Patch, Rect, Spot

_ARCH_HEIGHT, _DOOR_HEIGHT, _GATE_HEIGHT, _KERB = 86.0, 80.0, 112.0, 3.0
_WATER_DEPTH = 6.0


@dataclass(frozen=True)
class _Ground:
    """Flat ground: texture, height in MU above the ground that it lies in, and the texture of its border."""

    floor: str
    height: float = 0.0
    skirt: str = ""


@dataclass(frozen=True)
class _Thing:
    """A raised thing: texture of its sides and its top, height in MU; `barred` ones may be low."""

    side: str
    top: str
    height: float
    barred: bool = False


# a place under the sky keeps its sidewalks a kerb above the lanes
_GROUNDS = {
    "pavement": _Ground("PAVE", _KERB, "KERB"), "lane_x": _Ground("LANEX"), "lane_y": _Ground("LANEY"),
    "zebra_x": _Ground("ZEBX"), "zebra_y": _Ground("ZEBY"), "asphalt": _Ground("ASPH"),
    "cobbles": _Ground("COBB", _KERB, "KERB"), "plaza": _Ground("PLAZA", _KERB, "KERB"),
    "lawn": _Ground("LAWN", _KERB, "KERB"), "path": _Ground("PATH", _KERB, "KERB"), "rug": _Ground("RUG"),
    "pallets": _Ground("STRIPE"),
}  # fmt: skip
_THINGS = {
    "low_wall": _Thing("LOWWALL", "WALLT", 28.0), "low_hedge": _Thing("LOWHED", "HEDGT", 28.0),
    "hedge": _Thing("HEDGE", "HEDGT", 38.0), "bed": _Thing("RIM", "BED", 17.0),
    "bench": _Thing("BENCH", "BENCHT", 18.0),
    "bank": _Thing("BANK", "BANKT", 8.0, barred=True), "pond": _Thing("BANK", "WATER", -4.0, barred=True),
    "table": _Thing("TABLE", "TABLET", 21.0), "desk": _Thing("DESK", "DESKT", 24.0),
    "cabinet": _Thing("CABINET", "CUPTOP", 48.0), "sofa": _Thing("SOFA", "SOFAT", 13.0),
    "sofa_back": _Thing("SOFA", "SOFAT", 26.0), "box": _Thing("BOX", "BOXT", 32.0),
    "crate": _Thing("CRATE", "CRATET", 32.0),
}  # fmt: skip
_LOOKED = {
    "rack": _Thing("RACK", "RACKT", 40.0), "container": _Thing("STEEL", "STEELT", 72.0),
    "car": _Thing("CAR", "HOOD", 22.0), "cabin": _Thing("CAB", "HOOD", 40.0),
}  # fmt: skip
_PANELS = {"window": "WIND", "shelf": "BOOK", "dock": "DOCK"}
_OPEN_AIR = Region("", None, 0.0, SKY_HEIGHT)


def map_of_draft(builder: MapBuilder, draft: Draft) -> TwinMap:
    """The map of a draft."""
    drafted = _DraftBuilder(builder)
    for patch in draft.patches:
        drafted.lay(patch)
    for spot in draft.spots:
        drafted.stand(spot)
    x, y, heading = draft.start
    walkers = (0, 2, int(builder.rng.integers(5, 10)))[builder.richness]
    paints = [paint.name for paint in drafted.materials.walls]
    return builder.finish(
        (x * MAP_UNITS_PER_METRE, y * MAP_UNITS_PER_METRE, heading), walkers, caption_of(draft, builder, paints)
    )


class _DraftBuilder:
    """Paints patches in their order and remembers which of them enclose others."""

    def __init__(self, builder: MapBuilder) -> None:
        self._builder = builder
        self.materials = Materials(builder)
        self._town = found_town(builder, (3, 4, 6)[builder.richness])
        self._enclosures: list[tuple[Rect, Region]] = []
        self._known: dict[tuple[object, ...], Region] = {}
        self._tree_kind = builder.draw_tree()

    def lay(self, patch: Patch) -> None:
        """Lays one patch."""
        rect = patch.rect.scaled(MAP_UNITS_PER_METRE)
        if patch.kind in ("house", "last_house"):
            self._town.build(rect, int(patch.level), patch.look, last=patch.kind == "last_house")
        elif patch.kind in _ENCLOSURES:
            region = _ENCLOSURES[patch.kind](self.materials, patch.look, rect)
            self._enclosures.append((rect, region))
            self._lay(rect, region)
        elif patch.kind in _PANELS:
            name = _PANELS[patch.kind] + ("" if patch.kind == "dock" else str(patch.look))
            self._lay(rect, Region(solid=True, wall=self.materials.need(name), anchor=rect))
        elif patch.kind == "pillar":
            self._lay(rect, self._shared("pillar", lambda: Region(solid=True)))
        elif patch.kind in ("fountain", "pool"):
            self._water(rect, has_jet=patch.kind == "fountain")
        elif patch.kind in _GROUNDS:
            self._ground(patch, rect)
        else:
            self._thing(patch, rect)

    def stand(self, spot: Spot) -> None:
        """Puts one actor, light or flock on its place."""
        x, y = spot.x * MAP_UNITS_PER_METRE, spot.y * MAP_UNITS_PER_METRE
        if spot.kind == "tree":
            self._builder.plant_tree(x, y, self._tree_kind)
        elif spot.kind == "light":
            self._builder.lamps.append((x, y, self._under(x, y).ceiling_height - 6.0))
        elif spot.kind == "flock":
            self._builder.fly_birds(int(self._builder.rng.integers(2, 5)), x, y, 190.0)
        else:
            self._builder.stand({"lamp": actors.LAMP_NUMBER, "plant": actors.PLANT_NUMBER}[spot.kind], x, y)

    def _lay(self, rect: Rect, region: Region) -> None:
        for name in (region.floor, region.ceiling, region.wall, region.skirt):
            self.materials.need(name or "")
        self._builder.plan.paint(rect, region)

    def _under(self, x: float, y: float) -> Region:
        return next((region for rect, region in reversed(self._enclosures) if rect.holds(x, y)), _OPEN_AIR)

    def _shared(self, key: object, make: Callable[[], Region]) -> Region:
        return self._known.setdefault((key,), make())

    def _ground(self, patch: Patch, rect: Rect) -> None:
        ground, under = _GROUNDS[patch.kind], self._under(*rect.centre)
        height = ground.height if under is _OPEN_AIR else 0.0
        x, y = rect.centre
        pan = {"lane_x": (0.0, (64.0 + y) % 128.0), "lane_y": ((64.0 - x) % 128.0, 0.0), "rug": (-x % 128.0, y % 128.0)}
        shift = pan.get(patch.kind, (0.0, 0.0))
        region = replace(under, floor=ground.floor, floor_height=height, skirt=ground.skirt, pan=shift)
        self._lay(rect, self._shared((patch.kind, id(under), shift), lambda: region))

    def _thing(self, patch: Patch, rect: Rect) -> None:
        thing, under = _THINGS.get(patch.kind), self._under(*rect.centre)
        height = patch.level
        if thing is None:
            looked = _LOOKED[patch.kind]
            top = looked.top + ("" if patch.kind == "rack" else str(patch.look))
            thing = replace(looked, side=looked.side + str(patch.look), top=top)
        region = replace(
            under, floor=thing.top, floor_height=thing.height * height, skirt=thing.side, barred=thing.barred
        )
        self._lay(rect, self._shared((patch.kind, patch.look, height, id(under)), lambda: region))

    def _water(self, rect: Rect, *, has_jet: bool) -> None:
        under = self._under(*rect.centre)
        height = 16.0 if under is not _OPEN_AIR else 16.0 + _KERB
        for margin, floor, level in ((0.0, "RIMT", height), (8.0, "WATER", height - _WATER_DEPTH)):
            basin = replace(under, floor=floor, floor_height=level, skirt="RIM", barred=True)
            self._lay(rect.inset(margin), self._shared((floor, level, id(under)), lambda basin=basin: basin))
        if has_jet:
            self._builder.stand(actors.FOUNTAIN_NUMBER, *rect.centre)


def _room(materials: Materials, look: int, rect: Rect) -> Region:
    return Region(f"FLOR{look}", "CEIL", 0.0, ROOM_HEIGHT, wall=f"WALL{look}", anchor=rect)


def _corridor(materials: Materials, look: int, rect: Rect) -> Region:
    return Region("CORRF", "CEIL", 0.0, ROOM_HEIGHT, wall="CORRW", anchor=rect)


def _inner_court(materials: Materials, look: int, rect: Rect) -> Region:
    return Region("LAWN", None, 0.0, COURT_HEIGHT, wall="COURTW", anchor=rect)


def _court(materials: Materials, look: int, rect: Rect) -> Region:
    return Region(f"COURT{look}", None, 0.0, materials.front_height(look), wall=f"FRONT{look}", anchor=rect)


def _yard(materials: Materials, look: int, rect: Rect) -> Region:
    return Region("ASPH", None, 0.0, materials.front_height(0), wall="FRONT0", anchor=rect)


def _mouth(materials: Materials, look: int, rect: Rect) -> Region:
    return Region("PLAZA", None, 0.0, materials.front_height(1), wall="FRONT1", anchor=rect)


def _hall(materials: Materials, look: int, rect: Rect) -> Region:
    return Region(f"CONCR{look}", "ROOFH", 0.0, HALL_HEIGHT, wall="SHEET", anchor=rect)


def _covered(floor: str, ceiling: str, height: float, wall: str) -> Callable[[Materials, int, Rect], Region]:
    return lambda materials, look, rect: Region(floor, ceiling, 0.0, height, wall=wall)


_ENCLOSURES: dict[str, Callable[[Materials, int, Rect], Region]] = {
    "room": _room,
    "corridor": _corridor,
    "inner_court": _inner_court,
    "court": _court,
    "yard": _yard,
    "mouth": _mouth,
    "hall": _hall,
    "door": _covered("CORRF", "FRAME", _DOOR_HEIGHT, "FRAMEW"),
    "gate": _covered("CONCR0", "ROOFH", _GATE_HEIGHT, "JAMB"),
    "walk": _covered("WALK", "VAULT", WALK_HEIGHT, "INNER"),
    "arch": _covered("WALK", "VAULT", _ARCH_HEIGHT, "PILLAR"),
    "passage": _covered("WALK", "VAULT", _ARCH_HEIGHT, "PILLAR"),
}
