"""A warehouse: a wide hall with racks in rows, stacked crates, rolling gates, and one gate open to a yard."""

from __future__ import annotations

import numpy as np

from wm_gym.backends.twin.maps import facades, themes, walls
from wm_gym.backends.twin.maps.facades import front_colours
from wm_gym.backends.twin.maps.map_builder import MapBuilder, open_builder, triple
from wm_gym.backends.twin.maps.paint import mix
from wm_gym.backends.twin.maps.plan import Rect, Region
from wm_gym.backends.twin.maps.twin_map import TwinMap

HEIGHT = 240.0
DOOR = 32.0
GATE = 128.0
GATE_HEIGHT = 112.0
YARD = 384.0
RACK_DEPTH = 64.0
AISLE = 176.0

_SHEETS = (
    themes.Paint("white", (232, 236, 238)),
    themes.Paint("light blue", (176, 206, 228)),
    themes.Paint("yellow", (244, 212, 128)),
    themes.Paint("mint green", (176, 218, 192)),
    themes.Paint("cream", (242, 228, 198)),
)
_UPRIGHTS = (
    themes.Paint("blue", (52, 96, 168)),
    themes.Paint("orange", (234, 120, 46)),
    themes.Paint("red", (196, 58, 54)),
    themes.Paint("green", (48, 128, 92)),
)
_CARTONS = ((208, 164, 112), (232, 200, 150), (176, 128, 84))


def build_warehouse(rng: np.random.Generator, difficulty: str) -> TwinMap:
    """The warehouse that `rng` draws."""
    hall = Rect(0.0, 0.0, 128.0 * float(rng.integers(12, 15)), 128.0 * float(rng.integers(9, 12)))
    builder = open_builder(
        Rect(-DOOR, -DOOR, hall.x1 + DOOR + YARD + 64, hall.y1 + DOOR), rng, difficulty, indoors=True
    )
    sheet, gate, steel = themes.pick(_SHEETS, rng), themes.pick(themes.ACCENTS, rng), themes.pick(_UPRIGHTS, rng)
    inside = _materials(builder, sheet, gate, steel)
    builder.plan.paint(hall, inside)
    _gates(builder, hall)
    _yard(builder, hall, inside)
    middle = _racks(builder, hall, inside)
    _stripes(builder, hall, middle, inside)
    if builder.richness:
        _stacks(builder, hall, inside)
    _lamps(builder, hall)
    crates = "wooden crates, " if builder.richness else ""
    caption = (
        f"A bright warehouse hall with {sheet.name} walls, {steel.name} racks full of boxes, "
        f"{crates}{gate.name} rolling gates and an open gate to a yard under {builder.sky.name}."
    )
    start = (hall.x0 + 96.0, middle, 0.0) if rng.random() < 0.5 else (hall.x1 - 224.0, middle, 180.0)
    return builder.finish(start, (0, 2, int(rng.integers(4, 8)))[builder.richness], caption)


def _materials(builder: MapBuilder, sheet: themes.Paint, gate: themes.Paint, steel: themes.Paint) -> Region:
    """Registers all textures and gives the region of the hall."""
    plinth = themes.pick(themes.STONES, builder.rng).colour
    hall_colours = (sheet.colour, triple(sheet.colour, 0.9)[1], plinth, (150, 200, 232), (206, 232, 246), steel.colour)
    builder.atlas.add("SHEET", walls.hall_wall(int(HEIGHT)), hall_colours)
    shutter = (gate.colour, triple(gate.colour, 0.8)[1], (248, 204, 60), (48, 48, 54))
    builder.atlas.add("GATE", walls.hall_gate(int(HEIGHT)), (*hall_colours, *shutter))
    cartons = themes.pick_some(_CARTONS, 3, builder.rng)
    builder.wall(
        "RACK", "rack", ((124, 116, 114), steel.colour, triple(steel.colour, 0.8, 0.3)[2], *cartons, (240, 226, 196))
    )
    builder.floor("RACKTOP", "crate_top", cartons[0])
    wood = themes.pick(themes.WOODS, builder.rng).colour
    builder.wall("CRATE", "crate", triple(wood, 0.72, 0.3))
    builder.floor("CRATTOP", "crate_top", wood, contrast=0.2)
    builder.wall("JAMB", "plain", triple((248, 204, 60)))
    tint = mix(sheet.colour, (176, 182, 190), 0.75)
    builder.floor("FLOOR", "concrete", tint, contrast=0.07)
    builder.floor("STRIPE", "plain", (248, 204, 60))
    bright = ((214, 236, 250), (164, 176, 188))
    builder.floor("ROOF", "skylights", (204, 208, 212), bright, contrast=0.12)
    return Region("FLOOR", "ROOF", 0.0, HEIGHT, wall="SHEET")


def _gates(builder: MapBuilder, hall: Rect) -> None:
    """Closed gates in the long walls, every 12 m."""
    for low in (hall.y0 - DOOR, hall.y1):
        for x in np.arange(hall.x0 + 256.0, hall.x1 - 256.0, 384.0).tolist():
            gate = Region(solid=True, wall="GATE")
            builder.plan.paint(Rect(x, low, x + GATE, low + DOOR), gate)


