"""Tiles cut from what the twin's places are painted with: each place gives some of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from wm_gym.backends.twin.maps import actors, facades, skies
from wm_gym.backends.twin.maps.map_builder import MapBuilder, open_builder
from wm_gym.backends.twin.maps.materials import Materials
from wm_gym.backends.twin.maps.paint import Colour, Drawing
from wm_gym.backends.twin.maps.streets import found_town
from wm_gym.layout.tiles import INDEX, TILE
from wm_gym.plans import Rect

_LOOKS = 4

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Cut:
    """Where a kind of tile lies in the twin's textures: their names, and columns and rows of the piece."""

    pages: tuple[str, ...]
    width: int
    height: int


def _each(stem: str, count: int = _LOOKS) -> tuple[str, ...]:
    return tuple(f"{stem}{look}" for look in range(count))


CUTS: dict[str, Cut] = {
    "room_wall": Cut(_each("WALL"), 128, 100), "window": Cut(_each("WIND"), 128, 100),
    "shelf": Cut(_each("BOOK"), 64, 100), "corridor_wall": Cut(("CORRW",), 64, 100),
    "court_wall": Cut(("COURTW",), 64, 200), "arcade_wall": Cut(("INNER",), 64, 104),
    "sheet": Cut(("SHEET",), 128, 240), "dock": Cut(("DOCK",), 128, 240), "low_wall": Cut(("LOWWALL",), 64, 28),
    "hedge": Cut(("HEDGE",), 64, 38), "bench": Cut(("BENCH",), 64, 18), "table": Cut(("TABLE", "DESK"), 64, 22),
    "cabinet": Cut(("CABINET",), 64, 48), "crate": Cut(("CRATE", "BOX"), 32, 32),
    "rack": Cut(_each("RACK", 2), 128, 160), "container": Cut(_each("STEEL", 2), 64, 72),
    "car": Cut(_each("CAR"), 128, 22), "cabin": Cut(_each("CAB"), 128, 18),
    "paving": Cut(("PAVE",), 128, 128), "cobbles": Cut(("COBB", "PLAZA"), 128, 128), "grass": Cut(("LAWN",), 128, 128),
    "path": Cut(("PATH",), 128, 128), "asphalt": Cut(("ASPH",), 128, 128), "zebra": Cut(("ZEBX",), 32, 32),
    "water": Cut(("WATER",), 128, 128), "flowers": Cut(("BED",), 64, 64), "leaves": Cut(("HEDGT",), 64, 64),
    "planks": Cut(("FLOR0", "FLOR2"), 128, 128), "checker": Cut(("FLOR1", "CORRF", "WALK"), 64, 64),
    "carpet": Cut(("FLOR3",), 64, 64), "concrete": Cut(_each("CONCR", 2), 128, 128),
    "ceiling": Cut(("CEIL",), 128, 128), "skylights": Cut(("ROOFH",), 128, 128),
    "crate_top": Cut(("BOXT", "CRATET"), 32, 32),
}  # fmt: skip
_SPRITES = {"tree": ("TRE0A0", "TRE1A0", "TRE2A0"), "lamp": ("LAMPA0",), "plant": ("PLNTA0",), "jet": ("FOUNA0",)}
_STOREYS = 2
_SKY_TOP, _SKY_HORIZON = 0, skies.HORIZON_ROW


@dataclass(frozen=True)
class TileSet:
    """M tiles.

    Attributes:
        tiles: (M, 4, TILE, TILE) float32 in 0..1, colours times alpha.
        kind: (M,) int64.
        colour: (M, 3) float32 main colours.
    """

    tiles: Tensor
    kind: Tensor
    colour: Tensor


def read_album(first_seed: int, num_places: int) -> TileSet:
    """The tiles of so many places."""
    found = [
        (INDEX[name], picture) for seed in range(first_seed, first_seed + num_places) for name, picture in _of(seed)
    ]
    tiles = torch.from_numpy(np.stack([picture for _, picture in found])).float().permute(0, 3, 1, 2) / 255
    tiles = torch.cat([tiles[:, :3] * tiles[:, 3:], tiles[:, 3:]], 1)
    return TileSet(tiles, torch.tensor([kind for kind, _ in found]), torch.stack([main_colour(tile) for tile in tiles]))


def main_colour(tile: Tensor) -> Tensor:
    """(3,) the commonest of a tile's opaque colours, on a grid of 16 levels."""
    opaque = tile[:3, tile[3] > 0.5].T
    levels = (opaque * 15.99).long()
    numbers, counts = (levels @ torch.tensor([256, 16, 1])).unique(return_counts=True)
    return opaque[(levels @ torch.tensor([256, 16, 1])) == numbers[counts.argmax()]].mean(0)


def _of(seed: int) -> Iterator[tuple[str, Picture]]:
    """The tiles of one place: colours are drawn as for the twin's own places."""
    rng = np.random.default_rng([seed, 77])
    builder = open_builder(Rect(0.0, 0.0, 64.0, 64.0), rng, "full")
    materials = Materials(builder)
    for name, cut in CUTS.items():
        page = materials.need(cut.pages[int(rng.integers(len(cut.pages)))])
        yield name, _tile(_opaque(*builder.atlas.pages[page]), cut.width, cut.height)
    yield from _fronts(builder)
    yield from _sprites(builder, rng)
    sky = _opaque(*builder.atlas.pages["SKYDAY"])[_SKY_TOP:_SKY_HORIZON]
    at = int(rng.integers(4)) * skies.SKY_WIDTH // 4
    yield "sky", _resized(sky[:, at : at + skies.SKY_WIDTH // 4])


def _fronts(builder: MapBuilder) -> Iterator[tuple[str, Picture]]:
    town = found_town(builder, 2)
    for house in town.houses:
        colours = facades.front_colours(house.paint.colour, (248, 246, 240), house.accent.colour, house.base.colour)
        front = _opaque(facades.front(house.style, house.ground, _STOREYS), colours)
        yield "cornice", _resized(front[: facades.CORNICE, :128])
        yield "storey", _resized(front[facades.CORNICE : facades.CORNICE + facades.STOREY, :128])
        yield "shopfront", _resized(front[-facades.GROUND_STOREY :, :128])


def _sprites(builder: MapBuilder, rng: np.random.Generator) -> Iterator[tuple[str, Picture]]:
    lumps = {cutout.name: cutout for cutout in actors.cutouts(rng, builder.leaf.colour)}
    for name, options in _SPRITES.items():
        cutout = lumps[options[int(rng.integers(len(options)))]]
        colours = np.array([*cutout.colours, *[(0, 0, 0)] * 8], np.uint8)[cutout.drawing.pixels]
        alpha = np.where(cutout.drawing.pixels > 0, 255, 0).astype(np.uint8)
        yield name, _resized(np.dstack([colours, alpha]))


def _opaque(drawing: Drawing, colours: tuple[Colour, ...]) -> Picture:
    rgb = np.array(colours, np.uint8)[drawing.pixels]
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def _tile(picture: Picture, width: int, height: int) -> Picture:
    rows, columns = (np.arange(length) % side for length, side in zip((height, width), picture.shape[:2], strict=True))
    return _resized(picture[np.ix_(rows, columns)])


def _resized(picture: Picture) -> Picture:
    return np.asarray(Image.fromarray(picture, "RGBA").resize((TILE, TILE), Image.Resampling.BOX))
