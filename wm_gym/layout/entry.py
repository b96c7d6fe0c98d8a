"""Entry: what posed pictures with depth show of a place becomes a plan, which then goes on where they end.

Plans lie on a lattice of half metres and of patches of two metres. Where the lattice of a real place lies is not known:
that of half metres is taken from where its upright surfaces stand, that of patches from where borders between classes
lie in real plans. What cannot be read stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from wm_gym.geometry.motion import OPENING_EYE_METRES
from wm_gym.layout.cells import CELL_METRES, INDEX, NAMES, NUM_KINDS, PATCH, SHOWN_ELSEWHERE, UNKNOWN, UNSURE, Grid
from wm_gym.layout.plan import Plan
from wm_gym.layout.reading import SIDE, PlanReader, Points, features_of, points_of, touched_cells
from wm_gym.layout.windows import patches_of
from wm_gym.layout.words import read_family
from wm_gym.plans import FAMILIES
from wm_gym.world_model import Capture, Imagined

_UPRIGHT_METRES = 0.4, 3.0
_SURE = 0.5
_LEAST_ROWS = 40
_FEWEST_POINTS = 40
_THREE_SIDES = ((0, 1, 2), (0, 1, 3), (2, 3, 0), (2, 3, 1))
# groups of the theme, the classes whose points show their colour, and the heights in metres of these points
_SEEN = {
    "houses": ("house", 1.0, 3.5), "walls": ("room", 1.0, 2.5), "grass": ("lawn", -0.2, 0.3),
    "stone": ("pavement", -0.2, 0.3), "second_stone": ("cobbles", -0.2, 0.3), "path": ("path", -0.2, 0.3),
    "asphalt": ("asphalt", -0.2, 0.3), "concrete0": ("hall", -0.2, 0.3), "rack": ("rack", 0.3, 4.0),
    "steel": ("container", 0.3, 2.5), "leaves": ("hedge", 0.3, 1.3), "sheet": ("solid", 1.0, 8.0),
}  # fmt: skip

# groups of the theme whose colour is that of the walls round a class
_WALLED = {
    **{f"walls{kind}": f"room_{kind}" for kind in range(NUM_KINDS)},
    "corridor_wall": "corridor", "court_wall": "inner_court", "arcade_wall": "walk",
}  # fmt: skip
_WALL_METRES = 1.0, 2.3
"""Heights of their points: over skirtings and what stands before them, under ceilings."""


@dataclass(frozen=True)
class Reading:
    """What was read.

    Attributes:
        cells: (SIDE, SIDE) classes, `UNKNOWN` where nothing could be read.
        corner: x and y in metres of the corner of the first cell, world frame.
        family: Name of the family that the points look like.
        colours: Groups of the theme and their colours (3,) in 0..1.
    """

    cells: Grid
    corner: tuple[float, float]
    family: str
    colours: Mapping[str, NDArray[np.float64]]


def plan_of_reading(reading: Reading, prompt: str, seed: int) -> Plan:
    """The plan of what was read of a place; nothing beyond it is decided.

    Args:
        reading: Of a capture.
        prompt: Caption of the place: its family, words and colours count before those that are read.
        seed: Of what is imagined beyond.
    """
    family = read_family(prompt) or reading.family
    colours = tuple((name, tuple(map(float, colour))) for name, colour in reading.colours.items())
    corner = -SIDE // 2, -SIDE // 2
    offset = tuple(edge - first * CELL_METRES for edge, first in zip(reading.corner, corner, strict=True))
    plan = Plan(
        Imagined(seed, family, prompt), FAMILIES.index(family), (offset[0], offset[1]), colours=colours, is_read=True
    )
    known = (patches_of(reading.cells) != UNKNOWN).any(-1)
    objects = np.where(known, SHOWN_ELSEWHERE, UNSURE).astype(np.uint8)
    return plan.with_region(corner, reading.cells, objects)


def read_capture(reader: PlanReader, capture: Capture, far: float) -> Reading:
    """Cells, family and colours that a capture shows.

    Args:
        reader: Trained.
        capture: Posed keyframes with depth of a place with level ground, whose walls stand along the world's axes.
        far: Depth of the sky.
    """
    step = max(1, capture.depth.shape[1] // _LEAST_ROWS)
    intrinsics = capture.intrinsics / step
    points = points_of(
        capture.frames[:, ::step, ::step], capture.depth[:, ::step, ::step], capture.moving[:, ::step, ::step],
        capture.world_from_camera, intrinsics, ground_z=-OPENING_EYE_METRES, far_metres=far,
    )  # fmt: skip
    phase = _wall_phase(points)
    corner = phase[0] - SIDE / 2 * CELL_METRES, phase[1] - SIDE / 2 * CELL_METRES
    cells, family = _named(reader, points, corner)
    cells = _without_specks(cells)
    i, j = _patch_phase(cells, reader.borders.numpy())
    cells, corner = np.roll(cells, (-i, -j), (0, 1)), (corner[0] + i * CELL_METRES, corner[1] + j * CELL_METRES)
    cells[SIDE - i :], cells[:, SIDE - j :] = UNKNOWN, UNKNOWN
    return Reading(cells, corner, family, _colours(points, cells, corner))


def _wall_phase(points: Points) -> tuple[float, float]:
    """Metres in x and y, each in -0.25..0.25, from the world's origin to the lattice on which upright surfaces stand.

    What stands along one axis lies all over the other, so its points speak for one phase alone.
    """
    low, high = _UPRIGHT_METRES
    upright = points.places[(points.places[:, 2] > low) & (points.places[:, 2] < high), :2]
    if len(upright) < _FEWEST_POINTS:
        return 0.0, 0.0
    x, y = np.angle(np.exp(2j * np.pi * upright / CELL_METRES).mean(0)) / (2 * np.pi) * CELL_METRES
    return float(x), float(y)


def _named(reader: PlanReader, points: Points, corner: tuple[float, float]) -> tuple[Grid, str]:
    """The cells from a corner on, those that the reader is not sure of left out, and the family."""
    features = torch.from_numpy(features_of(points, corner))[None]
    with torch.inference_mode():
        classes, families = reader(features)
    shares, told = classes[0].softmax(0).max(0)
    cells = torch.where(touched_cells(features)[0] & (shares > _SURE), told, UNKNOWN)
    return cells.numpy().astype(np.uint8), FAMILIES[int(families[0].argmax())]


def _without_specks(cells: Grid) -> Grid:
    """Cells in which unknown ones are filled that have equal neighbours on three sides."""
    for _ in range(2):
        padded = np.pad(cells, 1, constant_values=UNKNOWN)
        sides = np.stack([padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]])
        for first, second, third in _THREE_SIDES:
            where = (cells == UNKNOWN) & (sides[first] == sides[second]) & (sides[first] == sides[third])
            cells = np.where(where, sides[first], cells)
    return cells


def _patch_phase(cells: Grid, borders: NDArray[np.float32]) -> tuple[int, int]:
    """The shift in cells along x and y at which borders between classes lie where those of real plans do."""
    found = []
    for laid in (cells, cells.T):
        first, second = laid[:-1], laid[1:]
        there = (first != second) & (first != UNKNOWN) & (second != UNKNOWN)
        row = np.broadcast_to(np.arange(1, len(laid))[:, None], first.shape)[there]
        likely = [borders[first[there], second[there], (row - shift) % PATCH].sum() for shift in range(PATCH)]
        found.append(int(np.argmax(likely)))
    return found[0], found[1]


def _colours(points: Points, cells: Grid, corner: tuple[float, float]) -> dict[str, NDArray[np.float64]]:
    """The median colours of what was read, for the groups of the theme."""
    at = np.floor((points.places[:, :2] - np.array(corner)) / CELL_METRES).astype(int)
    inside = ((at >= 0) & (at < SIDE)).all(1)
    at, z, colours = at[inside], points.places[inside, 2], points.colours[inside]
    areas = {group: (np.isin(cells, _numbers(stem)), low, high) for group, (stem, low, high) in _SEEN.items()}
    areas |= {group: (with_walls(cells, INDEX[name]), *_WALL_METRES) for group, name in _WALLED.items()}
    found = {}
    for group, (area, low, high) in areas.items():
        of = area[at[:, 0], at[:, 1]] & (z >= low) & (z < high)
        if of.sum() >= _FEWEST_POINTS:
            found[group] = np.median(colours[of], 0).astype(np.float64)
    return found


def _numbers(stem: str) -> list[int]:
    """The classes whose names begin with a stem."""
    return [number for number, name in enumerate(NAMES) if name.startswith(stem)]


def with_walls(cells: Grid, number: int) -> NDArray[np.bool_]:
    """The cells of a class, and the solid or unknown ones that touch them: points of a wall lie on either side."""
    own = np.pad(cells == number, 1)
    touched = own[:-2, 1:-1] | own[2:, 1:-1] | own[1:-1, :-2] | own[1:-1, 2:]
    return own[1:-1, 1:-1] | (touched & np.isin(cells, (INDEX["solid"], UNKNOWN)))
