"""The classes of a cell: what lies or stands on half a metre of ground, how high, and whether one walks on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CELL_METRES = 0.5
NUM_KINDS = 4
"""Kinds of house, of room and of court in one place."""

SKY = float("inf")
"""Ceiling of what lies in the open."""

_ROOM, _HALL, _WALK, _ARCH, _DOOR, _GATE = 3.75, 9.0, 3.9, 3.2, 3.0, 4.2
_STOREY, _GROUND_STOREY = 3.0, 4.2

Grid = NDArray[np.uint8]
"""Classes of cells: x along axis 0, y along axis 1."""


@dataclass(frozen=True)
class Cell:
    """One class.

    Attributes:
        name: Its name; classes that differ only in their kind end in "_0", "_1", ...
        height: Metres of its top over the ground.
        ceiling: Metres of its ceiling over the ground, `SKY` in the open.
        walks: Whether a body may stand there.
        solid: Matter from the ground to the ceiling of whoever looks at it.
        colour: In pictures of plans.
    """

    name: str
    height: float
    ceiling: float
    walks: bool
    solid: bool
    colour: tuple[int, int, int]


def house_height(storeys: int) -> float:
    """Metres of a house with so many storeys over its ground floor."""
    return _GROUND_STOREY + _STOREY * storeys


def _ground(name: str, colour: tuple[int, int, int], ceiling: float = SKY, height: float = 0.0) -> Cell:
    return Cell(name, height, ceiling, True, False, colour)


def _thing(name: str, height: float, colour: tuple[int, int, int], ceiling: float = SKY) -> Cell:
    return Cell(name, height, ceiling, False, False, colour)


def _face(name: str, colour: tuple[int, int, int]) -> Cell:
    return Cell(name, 0.0, SKY, False, True, colour)


_HOUSES = ((232, 122, 98), (246, 206, 112), (140, 186, 226), (178, 164, 216))
_ROOMS = ((222, 182, 130), (236, 200, 200), (190, 214, 190), (190, 200, 226))
_KERB = 0.1


def _houses() -> list[Cell]:
    return [
        _thing(f"house{storeys}_{kind}", house_height(storeys), _darker(_HOUSES[kind], 1.15 - 0.11 * storeys))
        for storeys in range(1, 6)
        for kind in range(NUM_KINDS)
    ]


def _darker(colour: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (min(255, int(share * part)) for part in colour)
    return red, green, blue


CELLS: tuple[Cell, ...] = (
    _face("solid", (40, 42, 48)), _face("window", (120, 200, 255)), _face("shelf", (120, 60, 40)),
    _face("dock", (150, 40, 60)),
    _ground("pavement", (204, 196, 182), height=_KERB), _ground("asphalt", (96, 98, 106)),
    _ground("zebra_x", (245, 245, 245)), _ground("zebra_y", (235, 235, 235)),
    _ground("cobbles", (172, 160, 140), height=_KERB), _ground("plaza", (222, 204, 176), height=_KERB),
    _ground("lawn", (118, 186, 88), height=_KERB), _ground("path", (226, 204, 164), height=_KERB),
    _thing("low_wall", 1.05, (170, 160, 150)), _thing("low_hedge", 1.05, (60, 110, 60)),
    _thing("hedge", 1.4, (30, 90, 50)), _thing("bed", 0.65, (236, 92, 110)), _thing("bench", 0.7, (140, 90, 50)),
    _thing("bank", 0.3, (224, 216, 202)), _thing("pond", -0.15, (70, 140, 220)),
    _thing("rim", 0.65, (240, 234, 222)), _thing("basin", 0.45, (92, 170, 212)),
    _thing("car", 0.83, (200, 40, 40)), _thing("cabin", 1.5, (120, 20, 20)),
    *(_ground(f"court_{kind}", (190 - 8 * kind, 190, 200 + 8 * kind)) for kind in range(NUM_KINDS)),
    _ground("yard", (104, 108, 118)), _ground("walk", (226, 206, 176), _WALK), _ground("arch", (206, 180, 150), _ARCH),
    *(_ground(f"room_{kind}", _ROOMS[kind], _ROOM) for kind in range(NUM_KINDS)),
    _ground("corridor", (206, 198, 214), _ROOM), _ground("inner_court", (150, 220, 110)),
    _ground("door", (255, 255, 255), _DOOR), _ground("rug", (170, 60, 80), _ROOM),
    _thing("table", 0.8, (150, 100, 60), _ROOM), _thing("desk", 0.9, (170, 120, 80), _ROOM),
    _thing("cabinet", 1.8, (100, 60, 40), _ROOM), _thing("sofa", 0.5, (60, 80, 170), _ROOM),
    _thing("sofa_back", 1.0, (40, 60, 130), _ROOM), _thing("box", 1.2, (180, 140, 90), _ROOM),
    _ground("hall_0", (186, 196, 204), _HALL), _ground("hall_1", (206, 200, 190), _HALL),
    _ground("gate", (250, 230, 120), _GATE), _ground("pallets", (236, 206, 90), _HALL),
    *(_thing(f"rack{tiers}", 1.5 * tiers, (90, 110, 220 - 20 * tiers), _HALL) for tiers in (3, 4)),
    *(_thing(f"crate{tiers}", 1.2 * tiers, (210 - 30 * tiers, 160 - 25 * tiers, 70), _HALL) for tiers in range(1, 5)),
    _thing("container", 2.7, (220, 110, 40), _HALL), _thing("yard_container", 2.7, (200, 100, 60)),
    *_houses(),
)  # fmt: skip
NAMES = tuple(cell.name for cell in CELLS)
INDEX = {name: number for number, name in enumerate(NAMES)}
UNKNOWN = len(CELLS)
"""The class of a cell that nobody has decided."""

HEIGHTS = np.array([cell.height for cell in CELLS] + [0.0])
CEILINGS = np.array([cell.ceiling for cell in CELLS] + [SKY])
SOLID = np.array([cell.solid for cell in CELLS] + [False])
WALKS = np.array([cell.walks for cell in CELLS] + [False])

OBJECTS = ("tree", "lamp", "plant", "jet")
"""What stands on points: a jet is the water of a fountain."""

PATCH = 4
"""Cells along a side of a patch, 2 m: what the network decides at once. Plans lie on this lattice."""

PATCH_METRES = PATCH * CELL_METRES
NOTHING, UNSURE = 0, 1 + len(OBJECTS) * PATCH * PATCH
"""Objects of a patch: none; not decided. Between them 1 + 16 * object + cell, cells counted along y first."""

SHOWN_ELSEWHERE = UNSURE + 1
"""Objects of a patch of a place that was seen: whatever they are, they stand in memory and not in the plan."""


def names_of(stem: str) -> list[int]:
    """Numbers of the classes that differ from one stem only in their kind, or the one that has it as its name."""
    return [number for number, name in enumerate(NAMES) if name == stem or name.rpartition("_")[0] == stem]


KINDS: tuple[tuple[tuple[int, ...], ...], ...] = (
    tuple(tuple(INDEX[f"house{storeys}_{kind}"] for storeys in range(1, 6)) for kind in range(NUM_KINDS)),
    tuple((INDEX[f"room_{kind}"],) for kind in range(NUM_KINDS)),
    tuple((INDEX[f"court_{kind}"],) for kind in range(NUM_KINDS)),
    tuple((INDEX[f"hall_{kind}"],) for kind in range(2)),
)
"""Groups of kinds: which is the first is chance, so any two may change their numbers."""


def picture(grid: Grid, scale: int = 3) -> Grid:
    """A picture (Y * scale, X * scale, 3) of a plan, y upward; cells that are not decided are magenta."""
    colours = np.array([cell.colour for cell in CELLS] + [(255, 0, 255)], np.uint8)
    return np.kron(colours[grid].transpose(1, 0, 2)[::-1], np.ones((scale, scale, 1), np.uint8))