def _yard(builder: MapBuilder, hall: Rect, inside: Region) -> None:
    """An open gate in the east wall, a paved yard with containers behind it, and a house across."""
    y = 128.0 * round(hall.centre[1] / 128.0)
    opening = Region("FLOOR", "ROOF", 0.0, GATE_HEIGHT, wall="JAMB")
    builder.plan.paint(Rect(hall.x1, y - GATE, hall.x1 + DOOR, y + GATE), opening)
    paint, accent = themes.pick(themes.WALLS, builder.rng), themes.pick(themes.ACCENTS, builder.rng)
    storeys = 2
    colours = front_colours(paint.colour, themes.TRIM, accent.colour, themes.pick(themes.STONES, builder.rng).colour)
    builder.atlas.add("FRONT", facades.front(themes.pick(facades.FRONT_STYLES, builder.rng), "doors", storeys), colours)
    builder.floor("YARD", "asphalt", themes.ASPHALT, contrast=0.04)
    x0 = hall.x1 + DOOR
    yard = Region("YARD", None, 0.0, float(facades.front_height(storeys)), wall="FRONT")
    builder.plan.paint(Rect(x0, y - 384.0, x0 + YARD, y + 384.0), yard)
    if builder.richness:
        steel = themes.pick(_UPRIGHTS, builder.rng).colour
        builder.wall("STEEL", "container", triple(steel, 0.85, 0.3))
        builder.floor("STEELT", "plain", steel)
        for low in (y - 352.0, y + 160.0):
            builder.raise_box(Rect(x0 + 224, low, x0 + 320, low + 192), yard, 72.0, side="STEEL", top="STEELT")


def _racks(builder: MapBuilder, hall: Rect, under: Region) -> float:
    """Rows of racks along x, with a cross aisle in the middle; gives the middle of the central aisle."""
    length = 128.0 * round((hall.width - 640.0) / 256.0)
    middle = hall.centre[0] + 64.0 * float(builder.rng.integers(-1, 2))
    height = (120.0, 160.0)[int(builder.rng.integers(2))]
    centre = 128.0 * round(hall.centre[1] / 128.0)
    rows = [centre + side * (AISLE / 2 + step * (AISLE + RACK_DEPTH)) for step in range(2) for side in (-1, 1)]
    for row in rows:
        low = row - RACK_DEPTH if row < centre else row
        if low < hall.y0 + 128 or low + RACK_DEPTH > hall.y1 - 128:
            continue
        for x0, x1 in (
            (middle - AISLE / 2 - length, middle - AISLE / 2),
            (middle + AISLE / 2, middle + AISLE / 2 + length),
        ):
            rect = Rect(max(x0, hall.x0 + 192), low, min(x1, hall.x1 - 192), low + RACK_DEPTH)
            if builder.richness and builder.rng.random() < 0.2:
                _piles(builder, rect, under)
            else:
                builder.raise_box(rect, under, height, side="RACK", top="RACKTOP")
    return centre


def _piles(builder: MapBuilder, rect: Rect, under: Region) -> None:
    """Piles of crates of different heights where a rack could stand."""
    for x in np.arange(rect.x0, rect.x1 - 63.0, 128.0).tolist():
        tall = 32.0 * float(builder.rng.integers(1, 5))
        builder.raise_box(Rect(x, rect.y0, x + 64, rect.y1), under, tall, side="CRATE", top="CRATTOP")


def _stripes(builder: MapBuilder, hall: Rect, centre: float, under: Region) -> None:
    """Yellow lines on both sides of the central aisle."""
    stripe = Region("STRIPE", under.ceiling, 0.0, under.ceiling_height, wall=under.wall)
    for y in (centre - AISLE / 2 + 12, centre + AISLE / 2 - 20):
        builder.plan.paint(Rect(hall.x0 + 64, y, hall.x1 - 64, y + 8), stripe)


def _stacks(builder: MapBuilder, hall: Rect, under: Region) -> None:
    """Stacks of crates along the four walls."""
    share = (0.0, 0.6, 0.95)[builder.richness]
    spots = [(x, y) for x in np.arange(112.0, hall.x1 - 160.0, 384.0).tolist() for y in (24.0, hall.y1 - 88.0)]
    spots += [(24.0, y) for y in (192.0, hall.y1 - 256.0)] + [(hall.x1 - 88.0, y) for y in (128.0, hall.y1 - 192.0)]
    for x, y in spots:
        if builder.rng.random() < share:
            tall = 32.0 * float(builder.rng.integers(1, 4))
            builder.raise_box(Rect(x, y, x + 64, y + 64), under, tall, side="CRATE", top="CRATTOP")
            if builder.richness == 2 and tall > 32:
                builder.raise_box(Rect(x + 64, y, x + 96, y + 32), under, tall - 32, side="CRATE", top="CRATTOP")


def _lamps(builder: MapBuilder, hall: Rect) -> None:
    for x in (0.25, 0.5, 0.75):
        for y in (0.25, 0.75):
            builder.lamps.append((hall.x0 + x * hall.width, hall.y0 + y * hall.height, HEIGHT - 8.0))
