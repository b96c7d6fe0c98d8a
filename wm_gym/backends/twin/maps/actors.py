"""The actors of every place: their classes as the engine reads them, their numbers, and their sprites.

Walkers wander and never chase, shoot or bleed; they are wide, so that none comes nearer than a metre to the camera.
Birds circle overhead. The bodies of others, and what events put down, stand where they are put; nobody steps aside for
the latter, so that all else goes on as without them. Knows nothing of positions on a map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.backends.twin.acs import BODY_STATES, NUM_BODY_LOOKS
from wm_gym.backends.twin.maps import greenery, objects, people
from wm_gym.backends.twin.maps.paint import Colour, Drawing
from wm_gym.backends.twin.maps.wad import Lump

NUM_WALKERS = 6
BIRD_CIRCLE = 164.0
WALKER_NUMBER, VISITOR_NUMBER, BIRD_NUMBER = 20000, 20010, 20020
TREE_NUMBER, LAMP_NUMBER, PLANT_NUMBER, BONFIRE_NUMBER, FOUNTAIN_NUMBER = 20030, 20040, 20041, 20050, 20051
LAMP_HEIGHT = 92.0

TREE_NUMBERS = tuple(TREE_NUMBER + kind for kind in range(len(greenery.TREE_KINDS)))

# radii in MU of standing things that block a body, by editor number
SOLID_RADII: dict[int, float] = {
    **dict.fromkeys(TREE_NUMBERS, 12.0),
    LAMP_NUMBER: 8.0,
    PLANT_NUMBER: 12.0,
}

_SKINS: tuple[Colour, ...] = ((244, 206, 176), (222, 172, 132), (172, 118, 80), (118, 78, 54))
_HAIRS: tuple[Colour, ...] = ((58, 40, 34), (120, 74, 40), (206, 160, 84), (40, 40, 46), (170, 80, 44))
_CLOTHES: tuple[Colour, ...] = (
    (212, 62, 58),
    (52, 104, 186),
    (246, 196, 66),
    (66, 150, 102),
    (240, 240, 236),
    (146, 88, 168),
    (240, 130, 60),
    (64, 172, 186),
    (232, 132, 168),
)
_TROUSERS: tuple[Colour, ...] = ((54, 66, 104), (74, 74, 82), (150, 118, 84), (96, 62, 48), (44, 96, 110))

_WALKER = """ACTOR {name} {number}
{{
    Radius 20
    Height 47
    Mass 10000
    Speed 2
    Scale 0.5
    Monster
    -COUNTKILL
    -SHOOTABLE
    +NOBLOOD
    +DONTTHRUST
    States
    {{
    Spawn:
    See:
        {sprite} AAAABBBBCCCCDDDD 2 A_Wander
        Loop
    }}
}}
"""
# as solid as the camera's own body, so that walkers avoid both alike; it goes where it is put, whatever is there
_BODY = """ACTOR {name}
{{
    Radius 16
    Height 47
    Scale 0.5
    +SOLID
    +NOCLIP
    +NOGRAVITY
    +DONTTHRUST
    States
    {{
    Spawn:
{states}
    }}
}}
"""
_BIRD = """ACTOR Bird0 {number}
{{
    Radius 8
    Height 8
    Scale 0.5
    +NOGRAVITY
    +NOCLIP
    +NOBLOCKMAP
    States
    {{
    Spawn:
        BIRD A 0 A_SetAngle(angle + 2.8)
        BIRD A 2 A_ChangeVelocity(4, 0, 0, CVF_RELATIVE|CVF_REPLACE)
        BIRD A 0 A_SetAngle(angle + 2.8)
        BIRD A 2 A_ChangeVelocity(4, 0, 0, CVF_RELATIVE|CVF_REPLACE)
        BIRD B 0 A_SetAngle(angle + 2.8)
        BIRD B 2 A_ChangeVelocity(4, 0, 0, CVF_RELATIVE|CVF_REPLACE)
        BIRD B 0 A_SetAngle(angle + 2.8)
        BIRD B 2 A_ChangeVelocity(4, 0, 0, CVF_RELATIVE|CVF_REPLACE)
        Loop
    }}
}}
"""
_STANDING = """ACTOR {name} {number}
{{
    Radius {radius:g}
    Height {height}
    {flags}
    States
    {{
    Spawn:
        {sprite} A -1
        Stop
    }}
}}
"""
_BONFIRE = """ACTOR Bonfire {number}
{{
    Radius 16
    Height 40
    Scale 0.62
    States
    {{
    Spawn:
        BONF ABCD 4 Bright
        Loop
    }}
}}
"""
_PLACED = """ACTOR {name}
{{
    Radius 8
    Height 16
    Scale {scale:g}
    +NOGRAVITY
    +NOCLIP
    +NOBLOCKMAP
    States
    {{
    Spawn:
        {states}
    }}
}}
"""
_ROTATIONS = ("1", "2{}8", "3{}7", "4{}6", "5")
"""Sides of a sprite, from the front round to the back, each with its mirror image."""


@dataclass(frozen=True)
class Cutout:
    """A sprite lump before it is written."""

    name: str
    drawing: Drawing
    colours: tuple[Colour, ...]


def decorate() -> bytes:
    """The DECORATE lump."""
    walkers = [(f"Walker{look}", WALKER_NUMBER + look, f"WLK{look}") for look in range(NUM_WALKERS)]
    walkers.append(("Visitor", VISITOR_NUMBER, f"WLK{NUM_WALKERS}"))
    walkers += [(f"Visitor{look}", VISITOR_NUMBER + 1 + look, f"WLK{look}") for look in range(NUM_WALKERS + 1)]
    text = [_WALKER.format(name=name, number=number, sprite=sprite) for name, number, sprite in walkers]
    text += [_body(look) for look in range(NUM_BODY_LOOKS)]
    text += [_BIRD.format(number=BIRD_NUMBER), _BONFIRE.format(number=BONFIRE_NUMBER)]
    text += [
        _standing(f"Tree{kind}", TREE_NUMBER + kind, f"TRE{kind}", height=140)
        for kind in range(len(greenery.TREE_KINDS))
    ]
    text.append(_standing("Lamp0", LAMP_NUMBER, "LAMP", height=100))
    text.append(_standing("Plant0", PLANT_NUMBER, "PLNT", height=38))
    text.append(_standing("Fountain0", FOUNTAIN_NUMBER, "FOUN", height=50))
    text += [_placed(f"PlacedCrate{look}", f"CRT{look}") for look in range(len(objects.CRATE_COLOURS))]
    text += [_placed(f"PlacedCar{look}", f"CAR{look}") for look in range(len(objects.CAR_COLOURS))]
    text += [_placed(f"PlacedTree{kind}", f"TRE{kind}", scale=1.0) for kind in range(len(greenery.TREE_KINDS))]
    text.append(_placed("PlacedLamp", "LAMP", scale=1.0))
    text.append(_PLACED.format(name="PlacedBird", scale=0.5, states="BIRD A 4\n        BIRD B 4\n        Loop"))
    return "".join(text).encode("ascii")


def _body(look: int) -> str:
    """The class of the bodies of one look, which have a state for each place of their legs."""
    frames = zip(BODY_STATES, "ABCD", strict=True)
    states = "\n".join(f"    {state}:\n        WLK{look} {letter} -1\n        Stop" for state, letter in frames)
    return _BODY.format(name=f"Body{look}", states=states)


def _placed(name: str, sprite: str, scale: float = 0.5) -> str:
    return _PLACED.format(name=name, scale=scale, states=f"{sprite} A -1\n        Stop")


def _standing(name: str, number: int, sprite: str, *, height: int) -> str:
    radius = SOLID_RADII.get(number)
    flags = "+SOLID" if radius is not None else "+NOBLOCKMAP"
    return _STANDING.format(name=name, number=number, sprite=sprite, radius=radius or 16.0, height=height, flags=flags)


def cutouts(rng: np.random.Generator, leaf: Colour) -> list[Cutout]:
    """All sprites, people dressed by `rng` and trees in `leaf`."""
    sprites = [cutout for look in range(NUM_WALKERS + 1) for cutout in _walker(look, rng)]
    bark = greenery.tree_colours(leaf, (126, 88, 60))
    sprites += [Cutout(f"TRE{number}A0", greenery.tree(kind), bark) for number, kind in enumerate(greenery.TREE_KINDS)]
    sprites.append(Cutout("PLNTA0", greenery.plant(), greenery.tree_colours((84, 164, 88), (126, 88, 60))))
    sprites.append(Cutout("LAMPA0", greenery.lamp(), greenery.LAMP_COLOURS))
    sprites.append(Cutout("FOUNA0", greenery.fountain(), greenery.FOUNTAIN_COLOURS))
    sprites += [Cutout(f"BIRD{'AB'[down]}0", greenery.bird(down == 0), greenery.BIRD_COLOURS) for down in range(2)]
    sprites += [
        Cutout(f"BONF{'ABCD'[frame]}0", greenery.bonfire(frame), greenery.BONFIRE_COLOURS)
        for frame in range(greenery.BONFIRE_FRAMES)
    ]
    return sprites


def _walker(look: int, rng: np.random.Generator) -> list[Cutout]:
    build = people.BUILDS[int(rng.integers(len(people.BUILDS)))]
    skin, hair = _pick(_SKINS, rng), _pick(_HAIRS, rng)
    colours = people.person_colours(skin, hair, _CLOTHES[(look * 4 + int(rng.integers(3))) % 9], _pick(_TROUSERS, rng))
    return [
        Cutout(f"WLK{look}{letter}{_ROTATIONS[quarter].format(letter)}", people.person(build, quarter, step), colours)
        for step, letter in enumerate("ABCD")
        for quarter in range(5)
    ]


def clothes_of(sprites: list[Cutout]) -> list[Colour]:
    """What people of each look wear over the waist."""
    fronts = {sprite.name: sprite for sprite in sprites}
    return [fronts[f"WLK{look}A1"].colours[people.TOP] for look in range(NUM_WALKERS + 1)]


def placed_cutouts() -> list[Cutout]:
    """Sprites of what only events put down; in each place the nearest colours of its palette draw them."""
    woods, bodies = objects.CRATE_COLOURS.values(), objects.CAR_COLOURS.values()
    crates = [(f"CRT{look}", objects.crate, objects.crate_colours(wood)) for look, wood in enumerate(woods)]
    cars = [(f"CAR{look}", objects.car, objects.car_colours(body)) for look, body in enumerate(bodies)]
    return [
        Cutout(f"{name}A{_ROTATIONS[quarter].format('A')}", draw(quarter), colours)
        for name, draw, colours in (*crates, *cars)
        for quarter in range(objects.QUARTERS)
    ]


def _pick(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    return colours[int(rng.integers(len(colours)))]


def sprite_lumps(sprites: list[Cutout]) -> list[Lump]:
    """The sprites, between their markers."""
    return [Lump("S_START"), *(Lump(s.name, s.drawing.png(s.colours)) for s in sprites), Lump("S_END")]


def sprite_colours(sprites: list[Cutout]) -> set[Colour]:
    """All colours in use."""
    return {colour for s in sprites for colour in s.colours[1 : s.drawing.num_slots]}
