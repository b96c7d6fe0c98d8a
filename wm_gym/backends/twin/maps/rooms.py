"""Rooms: a flat of rooms in a grid with doorways in line, furniture, windows, and a court or two under the sky."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.backends.twin.maps import actors, indoor_walls, themes
from wm_gym.backends.twin.maps.map_builder import MapBuilder, open_builder, triple
from wm_gym.backends.twin.maps.paint import Colour, mix
from wm_gym.backends.twin.maps.plan import Rect, Region
from wm_gym.backends.twin.maps.twin_map import TwinMap

THICK = 24.0
HEIGHT = 100.0
DOORWAY = 72.0
DOOR_HEIGHT = 80.0
SILL = 26.0
COURT_HEIGHT = 200.0


@dataclass(frozen=True)
class _Style:
    """How rooms of one kind look."""

    floor: str
    wall: str
    number: int


@dataclass(frozen=True)
class _Room:
    """One room: where it is, and its region."""

    rect: Rect
    region: Region
    is_court: bool
    style: int


def build_rooms(rng: np.random.Generator, difficulty: str) -> TwinMap:
    """The rooms that `rng` draws."""
    columns, rows = (3, 3) if difficulty == "simple" else ((3, 3), (4, 3), (3, 4))[int(rng.integers(3))]
    xs, ys = _cuts(columns, rng), _cuts(rows, rng)
    builder = open_builder(Rect(-64.0, -64.0, xs[-1] + 64.0, ys[-1] + 64.0), rng, difficulty, indoors=True)
    paints = themes.pick_some(themes.WALLS, (2, 3, 4)[builder.richness], rng)
    styles = [_style(builder, number, paint) for number, paint in enumerate(paints)]
    rooms = _lay_out(builder, styles, xs, ys)
    _outer_walls(builder, rooms, xs, ys)
    _doorways(builder, rooms)
    num_pieces = min(builder.richness, 2 if len(rooms) == 9 else 1)
    for room in rooms.values():
        if room.is_court:
            _plant_court(builder, room)
        else:
            _furnish(builder, room, num_pieces)
    return _finish(builder, rooms, paints)


def _cuts(count: int, rng: np.random.Generator) -> list[float]:
    """Where the walls between rooms lie."""
    sizes = 64.0 * rng.integers(5, 8, count)
    return [0.0, *np.cumsum(sizes).tolist()]


def _style(builder: MapBuilder, number: int, paint: themes.Paint) -> _Style:
    """Registers wall, window, shelf and floor of one kind of room."""
    rng = builder.rng
    second = mix(paint.colour, (255, 255, 255), 0.55)
    first = paint.colour
    colours: tuple[Colour, ...] = (mix(first, (255, 255, 255), 0.25), second, themes.TRIM)
    style = themes.pick(indoor_walls.ROOM_STYLES, rng)
    if style == "dado":
        colours = (second, first, themes.TRIM)
    tall = int(HEIGHT)
    atlas = builder.atlas
    sky = (builder.sky.middle, builder.sky.horizon, (126, 180, 116), builder.sky.cloud)
    atlas.add(f"WIND{number}", indoor_walls.room_window(style, tall), (*colours, *sky))
    picture = tuple(p.colour for p in themes.pick_some(themes.WALLS, 3, rng))
    hung = indoor_walls.hung_wall(style, tall, ("picture", "board")[int(rng.integers(2))])
    atlas.add(f"WALL{number}", hung, (*colours, (96, 66, 48), *picture))
    wood = themes.pick(themes.WOODS, rng).colour
    books = ((188, 70, 62), (58, 104, 156), (232, 190, 92))
    atlas.add(f"BOOK{number}", indoor_walls.room_shelf(style, tall), (*colours, triple(wood, 0.8)[1], *books))
    floor = ("planks", "checker", "planks", "carpet")[number]
    base = wood if floor == "planks" else mix(paint.colour, (236, 230, 220), 0.6)
    builder.floor(f"FLOR{number}", floor, base, contrast=0.1)
    return _Style(f"FLOR{number}", f"WALL{number}", number)


def _lay_out(
    builder: MapBuilder, styles: list[_Style], xs: list[float], ys: list[float]
) -> dict[tuple[int, int], _Room]:
    """Paints every room; one or two inner ones are courts."""
    rng = builder.rng
    lights = ((255, 252, 236), (206, 206, 208))
    builder.floor("CEIL", "lamps", (236, 236, 232), lights, contrast=0.06)
    builder.atlas.add("COURTW", indoor_walls.court_wall(int(COURT_HEIGHT)), _court_colours(builder))
    builder.floor("LAWN", "grass", themes.pick(themes.GRASSES, rng).colour, contrast=0.08)
    cells = [(column, row) for column in range(len(xs) - 1) for row in range(len(ys) - 1)]
    court = int(rng.integers(1, len(xs) - 2)), int(rng.integers(1, len(ys) - 2))
    rooms = {}
    for column, row in cells:
        rect = Rect(xs[column] + THICK / 2, ys[row] + THICK / 2, xs[column + 1] - THICK / 2, ys[row + 1] - THICK / 2)
        is_court = (column, row) == court
        style = styles[(column + 2 * row + int(rng.integers(2))) % len(styles)]
        region = (
            Region("LAWN", None, 0.0, COURT_HEIGHT, wall="COURTW")
            if is_court
            else Region(style.floor, "CEIL", 0.0, HEIGHT, wall=style.wall)
        )
        builder.plan.paint(rect, region)
        rooms[column, row] = _Room(rect, region, is_court, style.number)
        if not is_court:
            x, y = rect.centre
            builder.lamps.append((x, y, HEIGHT - 4.0))
    return rooms


def _court_colours(builder: MapBuilder) -> tuple[Colour, ...]:
    paint = themes.pick(themes.WALLS, builder.rng).colour
    return paint, triple(paint)[1], themes.TRIM, (104, 158, 196), (170, 212, 232)


def _outer_walls(builder: MapBuilder, rooms: dict[tuple[int, int], _Room], xs: list[float], ys: list[float]) -> None:
    """Windows and shelves on the walls towards the outside."""
    for room in rooms.values():
        rect = room.rect
        x, y = rect.centre
        if rect.x0 < xs[0] + THICK:
            _panel(builder, room, Rect(rect.x0 - THICK, y - 128, rect.x0, y + 128), "WIND")
        if rect.x1 > xs[-1] - THICK:
            _panel(builder, room, Rect(rect.x1, y - 128, rect.x1 + THICK, y + 128), "WIND")
        if rect.y0 < ys[0] + THICK:
            _panel(
                builder,
                room,
                Rect(x - 128, rect.y0 - THICK, x + 128, rect.y0),
                ("BOOK", "WIND")[int(builder.rng.integers(2))],
            )
        if rect.y1 > ys[-1] - THICK:
            _panel(builder, room, Rect(x - 128, rect.y1, x + 128, rect.y1 + THICK), "WIND")


def _panel(builder: MapBuilder, room: _Room, rect: Rect, kind: str) -> None:
    if builder.richness or kind == "WIND":
        builder.plan.paint(rect, Region(solid=True, wall=f"{kind}{room.style}", anchor=rect))


def _doorways(builder: MapBuilder, rooms: dict[tuple[int, int], _Room]) -> None:
    """Doorways in line through every row and column, and windows beside those that lead to a court."""
    for (column, row), room in rooms.items():
        for step_x, step_y in ((1, 0), (0, 1)):
            other = rooms.get((column + step_x, row + step_y))
            if other is not None:
                _open_wall(builder, room, other, along_x=bool(step_x))


def _open_wall(builder: MapBuilder, room: _Room, other: _Room, *, along_x: bool) -> None:
    """A doorway in the middle of the wall between two rooms; to a court also two windows."""
    x, y = room.rect.centre
    shared = builder.atlas.pages
    assert "CEIL" in shared
    indoor = room if not room.is_court else other
    door = Region(indoor.region.floor, "FRAME", 0.0, DOOR_HEIGHT, wall="FRAMEW")
    window = Region("FRAME", "FRAME", SILL, DOOR_HEIGHT, wall="FRAMEW", skirt="FRAMEW")
    if "FRAME" not in shared:
        builder.floor("FRAME", "plain", themes.TRIM)
        builder.wall("FRAMEW", "plain", triple(themes.TRIM))
    spans = [(-DOORWAY / 2, DOORWAY / 2, door)]
    if room.is_court or other.is_court:
        spans += [(-144.0, -64.0, window), (64.0, 144.0, window)]
    for low, high, region in spans:
        if along_x:
            builder.plan.paint(Rect(room.rect.x1, y + low, other.rect.x0, y + high), region)
        else:
            builder.plan.paint(Rect(x + low, room.rect.y1, x + high, other.rect.y0), region)


def _plant_court(builder: MapBuilder, room: _Room) -> None:
    x, y = room.rect.centre
    builder.plant_tree(x + 80.0, y + 80.0, builder.draw_tree())


# Width, depth and height in MU.
_PIECES: dict[str, tuple[float, float, float]] = {
    "TABLE": (96.0, 56.0, 21.0),
    "CABINET": (96.0, 32.0, 48.0),
    "SOFA": (96.0, 44.0, 13.0),
    "CRATE": (64.0, 48.0, 32.0),
}
_SOFA_BACK, _SOFA_BACK_HEIGHT = 12.0, 26.0


def _furnish(builder: MapBuilder, room: _Room, num_pieces: int) -> None:
    """Furniture in the corners, out of the line of the doorways; a rug in the middle and a plant."""
    rng = builder.rng
    if not num_pieces:
        return
    if "TABLE" not in builder.atlas.pages:
        _register_furniture(builder)
    rect = room.rect.inset(16)
    corners = [(sx, sy) for sx in (0, 1) for sy in (0, 1)]
    places = rng.permutation(4).tolist()
    for name, place in zip(themes.pick_some(tuple(_PIECES), num_pieces, rng), places, strict=False):
        width, depth, height = _PIECES[name]
        sx, sy = corners[place]
        x = rect.x0 if sx == 0 else rect.x1 - width
        y = rect.y0 if sy == 0 else rect.y1 - depth
        builder.raise_box(Rect(x, y, x + width, y + depth), room.region, height, side=name, top=name[:4] + "TOP")
        if name == "SOFA":
            y = y if sy == 0 else y + depth - _SOFA_BACK
            back = Rect(x, y, x + width, y + _SOFA_BACK)
            builder.raise_box(back, room.region, _SOFA_BACK_HEIGHT, side="SOFA", top="SOFATOP")
    if builder.richness == 2:
        sx, sy = corners[places[-1]]
        builder.stand(
            actors.PLANT_NUMBER, rect.x0 + 8 if sx == 0 else rect.x1 - 8, rect.y0 + 8 if sy == 0 else rect.y1 - 8
        )
        _lay_rug(builder, room)


def _lay_rug(builder: MapBuilder, room: _Room) -> None:
    if builder.rng.random() < 0.6:
        x, y = room.rect.centre
        rug = Region("RUG", "CEIL", 0.0, HEIGHT, wall=room.region.wall, pan=(-x % 128.0, y % 128.0))
        builder.plan.paint(Rect(x - 64, y - 64, x + 64, y + 64), rug)


def _register_furniture(builder: MapBuilder) -> None:
    wood = themes.pick(themes.WOODS, builder.rng).colour
    cloth, rug = (paint.colour for paint in themes.pick_some(themes.ACCENTS, 2, builder.rng))
    kinds = {"TABLE": ("table", wood), "CABINET": ("cabinet", wood), "SOFA": ("plain", cloth), "CRATE": ("crate", wood)}
    for name, (side, colour) in kinds.items():
        builder.wall(name, side, triple(colour, 0.75))
        builder.floor(name[:4] + "TOP", "crate_top" if name == "CRATE" else "plain", triple(colour)[2])
    builder.floor("RUG", "rug", rug, (mix(rug, (255, 248, 232), 0.75),))


def _finish(builder: MapBuilder, rooms: dict[tuple[int, int], _Room], paints: list[themes.Paint]) -> TwinMap:
    rng = builder.rng
    indoor = [room for key, room in rooms.items() if not room.is_court and 1 in key]
    room = themes.pick(indoor, rng)
    x, y = room.rect.centre
    heading = 90.0 * float(rng.integers(4))
    names = " and ".join(paint.name for paint in paints[:3])
    things = "furniture, plants and " if builder.richness else ""
    caption = (
        f"A bright flat of rooms in a row with {names} walls, doorways in line, {things}"
        f"windows, and a green inner court under {builder.sky.name}."
    )
    walkers = (0, 2, int(rng.integers(4, 7)))[builder.richness]
    return builder.finish((float(round(x)), float(round(y)), heading), walkers, caption)
