"""Where a plan grows: the window that is to be drawn next, and the plan one round of drawing on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wm_gym.layout.cells import CELL_METRES, PATCH, SHOWN_ELSEWHERE, UNKNOWN, UNSURE
from wm_gym.layout.doorways import with_doorways
from wm_gym.layout.network import ANY_FAMILY
from wm_gym.layout.plan import Corner, Plan
from wm_gym.layout.sampling import Sampler, begun
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


def next_window(plan: Plan, watcher: Watcher, config: GrowthConfig) -> Corner | None:
    """The first cell of the window that decides the nearest unknown ground in sight, or None where none is."""
    x, y, heading = watcher.x, watcher.y, watcher.heading_radians
    side = 2 * int(config.reach_metres / CELL_METRES / _COARSE) + 4
    i, j = (_lattice(cell, _COARSE) - side // 2 * _COARSE for cell in plan.cell_at(x, y))
    cells, _ = plan.region((i, j), side * _COARSE, side * _COARSE)
    at = (x - plan.offset[0]) / CELL_METRES - i, (y - plan.offset[1]) / CELL_METRES - j
    in_sight = undecided_in_sight(cells, at, config.reach_metres, watcher.ways).reshape(side, _COARSE, side, _COARSE)
    unknown = np.argwhere(in_sight.sum((1, 3)) >= _LEAST_CELLS)
    if not len(unknown):
        return None
    middles = ((unknown + 0.5) * _COARSE + (i, j)) * CELL_METRES + np.array(plan.offset)
    way = middles - (x, y)
    away = np.hypot(*way.T)
    costs = away * (1 - config.ahead * (way @ (np.cos(heading), np.sin(heading))) / np.maximum(away, 1e-6))
    best = int(costs.argmin())
    if costs[best] > config.reach_metres * (1 - config.ahead):
        return None
    back = min(_LEAST_KNOWN_METRES, float(away[best])) / max(float(away[best]), 1e-6)
    centre = middles[best] - back * way[best]
    first = plan.cell_at(*centre)
    return _lattice(first[0], PATCH) - WINDOW // 2, _lattice(first[1], PATCH) - WINDOW // 2


def _lattice(cell: int, step: int) -> int:
    return cell // step * step


def with_window(plan: Plan, corner: Corner, sampler: Sampler) -> Plan:
    """The plan whose window at `corner` is about to be drawn."""
    cells, objects = plan.region(corner, WINDOW, WINDOW)
    objects = np.where(objects == SHOWN_ELSEWHERE, UNSURE, objects)
    seed = plan.place.seed & 0xFFFFFFFF, corner[0] & 0xFFFFFFFF, corner[1] & 0xFFFFFFFF, plan.windows
    words = read_words(plan.place.sentence)
    return replace(plan, drawing=begun(cells, objects, plan.family, words, seed, sampler.config), corner=corner)


def advanced(plan: Plan, sampler: Sampler) -> Plan:
    """The plan whose window is one round on; a window that is done is taken over."""
    assert plan.drawing is not None
    drawing = sampler.advanced(plan.drawing)
    if not drawing.is_done:
        return replace(plan, drawing=drawing)
    cells = with_doorways(drawing.cells, drawing.given == UNKNOWN, plan.family)
    done = plan.with_region(plan.corner, cells, drawing.objects)
    return replace(done, drawing=None, windows=plan.windows + 1)


def drawn(plan: Plan, corner: Corner, sampler: Sampler) -> Plan:
    """The plan with the window at `corner` decided."""
    plan = with_window(plan, corner, sampler)
    while plan.drawing is not None:
        plan = advanced(plan, sampler)
    return plan
