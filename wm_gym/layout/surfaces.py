"""Surfaces of a place as arrays that the caster reads: tiles at several sizes, and what each class shows where."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wm_gym.layout.cells import UNKNOWN
from wm_gym.layout.tiles import TILE

LEVELS = 6
"""Sizes of a tile: 32, 16, 8, 4, 2 and 1 pixels across."""

STARTS = np.cumsum([0, *((TILE >> level) ** 2 for level in range(LEVELS - 1))])
"""Where each size begins among the pixels of a tile."""

PIXELS = int(STARTS[-1] + 1)
_UNDRAWN = np.zeros((PIXELS, 4), np.uint8)


def pyramid(tile: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(PIXELS, 4) a tile (TILE, TILE, 4) at every size, one after another; colours are weighed by alpha."""
    level, rows = tile.astype(np.float64), []
    level[..., :3] *= level[..., 3:] / 255.0
    for _ in range(LEVELS):
        alpha = np.maximum(level[..., 3:] / 255.0, 1e-6)
        shown = np.concatenate([level[..., :3] / alpha, level[..., 3:]], -1)
        rows.append(shown.round().clip(0, 255).astype(np.uint8).reshape(-1, 4))
        half = len(level) // 2
        level = level.reshape(half, 2, half, 2, 4).mean((1, 3)) if half else level
    return np.concatenate(rows)


@dataclass(frozen=True)
class Surface:
    """What stands or lies: up to three bands of tiles from its top down, of which the middle one repeats.

    Attributes:
        tiles: Numbers of the tiles of the bands.
        heights: Metres that a tile of each band covers upward; 0 where there is no such band.
        width: Metres that the tiles cover across.
        is_turned: Whether the tile is turned by a quarter.
    """

    tiles: tuple[int, int, int]
    heights: tuple[float, float, float]
    width: float
    is_turned: bool = False

    @classmethod
    def of(cls, tile: int, width: float, height: float, *, is_turned: bool = False) -> Surface:
        """One tile that repeats."""
        return cls((0, tile, 0), (0.0, height, 0.0), width, is_turned)


@dataclass(frozen=True)
class Surfaces:
    """How the classes of cells look in one place.

    Attributes:
        pixels: (K, PIXELS, 4) uint8 tiles.
        tiles: (S, 3) int64 tiles of the bands of S surfaces.
        sizes: (S, 5) float64 heights of the bands, width, and 1 where the tile is turned.
        floor: (C,) int64 surface of the ground, or top, of each class.
        side: (C,) int64 surface of the sides of what is raised.
        ceiling: (C,) int64 surface of ceilings.
        wall: (C,) int64 surface of solid matter as seen from a cell of this class.
        panel: (C, C) int64 surface of a solid class with a face of its own, by the class it is seen from; -1 for none.
        tops: (C,) float64 metres that solid matter stands high, as seen from an open cell of this class.
        sprites: (O, 3) float64 tile, width and height in metres of each kind of object.
        sky: Number of the tile of the sky.
        light: (4,) float64, how bright walls are that face east, north, west and south.
    """

    pixels: NDArray[np.uint8]
    tiles: NDArray[np.int64]
    sizes: NDArray[np.float64]
    floor: NDArray[np.int64]
    side: NDArray[np.int64]
    ceiling: NDArray[np.int64]
    wall: NDArray[np.int64]
    panel: NDArray[np.int64]
    tops: NDArray[np.float64]
    sprites: NDArray[np.float64]
    sky: int
    light: NDArray[np.float64]


@dataclass
class SurfaceTable:
    """Tiles and surfaces in the making."""

    pixels: list[NDArray[np.uint8]] = field(default_factory=list)
    surfaces: list[Surface] = field(default_factory=list)

    def tile(self, picture: NDArray[np.uint8]) -> int:
        """Adds a tile (TILE, TILE, 4); gives its number."""
        self.pixels.append(pyramid(picture))
        return len(self.pixels) - 1

    def reserved(self) -> int:
        """The number of a tile that is to be filled in."""
        self.pixels.append(_UNDRAWN)
        return len(self.pixels) - 1

    def fill(self, number: int, picture: NDArray[np.uint8]) -> None:
        """Fills in a tile (TILE, TILE, 4) that was reserved."""
        self.pixels[number] = pyramid(picture)

    def plain(self, colour: NDArray[np.float64]) -> int:
        """Adds a surface of one colour (3,) in 0..1; gives its number."""
        picture = np.full((TILE, TILE, 4), 255, np.uint8)
        picture[..., :3] = (255 * np.asarray(colour)).round().clip(0, 255)
        return self.add(Surface.of(self.tile(picture), 1.0, 1.0))

    def add(self, surface: Surface) -> int:
        """Adds a surface; gives its number."""
        self.surfaces.append(surface)
        return len(self.surfaces) - 1

    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.float64]]:
        """Pixels, tiles and sizes, as in `Surfaces`."""
        tiles = np.array([surface.tiles for surface in self.surfaces], np.int64)
        sizes = [(*surface.heights, surface.width, float(surface.is_turned)) for surface in self.surfaces]
        return np.stack(self.pixels), tiles, np.array(sizes, np.float64)


CLASSES = UNKNOWN + 1
