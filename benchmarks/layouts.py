"""Imagined plans beside real ones.

    python benchmarks/layouts.py [--windows 64] [--words 10] [--sheet PATH] [--json PATH]

For each family, on windows of 40 m drawn from nothing beside held-out real ones, and real beside other real ones:
- shares, pairs: divergence in bits of the classes of cells, and of pairs of neighbours.
- largest_walkable, wall_metres, road_metres, room_square_metres, objects_per_hectare.
Over all families:
- judge: share of windows that a small network tells right, imagined from real, and real from real.
- between_seeds: share of unknown cells in which two seeds differ, and in which a seed differs from the truth, after a
  half-plane, a view and a disc; borders: share of equal neighbours across the border of what is known, truth beside.
- nearest: median share of cells that an imagined window shares with the nearest training window, held-out ones beside.
- words: for each word, how often it is there when it is asked for and away when it is denied.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wm_gym.evaluation.layouts.figures import SCALARS, Windows, divergence, pair_shares, shares
from wm_gym.evaluation.layouts.judging import told_apart
from wm_gym.layout.cells import PATCH, UNKNOWN, UNSURE, Grid, picture
from wm_gym.layout.sampling import Sampler, begun
from wm_gym.layout.weights import SHIPPED, load_layout
from wm_gym.layout.windows import WINDOW, known_objects, known_part
from wm_gym.layout.words import WITH, WITHOUT, WORD_NAMES, shown_words
from wm_gym.networks.arithmetic import own_arithmetic
from wm_gym.plans import FAMILIES
from wm_gym.progress import progress_bar
from wm_gym.train_world.layout.samples import Window, draw_window

PLAIN = FAMILIES[:-1]
GRID = WINDOW // PATCH
KINDS = ("half", "view", "disc")
_NO_WORDS = np.zeros(len(WORD_NAMES), np.int64)
_TRUTHS = 6
_WORD_FAMILIES = {
    "trees": "city", "lamps": "courtyard", "fountains": "city", "plants": "rooms", "water": "park", "cars": "city",
    "flowers": "park", "hedges": "park", "benches": "park", "grass": "city", "squares": "city", "narrow": "city",
    "wide": "city", "furniture": "rooms", "rugs": "rooms", "corridors": "rooms", "racks": "warehouse",
    "crates": "warehouse", "containers": "warehouse", "arcades": "courtyard", "tall": "city", "low": "city",
}  # fmt: skip


def imagined(sampler: Sampler, family: int, seed: int, words: NDArray[np.int64] = _NO_WORDS) -> Window:
    """A window that is drawn from nothing."""
    cells = np.full((WINDOW, WINDOW), UNKNOWN, np.uint8)
    objects = np.full((GRID, GRID), UNSURE, np.uint8)
    done = sampler.filled(begun(cells, objects, family, words, (family, seed), sampler.config))
    return Window(done.cells, done.objects, family)


def set_of(windows: list[Window]) -> Windows:
    """Windows as arrays."""
    return Windows(np.stack([one.cells for one in windows]), np.stack([one.objects for one in windows]))


def family_row(made: Windows, real: Windows, other: Windows) -> dict[str, Any]:
    """Figures of one family: imagined beside real, and real beside real."""
    row: dict[str, Any] = {
        "shares": [divergence(shares(real), shares(one)) for one in (made, other)],
        "pairs": [divergence(pair_shares(real), pair_shares(one)) for one in (made, other)],
    }
    return row | {name: [figure(made), figure(real)] for name, figure in SCALARS.items()}


def borders_and_seeds(sampler: Sampler, family: int) -> dict[str, list[float]]:
    """What two seeds make of the same known parts."""
    rng, found = np.random.default_rng([family, 5]), {}
    for kind in KINDS:
        rows = []
        for number in range(_TRUTHS):
            truth = draw_window(rng, held_out=True, family=family)
            known = known_part(truth.cells, rng, kind)
            cells = np.where(known, truth.cells, UNKNOWN).astype(np.uint8)
            objects = known_objects(truth.objects, known)
            made = [
                sampler.filled(begun(cells, objects, family, _NO_WORDS, (number, seed), sampler.config)).cells
                for seed in range(2)
            ]
            hidden = ~known & (truth.cells != UNKNOWN)
            rows.append(
                ((made[0] != made[1])[hidden].mean(), (made[0] != truth.cells)[hidden].mean(),
                 border(made[0], known), border(truth.cells, known))
            )  # fmt: skip
        found[kind] = np.mean(rows, 0).tolist()
    return found


def border(cells: Grid, known: NDArray[np.bool_]) -> float:
    """Share of equal neighbours of which one is known."""
    same = []
    for axis in (0, 1):
        first, second = (np.take(known, range(k, known.shape[axis] - 1 + k), axis) for k in (0, 1))
        a, b = (np.take(cells, range(k, known.shape[axis] - 1 + k), axis) for k in (0, 1))
        where = (first != second) & (a != UNKNOWN) & (b != UNKNOWN)
        same.append((a == b)[where])
    every = np.concatenate(same)
    return float(every.mean()) if len(every) else 1.0


def nearest(windows: Grid, training: Grid) -> float:
    """Median share of cells that windows share with the nearest of the training ones."""
    return float(np.median([(training == window).mean((1, 2)).max() for window in windows]))


def word_row(sampler: Sampler, word: str, count: int) -> list[float]:
    """Shares of windows in which a word is obeyed when it is asked for, and when it is denied."""
    at, family = WORD_NAMES.index(word), FAMILIES.index(_WORD_FAMILIES[word])
    obeyed = []
    for told in (WITH, WITHOUT):
        words = _NO_WORDS.copy()
        words[at] = told
        made = [imagined(sampler, family, 1000 + seed, words) for seed in range(count)]
        shown = [shown_words(one.cells, one.objects)[at] for one in made]
        obeyed.append(float(np.mean([one == told for one in shown])))
    return obeyed


def main() -> None:
    """Prints and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=SHIPPED)
    parser.add_argument("--windows", type=int, default=64)
    parser.add_argument("--words", type=int, default=10)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with own_arithmetic():
        figures = measure(Sampler(load_layout(asked.weights)), asked.windows, asked.words, asked.sheet)
    print(json.dumps(figures, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))


