"""The textures of one place: names to drawings and colours, sunlight on walls, and their lumps.

A wall texture is written once for each way it faces and is seen, darker on the side away from the sun. The engine's
own light is left at full, so a surface keeps its colour at every distance. Knows nothing of geometry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wm_gym.backends.twin.maps.paint import Colour, Drawing, shade
from wm_gym.backends.twin.maps.wad import Lump

FACINGS = "ENWS"


@dataclass
class TextureAtlas:
    """Textures by name.

    Attributes:
        light: How bright walls are that face east, north, west and south.
        pages: Name to drawing and colours; names have at most 7 characters.
        used: Lump names in use, in order of first use.
    """

    light: tuple[float, float, float, float]
    pages: dict[str, tuple[Drawing, tuple[Colour, ...]]] = field(default_factory=dict)
    used: dict[str, tuple[str, float]] = field(default_factory=dict)

    def add(self, name: str, drawing: Drawing, colours: Sequence[Colour]) -> str:
        """Registers a texture and returns its name.

        Raises:
            ValueError: If the name is too long to carry a facing, or taken.
        """
        if not 1 <= len(name) <= 7:
            raise ValueError(f"texture names must have 1 to 7 characters, got {name!r}")
        if name in self.pages:
            raise ValueError(f"texture names must be new, got {name!r} again")
        self.pages[name] = drawing, tuple(colours)
        return name

    def flat(self, name: str) -> str:
        """Lump name of `name` lying flat or as the sky."""
        self.used[name] = name, 1.0
        return name

    def wall(self, name: str, facing: str) -> str:
        """Lump name of `name` on a wall that faces `facing`, one of `FACINGS`."""
        lump_name = name + facing
        self.used[lump_name] = name, self.light[FACINGS.index(facing)]
        return lump_name

    def lumps(self) -> list[Lump]:
        """The textures in use, between their markers."""
        pictures = [
            Lump(name, self._drawing(page).png(self._colours(page, light))) for name, (page, light) in self._items()
        ]
        return [Lump("TX_START"), *pictures, Lump("TX_END")]

    def colours(self) -> set[Colour]:
        """All colours in use."""
        return {colour for _, (page, light) in self._items() for colour in self._colours(page, light)}

    def _items(self) -> list[tuple[str, tuple[str, float]]]:
        return list(self.used.items())

    def _drawing(self, page: str) -> Drawing:
        return self.pages[page][0]

    def _colours(self, page: str, light: float) -> list[Colour]:
        drawing, colours = self.pages[page]
        return [shade(colour, light) for colour in colours[: drawing.num_slots]]
