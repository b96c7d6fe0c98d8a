"""Tiles: the small repeating pictures that surfaces, sprites and skies of imagined places are made of."""

from __future__ import annotations

from dataclasses import dataclass

TILE = 32
"""Rows and columns of a tile."""


@dataclass(frozen=True)
class Tile:
    """One kind of tile.

    Attributes:
        name: Its name.
        width: Metres that it covers across.
        height: Metres that it covers upward, or along y where it lies flat.
        is_cutout: Whether parts of it are transparent.
    """

    name: str
    width: float
    height: float
    is_cutout: bool = False


SKY_DEGREES_ROUND, SKY_DEGREES_UP = 90.0, 200.0 / 7.0
"""Degrees that a tile of sky covers all round, and upward from the horizon at its foot."""

TILES = (
    Tile("storey", 4.0, 3.0), Tile("shopfront", 4.0, 3.6), Tile("cornice", 4.0, 0.6),
    Tile("room_wall", 4.0, 3.75), Tile("window", 4.0, 3.75), Tile("shelf", 2.0, 3.75), Tile("corridor_wall", 2.0, 3.75),
    Tile("court_wall", 2.0, 7.5), Tile("arcade_wall", 2.0, 3.9), Tile("sheet", 4.0, 9.0), Tile("dock", 4.0, 9.0),
    Tile("low_wall", 2.0, 1.05), Tile("hedge", 2.0, 1.4), Tile("bench", 2.0, 0.7), Tile("table", 2.0, 0.8),
    Tile("cabinet", 2.0, 1.8), Tile("crate", 1.0, 1.2), Tile("rack", 4.0, 6.0), Tile("container", 2.0, 2.7),
    Tile("car", 4.0, 0.83), Tile("cabin", 4.0, 0.67),
    Tile("paving", 4.0, 4.0), Tile("cobbles", 4.0, 4.0), Tile("grass", 4.0, 4.0), Tile("path", 4.0, 4.0),
    Tile("asphalt", 4.0, 4.0), Tile("zebra", 1.0, 1.0), Tile("water", 4.0, 4.0), Tile("flowers", 2.0, 2.0),
    Tile("leaves", 2.0, 2.0), Tile("planks", 4.0, 4.0), Tile("checker", 2.0, 2.0), Tile("carpet", 2.0, 2.0),
    Tile("concrete", 4.0, 4.0), Tile("ceiling", 4.0, 4.0), Tile("skylights", 4.0, 4.0), Tile("crate_top", 1.0, 1.0),
    Tile("tree", 3.5, 5.55, True), Tile("lamp", 0.75, 3.8, True), Tile("plant", 1.0, 1.5, True),
    Tile("jet", 1.5, 1.95, True), Tile("sky", 0.0, 0.0),
)  # fmt: skip
NAMES = tuple(tile.name for tile in TILES)
INDEX = {name: number for number, name in enumerate(NAMES)}
