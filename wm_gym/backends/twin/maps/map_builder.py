"""The map builder that every family uses: regions, textures and things in, a `TwinMap` out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.acs import MOVER_TIDS, behaviour
from wm_gym.backends.twin.maps import actors, floors, skies, themes, walls
from wm_gym.backends.twin.maps.ground import STAND_CLEARANCE, FreeGround
from wm_gym.backends.twin.maps.paint import Colour, mix, shade
from wm_gym.backends.twin.maps.palette import colormap, fit_palette
from wm_gym.backends.twin.maps.plan import Plan
from wm_gym.backends.twin.maps.texture_atlas import TextureAtlas
from wm_gym.backends.twin.maps.twin_map import TwinMap
from wm_gym.backends.twin.maps.udmf import Thing, geometry_of, text_map
from wm_gym.backends.twin.maps.wad import MAPINFO, Lump, write_wad
from wm_gym.plans.rect import Rect
from wm_gym.scenes.families import DIFFICULTIES

_WALKER_CLEARANCE = 26.0
_WALKERS_APART = 72.0
_CROWN = 34.0
_SUNS = ((1.0, 0.89, 0.82, 0.95), (0.82, 0.89, 1.0, 0.95), (0.95, 0.82, 0.89, 1.0), (0.89, 0.82, 0.95, 1.0))
_SOFT_SUNS = ((1.0, 0.94, 0.9, 0.97), (0.9, 0.94, 1.0, 0.97), (0.97, 0.9, 0.94, 1.0), (0.94, 0.9, 0.97, 1.0))
_PLAYER_NUMBER = 1


@dataclass
class MapBuilder:
    """A plan with its textures and things.

    Attributes:
        plan: Regions painted so far.
        atlas: Textures registered so far.
        rng: Draws everything random of this place.
        richness: 0 for a simple place, 1 for a medium one, 2 for a full one.
        sky: The sky above.
        leaf: The colour of its trees.
        things: Actors placed so far.
        lamps: x, y, z in MU of the lights placed so far.
    """

    plan: Plan
    atlas: TextureAtlas
    rng: np.random.Generator
    richness: int
    sky: themes.Sky
    leaf: themes.Paint
    things: list[Thing] = field(default_factory=list)
    lamps: list[tuple[float, float, float]] = field(default_factory=list)

    def wall(self, name: str, kind: str, colours: tuple[Colour, ...]) -> str:
        """Registers one of `walls.SIDES` as `name`."""
        return self.atlas.add(name, walls.side(kind), colours)

    def floor(self, name: str, kind: str, base: Colour, extras: tuple[Colour, ...] = (), contrast: float = 0.1) -> str:
        """Registers one of `floors.GROUNDS` as `name`."""
        return self.atlas.add(name, floors.ground(kind), floors.tones(base, contrast, extras))

    def stand(self, number: int, x: float, y: float) -> None:
        """Puts a standing thing at (x, y)."""
        self.things.append(Thing(number, x, y))
        if number == actors.LAMP_NUMBER:
            self.lamps.append((x, y, actors.LAMP_HEIGHT))

    def draw_tree(self) -> int:
        """A kind of tree; pines only where leaves are green."""
        return int(self.rng.integers(3 if "green" in self.leaf.name else 2))

    def plant_tree(self, x: float, y: float, kind: int) -> None:
        """Puts a tree of `greenery.TREE_KINDS[kind]` at (x, y)."""
        self.stand(actors.TREE_NUMBER + kind, x, y)

    def fly_birds(self, count: int, x: float, y: float, height: float) -> None:
        """Lets birds circle round (x, y) at `height` MU."""
        for number in range(count):
            angle = 2 * np.pi * (number + float(self.rng.random())) / max(1, count)
            reach = actors.BIRD_CIRCLE
            place = x + reach * np.cos(angle), y + reach * np.sin(angle), height + 12.0 * number
            self.things.append(Thing(actors.BIRD_NUMBER, *map(float, place), heading=round(np.degrees(angle)) + 90))

    def finish(self, start: tuple[float, float, float], num_walkers: int, caption: str) -> TwinMap:
        """The finished map: waypoints, walkers, map text, palette and WAD.

        Args:
            start: x, y in MU and heading in degrees.
            num_walkers: Most walkers.
            caption: One sentence that describes the place.
        """
        edges = self.plan.edges()
        ground = FreeGround(self.plan.extent, edges, self._solids(), start[:2])
        positions = ground.positions(STAND_CLEARANCE, self.rng)[:64]
        self._release_walkers(ground.positions(_WALKER_CLEARANCE, self.rng), num_walkers, ground.start)
        self.things.append(Thing(_PLAYER_NUMBER, *ground.start, heading=round(start[2])))
        geometry, solids = geometry_of(edges), self._kept_off(ground.start)
        positions = positions[_clear_of(positions, solids)]
        sprites = actors.cutouts(self.rng, self.leaf.colour)
        return TwinMap(
            wad=self._wad(text_map(self.plan, edges, self.atlas, self.things), sprites),
            lines=geometry.lines,
            line_sides=geometry.line_sides,
            floor_heights=geometry.floor_heights,
            ceiling_heights=geometry.ceiling_heights,
            sky=geometry.sky,
            blocking=geometry.blocking,
            solids=solids,
            start=(*ground.start, start[2]),
            waypoints=np.concatenate([np.array([ground.start]), positions]),
            lamps=np.array(self.lamps, np.float64).reshape(-1, 3),
            caption=caption,
            clothes=np.array(actors.clothes_of(sprites), np.float64) / 255.0,
        )

    def _solids(self) -> NDArray[np.float64]:
        radii = actors.SOLID_RADII
        standing = [(t.x, t.y, radii[t.number]) for t in self.things if t.number in radii]
        return np.array(standing, np.float64).reshape(-1, 3)

    def _kept_off(self, start: tuple[float, float]) -> NDArray[np.float64]:
        """The solids with the radii that bodies collide with: trees have those of their crowns, except at the start.

        A tree is a sprite that turns to the camera: from below its crown, no two views of it agree.
        """
        solids = self._solids()
        room = np.hypot(*(solids[:, :2] - start).T) - STAND_CLEARANCE
        is_tree = np.isin([t.number for t in self.things if t.number in actors.SOLID_RADII], actors.TREE_NUMBERS)
        wide = np.where(is_tree, np.minimum(_CROWN, room), 0.0)
        return np.column_stack([solids[:, :2], np.maximum(solids[:, 2], wide)])

    def _release_walkers(self, positions: NDArray[np.float64], count: int, start: tuple[float, float]) -> None:
        """Puts up to `count` walkers on positions well apart from the start and from each other."""
        taken = [np.array(start)]
        for position in positions:
            if len(taken) > count:
                return
            if all(np.abs(position - other).max() > _WALKERS_APART for other in taken):
                number = actors.WALKER_NUMBER + (len(taken) - 1) % actors.NUM_WALKERS
                heading = 45 * int(self.rng.integers(8))
                tid = MOVER_TIDS.start + len(taken) - 1
                self.things.append(Thing(number, float(position[0]), float(position[1]), heading=heading, thing_id=tid))
                taken.append(position)

    def _wad(self, text: bytes, sprites: list[actors.Cutout]) -> bytes:
        self.atlas.flat("SKYDAY")
        palette = fit_palette(self.atlas.colours() | actors.sprite_colours(sprites))
        lumps = [
            Lump("PLAYPAL", np.tile(palette.reshape(-1), 14).tobytes()),
            Lump("COLORMAP", colormap(palette)),
            Lump("MAPINFO", MAPINFO.encode("ascii")),
            Lump("DECORATE", actors.decorate()),
            Lump("MAP01"),
            Lump("TEXTMAP", text),
            Lump("BEHAVIOR", behaviour()),
            Lump("ENDMAP"),
        ]
        return write_wad([*lumps, *self.atlas.lumps(), *actors.sprite_lumps([*sprites, *actors.placed_cutouts()])])


def open_builder(extent: Rect, rng: np.random.Generator, difficulty: str, *, indoors: bool = False) -> MapBuilder:
    """An empty place of solid matter with a sky, a sun and the colour of its leaves drawn; softer light `indoors`."""
    atlas = TextureAtlas(light=themes.pick(_SOFT_SUNS if indoors else _SUNS, rng))
    sky = themes.pick(themes.SKIES, rng)
    colours = skies.sky_colours(sky.zenith, sky.middle, sky.horizon, sky.cloud)
    atlas.add("SKYDAY", skies.sky(int(rng.integers(skies.NUM_SKIES))), colours)
    return MapBuilder(Plan(extent), atlas, rng, DIFFICULTIES.index(difficulty), sky, themes.pick(themes.LEAVES, rng))


def triple(colour: Colour, darker: float = 0.84, lighter: float = 0.25) -> tuple[Colour, Colour, Colour]:
    """A colour, its shade and its light, as most sides of things are drawn."""
    return colour, shade(colour, darker), mix(colour, (255, 255, 255), lighter)


def _clear_of(positions: NDArray[np.float64], solids: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(W,) bool: the positions (W, 2) that keep clear of solids (B, 3)."""
    gaps = np.linalg.norm(positions[:, None] - solids[None, :, :2], axis=2) - solids[:, 2]
    return (gaps > STAND_CLEARANCE).all(axis=1)
