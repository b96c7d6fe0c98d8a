"""Imagination: places opened from a name, a seed and a sentence, continued ahead of a body, and shown to cameras."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

from wm_gym.geometry.motion import OPENING_EYE_METRES
from wm_gym.last_used import LastUsed
from wm_gym.layout.casting import Board, Cast, cast
from wm_gym.layout.cells import CEILINGS, CELL_METRES, INDEX, OBJECTS, PATCH, WALKS, Grid
from wm_gym.layout.entry import Reading, plan_of_reading, read_capture
from wm_gym.layout.growing import (
    GrowthConfig,
    Watcher,
    advanced,
    drawn,
    empty_plan,
    finished,
    next_window,
    parts_due,
    with_window,
)
from wm_gym.layout.plan import Plan, object_places
from wm_gym.layout.reader_weights import SHIPPED as SHIPPED_READER
from wm_gym.layout.reader_weights import load_plan_reader
from wm_gym.layout.reading import PlanReader
from wm_gym.layout.regions import clearance, connected, largest
from wm_gym.layout.sampling import Sampler
from wm_gym.layout.surfaces import Surfaces
from wm_gym.layout.theme import imagine_theme
from wm_gym.layout.tile_network import TileNetwork
from wm_gym.layout.tile_weights import SHIPPED as SHIPPED_TILES
from wm_gym.layout.tile_weights import load_tiles
from wm_gym.layout.weights import SHIPPED as SHIPPED_LAYOUT
from wm_gym.layout.weights import load_layout
from wm_gym.layout.windows import WINDOW, turned
from wm_gym.world_model import Capture, Imagined

_FAR_METRES = 64.0
_KEPT_THEMES, _KEPT_PLANS = 64, 128
_START_CELLS, _CLEAR_CELLS, _LONGEST_VIEW = 28, 2.0, 40
_OPENING_REACH_METRES, _MOST_OPENING_WINDOWS = 26.0, 3
_LEAST_OPEN_CELLS, _MOST_OPENINGS = 400, 4
_RADII = {"tree": 0.4, "lamp": 0.25, "plant": 0.35}
_LAMP_METRES = 3.45


class Imagination:
    """The networks of imagined places. Holds no place: each is a `Plan` that goes in and out."""

    def __init__(
        self,
        sampler: Sampler,
        tiles: TileNetwork,
        reader: PlanReader,
        weights: str = "",
    ) -> None:
        """Imagine with trained networks.

        Args:
            sampler: Draws plans.
            tiles: Draws their looks.
            reader: Reads plans off captures.
            weights: Hash of the networks.
        """
        self.sampler, self.tiles, self.reader = sampler, tiles, reader
        self.weights = weights
        self._themes: LastUsed[Hashable, Surfaces] = LastUsed(_KEPT_THEMES)
        self._opened: LastUsed[Imagined, Plan] = LastUsed(_KEPT_PLANS)
        self._readings: WeakKeyDictionary[Capture, Reading] = WeakKeyDictionary()

    def opened(self, place: Imagined) -> Plan:
        """The plan of a place round its start, which lies at the world's origin and looks along x over free ground.

        Raises:
            ValueError: If there is no such family.
        """
        return self._opened.get(place, lambda: self._open(place))

    def read(self, capture: Capture, prompt: str, seed: int, far_metres: float) -> Plan:
        """The plan of what a capture shows, as `entry.plan_of_reading`; nothing beyond it is decided yet."""
        reading = self._readings.get(capture)
        if reading is None:
            reading = self._readings[capture] = read_capture(self.reader, capture, far_metres)
        return plan_of_reading(reading, prompt, seed)

    def _open(self, place: Imagined) -> Plan:
        empty = empty_plan(place)
        first = first_drawn(empty, self.sampler)
        cells, objects = first.region((-WINDOW // 2, -WINDOW // 2), WINDOW, WINDOW)
        (i, j), quarter = best_start(cells)
        # the plan is turned, so that the body looks along x
        cells, objects = turned(cells, objects, -quarter % 4)
        i, j = _turned_spot(i, j, -quarter % 4, WINDOW)
        offset = -(i + 0.5 - WINDOW // 2) * CELL_METRES, -(j + 0.5 - WINDOW // 2) * CELL_METRES
        plan = replace(empty, offset=offset, windows=1).with_region((-WINDOW // 2, -WINDOW // 2), cells, objects)
        near = GrowthConfig(_OPENING_REACH_METRES)
        for _ in range(_MOST_OPENING_WINDOWS - 1):
            corner = next_window(plan, Watcher(), near)
            if corner is None:
                break
            plan = drawn(plan, corner, self.sampler)
        return plan

    def continued(self, plan: Plan, watcher: Watcher, growth: GrowthConfig | None = None) -> Plan:
        """The plan drawn on by what a step is due, if undecided ground is near a body and in its sight."""
        growth = growth or GrowthConfig()
        if plan.drawing is None:
            corner = next_window(plan, watcher, growth)
            if corner is None:
                return plan
            plan = with_window(plan, corner, self.sampler)
        return advanced(plan, self.sampler, parts_due(plan, watcher, growth, self.sampler))

    def finished(self, plan: Plan) -> Plan:
        """The plan whose window is drawn to its end, where one is being drawn."""
        return plan if plan.drawing is None else finished(plan, self.sampler)

    def theme(self, plan: Plan) -> Surfaces:
        """The looks of a plan."""
        place = plan.place
        return self._themes.get(
            (place.seed, place.sentence, plan.colours),
            lambda: imagine_theme(self.tiles, place.seed, place.sentence, dict(plan.colours)),
        )

    def shown(
        self, plan: Plan, board: Board, world_from_camera: NDArray[np.float64], intrinsics: NDArray[np.float64],
        asked: NDArray[np.bool_], far_metres: float,
    ) -> Cast:  # fmt: skip
        """What a camera sees of a plan, as `casting.cast`."""
        return cast(board, self.theme(plan), world_from_camera, intrinsics, asked, far_metres)


def first_drawn(empty: Plan, sampler: Sampler) -> Plan:
    """A plan round the origin with room to stand; windows of solid matter alone are drawn again."""
    corner = -WINDOW // 2, -WINDOW // 2
    plan = drawn(empty, corner, sampler)
    for attempt in range(1, _MOST_OPENINGS):
        if int(largest(WALKS[plan.region(corner, WINDOW, WINDOW)[0]]).sum()) >= _LEAST_OPEN_CELLS:
            break
        plan = drawn(replace(empty, windows=attempt), corner, sampler)
    return plan


def board_round(plan: Plan, x: float, y: float, reach_metres: float = _FAR_METRES) -> Board:
    """The part of a plan round a point in metres, world frame, ready to be cast."""
    side = int(2 * reach_metres / CELL_METRES) // PATCH * PATCH
    i, j = (cell // PATCH * PATCH - side // 2 for cell in plan.cell_at(x, y))
    cells, objects = plan.region((i, j), side, side)
    origin = plan.offset[0] + i * CELL_METRES, plan.offset[1] + j * CELL_METRES
    counts = np.bincount(cells[WALKS[cells]], minlength=1)
    ground = int(counts.argmax()) if counts.any() else INDEX["lawn"]
    return Board(cells, origin, -OPENING_EYE_METRES, object_places(plan, (i, j), objects), ground)


def best_start(cells: Grid) -> tuple[tuple[int, int], int]:
    """A cell to start on near the middle of a window, and the quarter turn that has the longest free view."""
    biggest = largest(WALKS[cells])
    if not biggest.any():
        return (len(cells) // 2, len(cells) // 2), 0
    room = clearance(biggest)
    middle = np.array(cells.shape) / 2 - 0.5
    spots = np.argwhere(biggest)
    near = spots[np.abs(spots - middle).max(1) < _START_CELLS]
    spots = near if len(near) else spots
    roomy = spots[room[tuple(spots.T)] >= min(_CLEAR_CELLS, room[tuple(spots.T)].max())]
    best, best_score = ((int(roomy[0][0]), int(roomy[0][1])), 0), -1.0
    for i, j in roomy[:: max(1, len(roomy) // 200)].tolist():
        for quarter in range(4):
            score = min(_view(biggest, i, j, quarter), _LONGEST_VIEW) + min(float(room[i, j]), 8.0)
            if score > best_score:
                best, best_score = ((i, j), quarter), score
    return best


def _view(free: NDArray[np.bool_], i: int, j: int, quarter: int) -> int:
    """Free cells ahead of a cell."""
    di, dj = ((1, 0), (0, 1), (-1, 0), (0, -1))[quarter]
    count = 0
    while 0 <= i < len(free) and 0 <= j < free.shape[1] and free[i, j]:
        i, j, count = i + di, j + dj, count + 1
    return count


def _turned_spot(i: int, j: int, quarters: int, side: int) -> tuple[int, int]:
    """Where a cell lies after its window is turned as `windows.turned` turns it."""
    for _ in range(quarters):
        i, j = side - 1 - j, i
    return i, j


def lamps_of(plan: Plan, reach_metres: float = 40.0) -> NDArray[np.float64]:
    """(L, 3) metres, world frame: the lights of the lamps near the start of a plan."""
    found = board_round(plan, 0.0, 0.0, reach_metres).objects
    lamps = found[found[:, 0] == OBJECTS.index("lamp")]
    return np.column_stack([lamps[:, 1:], np.full(len(lamps), _LAMP_METRES - OPENING_EYE_METRES)])


def standing_places(plan: Plan, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(W, 2) metres, world frame: places near the start to which a body can walk, the start first."""
    board = board_round(plan, 0.0, 0.0, 30.0)
    free = binary_erosion(WALKS[board.grid] & (CEILINGS[board.grid] > OPENING_EYE_METRES), iterations=1)
    at = ((-np.array(board.origin)) / CELL_METRES).astype(int)
    labels, _ = connected(np.asarray(free, np.bool_))
    own = labels[tuple(at)]
    spots = np.argwhere(labels == own) if own else np.zeros((0, 2), int)
    chosen = spots[rng.permutation(len(spots))[:count]]
    places = (chosen + 0.5) * CELL_METRES + np.array(board.origin)
    return np.concatenate([np.zeros((1, 2)), places]).astype(np.float64)


