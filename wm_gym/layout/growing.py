"""Where a plan grows, and how fast: the window that is to be drawn next, and the plan some parts of a round on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wm_gym.layout.cells import CELL_METRES, PATCH, SHOWN_ELSEWHERE, UNKNOWN, UNSURE
from wm_gym.layout.doorways import with_doorways
from wm_gym.layout.network import ANY_FAMILY
from wm_gym.layout.plan import Corner, Plan
from wm_gym.layout.sampling import Drawing, Sampler, begun
from wm_gym.layout.sight import undecided_in_sight
from wm_gym.layout.windows import WINDOW
from wm_gym.layout.words import read_family, read_words
from wm_gym.plans import FAMILIES
from wm_gym.world_model import Imagined

_COARSE = 8
"""Cells along a side of the squares in which unknown ground is looked for, 4 m."""

_LEAST_CELLS = 2
"""Undecided cells in sight in such a square for which a window is drawn; one alone is a crack."""

_LEAST_KNOWN_METRES = 10.0

_ROUND_METRES = 12.0
"""Undecided ground that is so near is drawn a round in each step; farther ground by as much less."""

_MOST_PARTS = 4
"""Parts of rounds that a step draws at most, so that no step takes twice as long as others."""


AHEAD_METRES = 34.0
"""How far ahead of a body plans are decided, where nothing else is asked for."""


@dataclass(frozen=True)
class GrowthConfig:
    """How far ahead of a body a plan is decided.

    Attributes:
        reach_metres: Unknown ground nearer than this is drawn, if the body sees it or will soon.
        ahead: How much nearer ground ahead counts than ground behind, 0 to 1.
    """

    reach_metres: float = AHEAD_METRES
    ahead: float = 0.35


@dataclass(frozen=True, eq=False)
class Watcher:
    """A body that undecided ground is drawn for.

    Attributes:
        x: Metres, world frame.
        y: Metres, world frame.
        heading_radians: Counter-clockwise from x.
        ways: (R,) radians, where it sees what is not shown by anything else; None for all round.
    """

    x: float = 0.0
    y: float = 0.0
    heading_radians: float = 0.0
    ways: NDArray[np.float64] | None = None


def empty_plan(place: Imagined) -> Plan:
    """The plan of a place of which nothing is decided; its family is that of the name, the sentence, or chance.

    Raises:
        ValueError: If there is no such family.
    """
    family = place.family or read_family(place.sentence)
    if family is not None and family not in FAMILIES:
        raise ValueError(f"family of an imagined place must be one of {list(FAMILIES)}, got {family!r}")
    drawn = int(np.random.default_rng([place.seed, 53]).integers(ANY_FAMILY - 1))
    return Plan(place, drawn if family is None else FAMILIES.index(family))


@dataclass(frozen=True)
class Undecided:
    """Undecided ground that a body sees.

    Attributes:
        way: (2,) metres from the body to it, world frame.
        metres: How far away it counts: ahead as far as it lies, elsewhere as farther.
    """

    way: NDArray[np.float64]
    metres: float


def nearest_undecided(plan: Plan, watcher: Watcher, config: GrowthConfig) -> Undecided | None:
    """The nearest undecided ground in sight that counts as within reach, or None where there is none."""
    x, y, heading = watcher.x, watcher.y, watcher.heading_radians
    side = 2 * int(config.reach_metres / CELL_METRES / _COARSE) + 4
    i, j = (_lattice(cell, _COARSE) - side // 2 * _COARSE for cell in plan.cell_at(x, y))
    cells, _ = plan.region((i, j), side * _COARSE, side * _COARSE)
    at = (x - plan.offset[0]) / CELL_METRES - i, (y - plan.offset[1]) / CELL_METRES - j
    in_sight = undecided_in_sight(cells, at, config.reach_metres, watcher.ways).reshape(side, _COARSE, side, _COARSE)
    unknown = np.argwhere(in_sight.sum((1, 3)) >= _LEAST_CELLS)
    if not len(unknown):
        return None
    ways = ((unknown + 0.5) * _COARSE + (i, j)) * CELL_METRES + np.array(plan.offset) - (x, y)
    away = np.hypot(*ways.T)
    turned = (ways @ (np.cos(heading), np.sin(heading))) / np.maximum(away, 1e-6)
    counted = away * (1 - config.ahead * turned) / (1 - config.ahead)
    best = int(counted.argmin())
    return None if counted[best] > config.reach_metres else Undecided(ways[best], float(counted[best]))


def next_window(plan: Plan, watcher: Watcher, config: GrowthConfig) -> Corner | None:
    """The first cell of the window that decides the nearest unknown ground in sight, or None where none is."""
    nearest = nearest_undecided(plan, watcher, config)
    if nearest is None:
        return None
    away = max(float(np.hypot(*nearest.way)), 1e-6)
    ahead = 1 - min(_LEAST_KNOWN_METRES, away) / away
    first = plan.cell_at(watcher.x + ahead * nearest.way[0], watcher.y + ahead * nearest.way[1])
    return _lattice(first[0], PATCH) - WINDOW // 2, _lattice(first[1], PATCH) - WINDOW // 2


def parts_due(plan: Plan, watcher: Watcher, config: GrowthConfig, sampler: Sampler) -> int:
    """How many parts of rounds a step draws: the more, the nearer the undecided ground in sight is."""
    assert plan.drawing is not None
    nearest, of_round = nearest_undecided(plan, watcher, config), sampler.parts(plan.drawing)
    if nearest is None:
        return 1
    return min(math.ceil(of_round * _ROUND_METRES / max(nearest.metres, 1.0)), of_round, _MOST_PARTS)


def _lattice(cell: int, step: int) -> int:
    return cell // step * step


def with_window(plan: Plan, corner: Corner, sampler: Sampler) -> Plan:
    """The plan whose window at `corner` is about to be drawn."""
    cells, objects = plan.region(corner, WINDOW, WINDOW)
    objects = np.where(objects == SHOWN_ELSEWHERE, UNSURE, objects)
    seed = plan.place.seed & 0xFFFFFFFF, corner[0] & 0xFFFFFFFF, corner[1] & 0xFFFFFFFF, plan.windows
    words = read_words(plan.place.sentence)
    return replace(plan, drawing=begun(cells, objects, plan.family, words, seed, sampler.config), corner=corner)


def advanced(plan: Plan, sampler: Sampler, parts: int) -> Plan:
    """The plan whose window is some parts of rounds on; a window that is done is taken over."""
    drawing = plan.drawing
    assert drawing is not None
    for _ in range(parts):
        drawing = sampler.partly_advanced(drawing)
        if drawing.is_done:
            return _with_drawn(plan, drawing)
    return replace(plan, drawing=drawing)


def finished(plan: Plan, sampler: Sampler) -> Plan:
    """The plan whose window is drawn to its end."""
    assert plan.drawing is not None
    return _with_drawn(plan, sampler.filled(plan.drawing))


def _with_drawn(plan: Plan, drawing: Drawing) -> Plan:
    cells = with_doorways(drawing.cells, drawing.given == UNKNOWN, plan.family)
    done = plan.with_region(plan.corner, cells, drawing.objects)
    return replace(done, drawing=None, windows=plan.windows + 1)


def drawn(plan: Plan, corner: Corner, sampler: Sampler) -> Plan:
    """The plan with the window at `corner` decided."""
    return finished(with_window(plan, corner, sampler), sampler)
