"""Houses along streets: paints a row of raised fronts, each with its own paint, style and height."""

from __future__ import annotations

from dataclasses import dataclass

from wm_gym.backends.twin.maps import facades, themes
from wm_gym.backends.twin.maps.facades import front_height
from wm_gym.backends.twin.maps.floors import ground, tones
from wm_gym.backends.twin.maps.map_builder import MapBuilder
from wm_gym.backends.twin.maps.plan import Region
from wm_gym.plans.rect import Rect

SKY_HEIGHT = 640.0


@dataclass(frozen=True)
class House:
    """A kind of house: the paint of its walls, its style and what its ground floor is."""

    paint: themes.Paint
    accent: themes.Paint
    base: themes.Paint
    style: str
    ground: str


@dataclass
class Town:
    """The kinds of house of one place, and the ground they stand on.

    Attributes:
        builder: Where the houses are built.
        houses: The kinds in use.
        names: Textures made so far, by kind and number of storeys.
    """

    builder: MapBuilder
    houses: list[House]
    names: dict[tuple[int, int], str]

    def build(self, rect: Rect, storeys: int, kind: int, *, last: bool = False) -> None:
        """Raises a house over `rect`; behind the `last` one there is only sky."""
        kind %= len(self.houses)
        name = self.names.get((kind, storeys)) or self._draw(kind, storeys)
        height = float(front_height(storeys))
        # a sky close over the roof hides the bare end of the map behind it
        ceiling = height + 1.0 if last else SKY_HEIGHT
        self.builder.plan.paint(rect, Region("ROOF", None, height, ceiling, wall="ROOF", skirt=name))

    def _draw(self, kind: int, storeys: int) -> str:
        house = self.houses[kind]
        colours = facades.front_colours(house.paint.colour, themes.TRIM, house.accent.colour, house.base.colour)
        drawing = facades.front(house.style, house.ground, storeys)
        self.names[kind, storeys] = self.builder.atlas.add(f"FRO{kind}{storeys}", drawing, colours)
        return self.names[kind, storeys]


def found_town(builder: MapBuilder, num_kinds: int) -> Town:
    """Chooses `num_kinds` kinds of house that go together."""
    rng = builder.rng
    builder.atlas.add("ROOF", ground("plain"), tones((150, 140, 134)))
    paints = themes.pick_some(themes.WALLS, num_kinds, rng)
    styles = themes.pick_some(facades.FRONT_STYLES, num_kinds, rng)
    accents = themes.pick_some(themes.ACCENTS, num_kinds, rng)
    bases = [themes.pick(themes.STONES, rng) for _ in range(num_kinds)]
    houses = [
        House(paint, accent, base, style, ("shops", "doors")[(number + int(rng.integers(2))) % 2])
        for number, (paint, accent, base, style) in enumerate(zip(paints, accents, bases, styles, strict=True))
    ]
    return Town(builder, houses, {})