def blocked(plan: Plan, positions: NDArray[np.float64], radius_metres: float) -> NDArray[np.bool_]:
    """(M,) whether a body of this radius at (M, 2) metres would stand in something, or on undecided ground."""
    positions = np.asarray(positions, np.float64)
    low = np.floor((positions.min(0) - radius_metres - np.array(plan.offset)) / CELL_METRES).astype(int) - PATCH
    high = np.ceil((positions.max(0) + radius_metres - np.array(plan.offset)) / CELL_METRES).astype(int) + PATCH
    i, j = (int(v) // PATCH * PATCH for v in low)
    columns, rows = (-(-(int(v) - first) // PATCH) * PATCH for v, first in zip(high, (i, j), strict=True))
    cells, objects = plan.region((i, j), columns, rows)
    solid = np.argwhere(~WALKS[cells])
    corners = ((solid + np.array((i, j))) * CELL_METRES + np.array(plan.offset)).astype(np.float64)
    found = _near_squares(positions, corners, radius_metres)
    for kind, x, y in object_places(plan, (i, j), objects):
        reach = _RADII.get(OBJECTS[int(kind)], 0.0)
        if reach:
            found |= np.hypot(positions[:, 0] - x, positions[:, 1] - y) < reach + radius_metres
    return found


def _near_squares(positions: NDArray[np.float64], corners: NDArray[np.float64], radius: float) -> NDArray[np.bool_]:
    """Whether positions lie nearer than a radius to any of the cells with these first corners."""
    if not len(corners):
        return np.zeros(len(positions), bool)
    gaps = positions[:, None] - np.clip(positions[:, None], corners[None], corners[None] + CELL_METRES)
    return np.asarray((np.hypot(gaps[..., 0], gaps[..., 1]) < radius).any(1), np.bool_)


@lru_cache(maxsize=1)
def shipped_imagination() -> Imagination:
    """The networks that are shipped with the package."""
    return load_imagination(SHIPPED_LAYOUT, SHIPPED_TILES, SHIPPED_READER)


def load_imagination(layout: Path, tiles: Path, reader: Path) -> Imagination:
    """The networks of three files.

    Raises:
        ValueError: If one cannot be read.
    """
    networks = Sampler(load_layout(layout)), load_tiles(tiles), load_plan_reader(reader)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (layout, tiles, reader))).hexdigest()
    return Imagination(*networks, weights=digest)