def measure(sampler: Sampler, count: int, num_words: int, sheet: Path | None) -> dict[str, Any]:
    """All figures; a sheet of the first windows of each family, real ones on the left."""
    rng, rows, figures = np.random.default_rng(1), [], dict[str, Any]()
    made_all, real_all, other_all = [], [], []
    for family, name in enumerate(progress_bar(PLAIN, desc="families")):
        made = [imagined(sampler, family, seed) for seed in range(count)]
        real = [draw_window(rng, held_out=True, family=family) for _ in range(count)]
        other = [draw_window(rng, family=family) for _ in range(count)]
        figures[name] = family_row(set_of(made), set_of(real), set_of(other)) | {
            "between_seeds, to_truth, border, true_border": borders_and_seeds(sampler, family)
        }
        rows.append(np.concatenate([picture(one.cells, 2) for one in (*real[:3], *made[:5])], 1))
        made_all += made
        real_all += real
        other_all += other
    made_cells, real_cells, other_cells = (set_of(one).cells for one in (made_all, real_all, other_all))
    order = np.random.default_rng(2).permutation(len(made_cells))
    figures["judge (imagined, real against real)"] = [
        told_apart(np.where(real_cells == UNKNOWN, UNKNOWN, made_cells)[order], real_cells[order]),
        told_apart(np.where(real_cells == UNKNOWN, UNKNOWN, other_cells)[order], real_cells[order]),
    ]
    training = np.stack([draw_window(rng).cells for _ in range(2000)])
    figures["nearest (imagined, held out)"] = [nearest(one[::5], training) for one in (made_cells, real_cells)]
    if num_words:
        figures["words (asked for, denied)"] = {
            word: word_row(sampler, word, num_words) for word in progress_bar(list(_WORD_FAMILIES), desc="words")
        }
    if sheet is not None:
        Image.fromarray(np.concatenate(rows)).save(sheet)
    return figures


if __name__ == "__main__":
    main()
