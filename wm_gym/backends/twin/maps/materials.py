"""The materials of one place: every colour drawn once, and each texture registered when it is first asked for.

Names of textures have at most 7 characters; a digit at the end is the look of the patch that shows it.
"""

from __future__ import annotations

from collections.abc import Callable

from wm_gym.backends.twin.maps import facades, indoor_walls, themes, walls
from wm_gym.backends.twin.maps.facades import front_colours, front_height
from wm_gym.backends.twin.maps.map_builder import MapBuilder, triple
from wm_gym.backends.twin.maps.paint import Colour, mix

ROOM_HEIGHT, COURT_HEIGHT, WALK_HEIGHT, HALL_HEIGHT = 100, 200, 104, 240
NUM_LOOKS = 4

_WHITE: Colour = (255, 255, 255)
_YELLOW: Colour = (248, 204, 60)
_GLASS: tuple[Colour, Colour] = ((104, 158, 196), (170, 212, 232))
_BLOSSOMS: tuple[Colour, Colour] = ((236, 92, 110), (250, 220, 96))
_GRAVELS: tuple[Colour, ...] = ((226, 204, 164), (216, 190, 158), (222, 214, 196), (212, 176, 150))
_CARTONS: tuple[Colour, ...] = ((208, 164, 112), (232, 200, 150), (176, 128, 84))
_ROOM_FLOORS = ("planks", "checker", "planks", "carpet")
_SIDES = {
    "KERB": ("plain", "stone"), "LOWWALL": ("stone", "low_wall"), "LOWHED": ("hedge", "hedge"),
    "HEDGE": ("hedge", "hedge"), "BENCH": ("slats", "wood"), "BANK": ("plain", "rim"), "RIM": ("plain", "rim"),
    "TABLE": ("table", "wood"), "DESK": ("table", "second_wood"), "CABINET": ("cabinet", "wood"),
    "SOFA": ("plain", "cloth"), "BOX": ("crate", "second_wood"), "CRATE": ("crate", "wood"),
    "PILLAR": ("plain", "stone"), "FRAMEW": ("plain", "trim"), "JAMB": ("plain", "yellow"),
    "STEEL0": ("container", "steel0"), "STEEL1": ("container", "steel1"),
}  # fmt: skip
_GROUNDS = {
    "PAVE": ("paving", "stone"), "COBB": ("cobbles", "second_stone"), "PLAZA": ("cobbles", "plaza"),
    "LAWN": ("grass", "grass"), "PATH": ("gravel", "gravel"), "WALLT": ("plain", "rim"), "HEDGT": ("leaves", "hedge"),
    "BENCHT": ("planks", "wood"), "BANKT": ("plain", "rim"), "RIMT": ("plain", "trim"), "TABLET": ("plain", "wood"),
    "DESKT": ("plain", "second_wood"), "CUPTOP": ("plain", "wood"), "SOFAT": ("plain", "cloth"),
    "BOXT": ("crate_top", "second_wood"), "CRATET": ("crate_top", "wood"), "RACKT": ("crate_top", "carton"),
    "STEELT0": ("plain", "steel0"), "STEELT1": ("plain", "steel1"), "VAULT": ("plain", "vault"),
    "WALK": ("checker", "walk"), "FRAME": ("plain", "trim"), "STRIPE": ("plain", "yellow"),
    "CONCR0": ("concrete", "concrete0"), "CONCR1": ("concrete", "concrete1"), "CORRF": ("checker", "corridor"),
}  # fmt: skip


