"""How far one gets in imagined places.

    python benchmarks/imagined_walks.py [--walks 10] [--metres 200] [--sheet PATH] [--json PATH]

For each family, walks outward over free ground, half a metre a step, with what a step is due of drawing:
- arrived: share of walks that come so far from their start, as the crow flies.
- metres: median distance at the end.
- steps_per_metre: median steps for a metre of it.
- waited: share of steps on the spot, for ground that was not drawn yet.
- repeats: median over walks of the largest share of equal cells between two windows of 40 m more than 60 m apart, and
  the same between windows of two walks.
- seconds: of processor time for a step.

`--sheet` draws the plans from above, with the way in red.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from wm_gym.evaluation.layouts.walking import walk_outward
from wm_gym.layout.cells import PATCH, UNKNOWN, Grid, picture
from wm_gym.layout.imagination import Imagination, shipped_imagination
from wm_gym.layout.plan import Plan
from wm_gym.layout.windows import WINDOW
from wm_gym.networks.arithmetic import own_arithmetic
from wm_gym.plans import FAMILIES
from wm_gym.progress import progress_bar
from wm_gym.world_model import Imagined

_SHEET_CELLS, _FAR_METRES, _STEPS_PER_METRE = 480, 60.0, 8


def walk(imagination: Imagination, family: str, seed: int, metres: float) -> tuple[Plan, np.ndarray]:
    """The plan at the end of a walk, and its way (K, 2) in metres."""
    plan, way = imagination.opened(Imagined(seed, family)), [(0.0, 0.0)]
    for grown, x, y in walk_outward(imagination, plan, int(metres * _STEPS_PER_METRE)):
        plan = grown
        way.append((x, y))
        if np.hypot(x, y) >= metres:
            break
    return plan, np.array(way)


def windows_along(plan: Plan, way: np.ndarray) -> list[tuple[np.ndarray, Grid]]:
    """Windows round every 20 m of a way, with where they lie."""
    found = []
    for x, y in way[:: max(1, len(way) // 20)]:
        i, j = plan.cell_at(x, y)
        cells, _ = plan.region((i // PATCH * PATCH - WINDOW // 2, j // PATCH * PATCH - WINDOW // 2), WINDOW, WINDOW)
        found.append((np.array([x, y]), cells))
    return found


def alike(first: Grid, second: Grid) -> float:
    """Share of equal cells among those that are decided in both windows."""
    known = (first != UNKNOWN) & (second != UNKNOWN)
    return float((first == second)[known].mean()) if known.mean() > 0.5 else 0.0


def most_alike(
    ours: list[tuple[np.ndarray, Grid]], theirs: list[tuple[np.ndarray, Grid]], least_metres: float
) -> float:
    """The largest share of equal cells between windows at least so far apart."""
    pairs = [alike(a, b) for at, a in ours for other, b in theirs if np.hypot(*(at - other)) >= least_metres]
    return max(pairs, default=0.0)


def drawn(plan: Plan, way: np.ndarray) -> np.ndarray:
    """A picture of a plan, with the way in red; its middle is that of the way."""
    middle = plan.cell_at(*((way.min(0) + way.max(0)) / 2))
    corner = tuple((cell - _SHEET_CELLS // 2) // PATCH * PATCH for cell in middle)
    cells, _ = plan.region((corner[0], corner[1]), _SHEET_CELLS, _SHEET_CELLS)
    shown = picture(cells, 1)
    for x, y in way:
        i, j = (cell - first for cell, first in zip(plan.cell_at(x, y), corner, strict=True))
        if 1 <= i < _SHEET_CELLS - 1 and 1 <= j < _SHEET_CELLS - 1:
            shown[_SHEET_CELLS - 2 - j : _SHEET_CELLS - j, i : i + 2] = (255, 0, 0)
    return shown


def family_row(imagination: Imagination, family: str, count: int, metres: float) -> tuple[dict[str, Any], np.ndarray]:
    """Figures of one family, and pictures of its first walks."""
    began, walks = time.process_time(), []
    for seed in progress_bar(range(count), desc=family):
        walks.append(walk(imagination, family, 100 + seed, metres))
    steps = sum(len(way) - 1 for _, way in walks)
    far = np.array([np.hypot(*way[-1]) for _, way in walks])
    still = [float((np.abs(np.diff(way, axis=0)).sum(1) == 0).mean()) if len(way) > 1 else 1.0 for _, way in walks]
    along = [windows_along(*one) for one in walks]
    row = {
        "arrived": float((far >= metres).mean()),
        "metres": float(np.median(far)),
        "steps_per_metre": float(
            np.median([(len(way) - 1) / max(end, 1.0) for (_, way), end in zip(walks, far, strict=True)])
        ),
        "waited": float(np.mean(still)),
        "repeats (in a walk, between walks)": [
            float(np.median([most_alike(one, one, _FAR_METRES) for one in along])),
            float(np.median([most_alike(one, along[k - 1], 0.0) for k, one in enumerate(along)])),
        ],
        "seconds": (time.process_time() - began) / max(1, steps),
    }
    return row, np.concatenate([drawn(*one) for one in walks[:4]], 1)


def main() -> None:
    """Prints and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--walks", type=int, default=10)
    parser.add_argument("--metres", type=float, default=200.0)
    parser.add_argument("--families", nargs="+", default=list(FAMILIES[:-1]))
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    imagination, figures, pictures = shipped_imagination(), {}, []
    for family in asked.families:
        with own_arithmetic():
            figures[family], shown = family_row(imagination, family, asked.walks, asked.metres)
        pictures.append(shown)
        print(family, json.dumps(figures[family]))
    if asked.sheet:
        width = max(one.shape[1] for one in pictures)
        padded = [np.pad(one, ((0, 4), (0, width - one.shape[1]), (0, 0))) for one in pictures]
        Image.fromarray(np.concatenate(padded)).save(asked.sheet)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
