"""The looks of one imagined place: tiles drawn by the tile network, in colours that a sentence names or chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wm_gym.layout.cells import CEILINGS, CELLS, INDEX, NUM_KINDS, OBJECTS, SKY, house_height
from wm_gym.layout.colours import read_colours
from wm_gym.layout.surfaces import CLASSES, Surface, Surfaces, SurfaceTable
from wm_gym.layout.tile_network import TileNetwork
from wm_gym.layout.tiles import INDEX as TILE_INDEX
from wm_gym.layout.tiles import TILES

# class: tile of its ground or top, and the group whose colour it takes; without a tile it is plain
_GROUNDS: dict[str, tuple[str, str]] = {
    "pavement": ("paving", "stone"), "asphalt": ("asphalt", "asphalt"), "zebra_x": ("zebra", "zebra"),
    "cobbles": ("cobbles", "second_stone"), "plaza": ("cobbles", "plaza"), "lawn": ("grass", "grass"),
    "path": ("path", "path"), "low_wall": ("", "rim"), "low_hedge": ("leaves", "leaves"), "hedge": ("leaves", "leaves"),
    "bed": ("flowers", "flowers"), "bench": ("planks", "wood"), "bank": ("", "rim"), "pond": ("water", "water"),
    "rim": ("", "rim"), "basin": ("water", "water"), "car": ("", "car"), "cabin": ("", "car"),
    "yard": ("asphalt", "asphalt"), "walk": ("checker", "walk"), "arch": ("checker", "walk"),
    "corridor": ("checker", "corridor"), "inner_court": ("grass", "grass"), "door": ("checker", "corridor"),
    "rug": ("carpet", "rug"), "table": ("", "wood"), "desk": ("", "second_wood"), "cabinet": ("", "wood"),
    "sofa": ("", "cloth"), "sofa_back": ("", "cloth"), "box": ("crate_top", "second_wood"),
    "hall_0": ("concrete", "concrete0"), "hall_1": ("concrete", "concrete1"), "gate": ("concrete", "concrete0"),
    "pallets": ("", "yellow"), "rack3": ("crate_top", "wood"), "rack4": ("crate_top", "wood"),
    "container": ("", "steel"), "yard_container": ("", "steel"),
    "room_0": ("planks", "wood"), "room_1": ("checker", "floor1"), "room_2": ("planks", "second_wood"),
    "room_3": ("carpet", "floor3"), "court_0": ("paving", "stone"), "court_1": ("cobbles", "second_stone"),
    "court_2": ("concrete", "third_stone"), "court_3": ("paving", "third_stone"),
    **{f"crate{tiers}": ("crate_top", "wood") for tiers in range(1, 5)},
}  # fmt: skip
# class: tile of the sides of what is raised
_SIDES: dict[str, tuple[str, str]] = {
    "low_wall": ("low_wall", "low_wall"), "low_hedge": ("hedge", "leaves"), "hedge": ("hedge", "leaves"),
    "bed": ("", "rim"), "bench": ("bench", "wood"), "bank": ("", "rim"), "pond": ("", "rim"), "rim": ("", "rim"),
    "basin": ("", "rim"), "car": ("car", "car"), "cabin": ("cabin", "car"), "table": ("table", "wood"),
    "desk": ("table", "second_wood"), "cabinet": ("cabinet", "wood"), "sofa": ("", "cloth"),
    "sofa_back": ("", "cloth"), "box": ("crate", "second_wood"), "rack3": ("rack", "rack"), "rack4": ("rack", "rack"),
    "container": ("container", "steel"), "yard_container": ("container", "steel"),
    **{f"crate{tiers}": ("crate", "wood") for tiers in range(1, 5)},
}  # fmt: skip
# class: tile of the solid matter round it
_WALLS: dict[str, tuple[str, str]] = {
    "inner_court": ("court_wall", "court_wall"), "walk": ("arcade_wall", "arcade_wall"), "arch": ("", "stone"),
    "corridor": ("corridor_wall", "corridor_wall"), "door": ("", "trim"), "gate": ("", "yellow"),
    "hall_0": ("sheet", "sheet"), "hall_1": ("sheet", "sheet"), "pallets": ("sheet", "sheet"),
}  # fmt: skip
_CEILINGS = {"walk": ("", "vault"), "arch": ("", "vault"), "door": ("", "trim"), "gate": ("skylights", "skylights"),
             "hall_0": ("skylights", "skylights"), "hall_1": ("skylights", "skylights"),
             "pallets": ("skylights", "skylights")}  # fmt: skip
_PLAIN_COLOURS = {
    "trim": (248, 246, 240), "yellow": (248, 204, 60), "roof": (150, 140, 134), "vault": (238, 230, 214),
    "rim": (226, 218, 204), "plaza": (222, 204, 176),
}  # fmt: skip
_GROUP_TILES = {
    "stone": "paving", "second_stone": "cobbles", "third_stone": "concrete", "concrete0": "concrete",
    "concrete1": "concrete", "wood": "cabinet", "second_wood": "table", "cloth": "car", "car": "car",
    "steel": "container", "rug": "car", "walk": "checker", "corridor": "checker", "floor1": "checker",
    "floor3": "carpet",
}  # fmt: skip
_NAMED = {"car": "cars", "rack": "racks", "steel": "containers", "sheet": "sheets", "cloth": "sofas", "rug": "rugs",
          "grass": "grass", "stone": "floors", "second_stone": "floors", "path": "floors", "tree": "trees",
          "leaves": "trees", "sky": "sky"}  # fmt: skip
_SUNS = ((1.0, 0.89, 0.82, 0.95), (0.82, 0.89, 1.0, 0.95), (0.95, 0.82, 0.89, 1.0), (0.89, 0.82, 0.95, 1.0))
_OPEN_STOREYS, _COURT_WALL_METRES = 3, 7.5
_THEME_STREAM = 31


def imagine_theme(
    network: TileNetwork, seed: int, sentence: str = "", seen: Mapping[str, Sequence[float]] = MappingProxyType({})
) -> Surfaces:
    """The looks of the place that a seed and a sentence name; equal arguments give equal bytes.

    Args:
        network: Draws the tiles.
        seed: Of everything random.
        sentence: Names colours of things.
        seen: Colours (3,) in 0..1 of groups of surfaces that were seen; they count before those of the sentence.
    """
    colours = {name: np.array(colour) for name, colour in seen.items()}
    named = read_colours(sentence) | {thing: [colours[thing]] for thing in ("houses", "walls") if thing in colours}
    draws = _Theme(network, np.random.default_rng([seed, _THEME_STREAM]), named, colours=colours)
    return draws.surfaces()


@dataclass(frozen=True, eq=False)
class _Order:
    """A tile that is to be drawn.

    Attributes:
        number: Its number in the table.
        kind: Its kind in `tiles.TILES`.
        colour: (3,) main colour in 0..1.
        noise: (latent,) what makes it another than others of its kind and colour.
    """

    number: int
    kind: int
    colour: Tensor
    noise: Tensor


@dataclass
class _Theme:
    """Draws colours of groups and tiles of classes, each once."""

    network: TileNetwork
    rng: np.random.Generator
    named: dict[str, list[NDArray[np.float64]]]
    table: SurfaceTable = field(default_factory=SurfaceTable)
    colours: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    known: dict[tuple[str, str, bool], int] = field(default_factory=dict)
    orders: list[_Order] = field(default_factory=list)

    def surfaces(self) -> Surfaces:
        """Everything, as arrays."""
        blank = self.table.plain(np.full(3, 0.6))
        floor, side, ceiling, wall = (np.full(CLASSES, blank, np.int64) for _ in range(4))
        fronts = [self._front(kind) for kind in range(NUM_KINDS)]
        storeys = [int(self.rng.integers(1, 4)) for _ in range(NUM_KINDS)]
        tops = np.full(CLASSES, house_height(_OPEN_STOREYS))
        for number, cell in enumerate(CELLS):
            stem, kind = cell.name.rstrip("0123456789_"), int(cell.name[-1]) if cell.name[-1].isdigit() else 0
            floor[number] = self._of(_GROUNDS.get(cell.name, ("", "roof")))
            side[number] = fronts[kind] if stem == "house" else self._of(_SIDES.get(cell.name, ("", "stone")))
            wall[number] = fronts[kind % NUM_KINDS if stem == "court" else 0]
            if cell.name in _WALLS:
                wall[number] = self._of(_WALLS[cell.name])
            elif cell.ceiling < SKY:
                wall[number] = self._of(("room_wall", f"wall{kind if stem == 'room' else 0}"))
            if cell.ceiling < SKY:
                ceiling[number] = self._of(_CEILINGS.get(cell.name, ("ceiling", "ceiling")))
            if stem == "court":
                tops[number] = house_height(storeys[kind])
        floor[INDEX["zebra_y"]] = self._of(_GROUNDS["zebra_x"], is_turned=True)
        tops[INDEX["inner_court"]], tops[INDEX["yard"]] = _COURT_WALL_METRES, house_height(storeys[0])
        tops[CEILINGS < SKY] = SKY
        panel, sprites = self._panels(), self._sprites()
        sky = self._tile("sky", self._colour("sky", "sky"))
        light = np.array(_SUNS[int(self.rng.integers(len(_SUNS)))])
        self._draw_tiles()
        pixels, tiles, sizes = self.table.arrays()
        return Surfaces(pixels, tiles, sizes, floor, side, ceiling, wall, panel, tops, sprites, sky, light)

    def _of(self, named: tuple[str, str], *, is_turned: bool = False) -> int:
        """The surface of a tile in the colour of a group."""
        key = (*named, is_turned)
        if key not in self.known:
            name, group = named
            colour = self._colour(group, name)
            if not name:
                self.known[key] = self.table.plain(colour)
            else:
                tile = TILES[TILE_INDEX[name]]
                number = self._tile(name, colour)
                self.known[key] = self.table.add(Surface.of(number, tile.width, tile.height, is_turned=is_turned))
        return self.known[key]

    def _front(self, kind: int) -> int:
        """A house front: a cornice, storeys, a ground floor."""
        wall = self._listed("houses", "storey", kind)
        base = 0.92 * wall if self.named.get("houses") else self._drawn("shopfront")
        numbers = [
            self._tile("cornice", self._drawn("cornice")),
            self._tile("storey", wall),
            self._tile("shopfront", base),
        ]
        cornice, storey, ground = (TILES[TILE_INDEX[name]] for name in ("cornice", "storey", "shopfront"))
        heights = cornice.height, storey.height, ground.height
        return self.table.add(Surface((numbers[0], numbers[1], numbers[2]), heights, storey.width))

    def _panels(self) -> NDArray[np.int64]:
        """Windows and shelves in the wall of each room, closed gates in that of halls."""
        found = np.full((CLASSES, CLASSES), -1, np.int64)
        for kind in range(NUM_KINDS):
            colour = self._listed("walls", "room_wall", kind)
            for name in ("window", "shelf"):
                tile = TILES[TILE_INDEX[name]]
                surface = self.table.add(Surface.of(self._tile(name, colour), tile.width, tile.height))
                found[INDEX[name], INDEX[f"room_{kind}"]] = surface
        for name in ("hall_0", "hall_1", "pallets"):
            found[INDEX["dock"], INDEX[name]] = self._of(("dock", "sheet"))
        return found

    def _sprites(self) -> NDArray[np.float64]:
        rows = []
        for name in OBJECTS:
            tile = TILES[TILE_INDEX[name]]
            rows.append((self._tile(name, self._colour(name, name)), tile.width, tile.height))
        return np.array(rows, np.float64)

    def _colour(self, group: str, tile: str) -> NDArray[np.float64]:
        """The colour of a group: as a sentence names it, or drawn once."""
        if group.startswith("wall"):
            return self._listed("walls", "room_wall", int(group[-1]))
        if group not in self.colours:
            said = self.named.get(_NAMED.get(group, ""), [])
            if said:
                self.colours[group] = said[0]
            elif group in _PLAIN_COLOURS:
                self.colours[group] = np.array(_PLAIN_COLOURS[group]) / 255.0
            else:
                self.colours[group] = self._drawn(_GROUP_TILES.get(group) or tile)
        return self.colours[group]

    def _listed(self, thing: str, tile: str, kind: int) -> NDArray[np.float64]:
        """The colour of the wall of one kind: those that a sentence names, in turn."""
        key = f"{thing}{kind}"
        if key not in self.colours:
            said = self.named.get(thing, [])
            self.colours[key] = said[kind % len(said)] if said else self._drawn(tile)
        return self.colours[key]

    def _drawn(self, tile: str) -> NDArray[np.float64]:
        bank = self.network.colours[TILE_INDEX[tile]]
        return bank[int(self.rng.integers(len(bank)))].double().numpy()

    def _tile(self, name: str, colour: NDArray[np.float64]) -> int:
        """The number of a new tile, which `_draw_tiles` fills in."""
        generator = torch.Generator().manual_seed(int(self.rng.integers(2**31)))
        noise = torch.randn(self.network.config.latent, generator=generator)
        self.orders.append(_Order(self.table.reserved(), TILE_INDEX[name], torch.from_numpy(colour).float(), noise))
        return self.orders[-1].number

    def _draw_tiles(self) -> None:
        """All tiles at once, in half the time that they take one by one."""
        kinds = torch.tensor([order.kind for order in self.orders])
        colours, noise = (torch.stack([getattr(one, name) for one in self.orders]) for name in ("colour", "noise"))
        drawn = self.network.drawn(kinds, colours, noise).permute(0, 2, 3, 1).numpy()
        alpha = np.maximum(drawn[..., 3:], 1e-3)
        straight = np.concatenate([drawn[..., :3] / alpha, drawn[..., 3:]], -1)
        for order, picture in zip(self.orders, (255 * straight).round().clip(0, 255).astype(np.uint8), strict=True):
            self.table.fill(order.number, picture)