class Materials:
    """Draws the colours of a place, and registers its textures by name."""

    def __init__(self, builder: MapBuilder) -> None:
        rng = builder.rng
        self._builder = builder
        self.walls = themes.pick_some(themes.WALLS, len(themes.WALLS), rng)
        self.accents = themes.pick_some(themes.ACCENTS, len(themes.ACCENTS), rng)
        self.stones = themes.pick_some(themes.STONES, 3, rng)
        self.sheet = themes.pick(themes.SHEETS, rng)
        self.steels = themes.pick_some(themes.UPRIGHTS, 2, rng)
        self.room_styles = [themes.pick(indoor_walls.ROOM_STYLES, rng) for _ in range(NUM_LOOKS)]
        self.fronts = [themes.pick(facades.FRONT_STYLES, rng) for _ in range(NUM_LOOKS)]
        self.storeys = [int(rng.integers(1, 4)) for _ in range(NUM_LOOKS)]
        self._court_grounds = [themes.pick(("paving", "cobbles", "concrete"), rng) for _ in range(NUM_LOOKS)]
        self._colours = self._draw_colours()

    def _draw_colours(self) -> dict[str, Colour]:
        rng, walls_, accents = self._builder.rng, self.walls, self.accents
        woods = themes.pick_some(themes.WOODS, 2, rng)
        gravel = _GRAVELS[int(rng.integers(len(_GRAVELS)))]
        return {
            "stone": self.stones[0].colour, "second_stone": self.stones[1].colour, "plaza": (222, 204, 176),
            "grass": themes.pick(themes.GRASSES, rng).colour, "gravel": gravel, "rim": (226, 218, 204),
            "low_wall": (214, 206, 192), "hedge": (74, 144, 84), "wood": woods[0].colour,
            "second_wood": woods[1].colour, "cloth": accents[0].colour, "trim": themes.TRIM, "yellow": _YELLOW,
            "steel0": self.steels[0].colour, "steel1": self.steels[1].colour, "vault": (238, 230, 214),
            "walk": (226, 206, 176), "carton": _CARTONS[0], "corridor": mix(walls_[3].colour, (236, 230, 220), 0.7),
            "concrete0": mix(self.sheet.colour, (176, 182, 190), 0.75), "concrete1": (196, 190, 182),
        }  # fmt: skip

    def need(self, name: str) -> str:
        """Registers the texture with this name, unless it is, and gives the name."""
        if name and name not in self._builder.atlas.pages:
            self._register(name)
        return name

    def front_height(self, look: int) -> float:
        """Height in MU of the house fronts round a court with this look."""
        return float(front_height(self.storeys[look]))

    def _register(self, name: str) -> None:
        b = self._builder
        stem, look = name.rstrip("0123456789"), int("0" + name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        if name in _SIDES:
            kind, colour = _SIDES[name]
            b.wall(name, kind, triple(self._colours[colour], 0.78))
        elif name in _GROUNDS:
            kind, colour = _GROUNDS[name]
            b.floor(name, kind, self._colours[colour], contrast=0.08)
        elif name in _PLAIN:
            _PLAIN[name](b)
        else:
            {"FRONT": self._front, "COURT": self._court, "WALL": self._room, "WIND": self._window, "BOOK": self._books,
             "FLOR": self._floor, "CAR": self._car, "CAB": self._cabin, "HOOD": self._hood, "RACK": self._rack,
             "SHEET": self._sheet, "DOCK": self._dock, "CORRW": self._corridor, "COURTW": self._court_wall,
             "INNER": self._inner, "RUG": self._rug}[stem](name, look)  # fmt: skip

    def _front(self, name: str, look: int) -> None:
        colours = front_colours(
            self.walls[4 + look].colour, themes.TRIM, self.accents[look].colour, self.stones[look % 3].colour
        )
        ground = facades.GROUND_STYLES[(look + self.storeys[0]) % len(facades.GROUND_STYLES)]
        self._builder.atlas.add(name, facades.front(self.fronts[look], ground, self.storeys[look]), colours)

    def _court(self, name: str, look: int) -> None:
        self._builder.floor(name, self._court_grounds[look], self.stones[look % 3].colour, contrast=0.07)

    def _room_colours(self, look: int) -> tuple[Colour, ...]:
        first = self.walls[look].colour
        second = mix(first, _WHITE, 0.55)
        if self.room_styles[look] == "dado":
            return second, first, themes.TRIM
        return mix(first, _WHITE, 0.25), second, themes.TRIM

    def _room(self, name: str, look: int) -> None:
        hung = indoor_walls.hung_wall(self.room_styles[look], ROOM_HEIGHT, ("picture", "board")[look % 2])
        picture = tuple(paint.colour for paint in self.walls[5:8])
        self._builder.atlas.add(name, hung, (*self._room_colours(look), (96, 66, 48), *picture))

    def _window(self, name: str, look: int) -> None:
        sky = self._builder.sky
        view = (sky.middle, sky.horizon, (126, 180, 116), sky.cloud)
        drawing = indoor_walls.room_window(self.room_styles[look], ROOM_HEIGHT)
        self._builder.atlas.add(name, drawing, (*self._room_colours(look), *view))

    def _books(self, name: str, look: int) -> None:
        books = ((188, 70, 62), (58, 104, 156), (232, 190, 92))
        drawing = indoor_walls.room_shelf(self.room_styles[look], ROOM_HEIGHT)
        wood = triple(self._colours["wood"], 0.8)[1]
        self._builder.atlas.add(name, drawing, (*self._room_colours(look), wood, *books))

    def _floor(self, name: str, look: int) -> None:
        kind = _ROOM_FLOORS[look]
        base = self._colours[("wood", "second_wood")[look // 2]]
        base = base if kind == "planks" else mix(self.walls[look].colour, (236, 230, 220), 0.6)
        self._builder.floor(name, kind, base, contrast=0.1)

    def _corridor(self, name: str, look: int) -> None:
        first = mix(self.walls[3].colour, _WHITE, 0.5)
        colours = (first, self.walls[3].colour, themes.TRIM)
        self._builder.atlas.add(name, indoor_walls.room_wall("dado", ROOM_HEIGHT), colours)

    def _court_wall(self, name: str, look: int) -> None:
        paint = self.walls[8].colour
        colours = (paint, triple(paint)[1], themes.TRIM, *_GLASS)
        self._builder.atlas.add(name, indoor_walls.court_wall(COURT_HEIGHT), colours)

    def _inner(self, name: str, look: int) -> None:
        paints = (mix(self.walls[9].colour, _WHITE, 0.5), self.stones[0].colour, themes.TRIM)
        self._builder.atlas.add(name, indoor_walls.room_wall("dado", WALK_HEIGHT), paints)

    def _rug(self, name: str, look: int) -> None:
        colour = self.accents[1].colour
        self._builder.floor(name, "rug", colour, (mix(colour, (255, 248, 232), 0.75),))

    def _car(self, name: str, look: int) -> None:
        paint = self.accents[look].colour
        self._builder.wall(name, "car", (*triple(paint), (46, 48, 54), (250, 238, 190)))

    def _cabin(self, name: str, look: int) -> None:
        self._builder.wall(name, "cabin", (self.accents[look].colour, (150, 196, 224), themes.TRIM))

    def _hood(self, name: str, look: int) -> None:
        self._builder.floor(name, "plain", self.accents[look].colour)

    def _rack(self, name: str, look: int) -> None:
        steel = self.steels[look].colour
        colours = ((124, 116, 114), steel, triple(steel, 0.8, 0.3)[2], *_CARTONS, (240, 226, 196))
        self._builder.wall(name, "rack", colours)

    def _hall_colours(self) -> tuple[Colour, ...]:
        sheet = self.sheet.colour
        glass = ((150, 200, 232), (206, 232, 246))
        return sheet, triple(sheet, 0.9)[1], self.stones[0].colour, *glass, self.steels[0].colour

    def _sheet(self, name: str, look: int) -> None:
        self._builder.atlas.add(name, walls.hall_wall(HALL_HEIGHT), self._hall_colours())

    def _dock(self, name: str, look: int) -> None:
        gate = self.accents[2].colour
        shutter = (gate, triple(gate, 0.8)[1], _YELLOW, (48, 48, 54))
        self._builder.atlas.add(name, walls.hall_gate(HALL_HEIGHT), (*self._hall_colours(), *shutter))


def _markings(name: str, kind: str) -> Callable[[MapBuilder], str]:
    return lambda builder: builder.floor(name, kind, themes.ASPHALT, (themes.TRIM,), contrast=0.04)


_PLAIN: dict[str, Callable[[MapBuilder], str]] = {
    "LANEX": _markings("LANEX", "road"),
    "LANEY": _markings("LANEY", "road_north"),
    "ZEBX": _markings("ZEBX", "zebra"),
    "ZEBY": _markings("ZEBY", "zebra_north"),
    "ASPH": lambda builder: builder.floor("ASPH", "asphalt", themes.ASPHALT, contrast=0.04),
    "WATER": lambda builder: builder.floor("WATER", "water", themes.WATER, contrast=0.12),
    "BED": lambda builder: builder.floor("BED", "flowers", (92, 160, 80), _BLOSSOMS, contrast=0.12),
    "CEIL": lambda builder: builder.floor("CEIL", "lamps", (236, 236, 232), ((255, 252, 236), (206, 206, 208)), 0.06),
    "ROOFH": lambda builder: builder.floor(
        "ROOFH", "skylights", (204, 208, 212), ((214, 236, 250), (164, 176, 188)), contrast=0.12
    ),
}
