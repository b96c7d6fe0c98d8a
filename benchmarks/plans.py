"""Variety and size of the twin's plans.

    python benchmarks/plans.py [--seeds 1000] [--sheet PATH] [--json PATH]

For each family:
- topologies: different graphs of spaces, up to the names of their nodes, among the plans of the first seeds.
- drafts a second of processor time.
- outward: metres straight from the start to the farthest wall of the extent along one of the four axes, median; how far
  one could go outward at most before the border.
- longest: metres from the start to the farthest space, as the crow flies, median.

`--sheet` draws plans from above.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wm_gym.plans import Draft, draft_of, topology_of
from wm_gym.progress import progress_bar
from wm_gym.scenes.families import FAMILIES

SIDE, COLUMNS = 108, 10
_MATTER = (42, 42, 46)
_GREEN, _PAVED, _ROAD, _WATER, _WOOD = (120, 190, 90), (212, 198, 176), (112, 116, 126), (70, 140, 220), (150, 105, 60)
_COLOURS = {
    "lawn": _GREEN, "inner_court": _GREEN, "hedge": (40, 95, 50), "low_hedge": (60, 120, 60), "bed": (235, 95, 110),
    "pavement": _PAVED, "cobbles": (190, 165, 140), "plaza": (226, 206, 176), "path": (228, 206, 166),
    "lane_x": _ROAD, "lane_y": _ROAD, "asphalt": _ROAD, "yard": _ROAD, "zebra_x": (240, 240, 240),
    "zebra_y": (240, 240, 240), "pond": _WATER, "pool": _WATER, "fountain": (60, 170, 230), "bank": (226, 218, 204),
    "room": (200, 190, 220), "corridor": (240, 225, 190), "door": (250, 250, 250), "court": (186, 186, 200),
    "walk": (226, 206, 176), "arch": (216, 196, 166), "passage": (240, 230, 200), "mouth": (240, 230, 200),
    "hall": (186, 200, 210), "gate": (250, 235, 120), "rack": (80, 100, 180), "container": (220, 120, 50),
    "pillar": _MATTER, "window": (120, 190, 235), "dock": (200, 60, 60), "rug": (170, 50, 70),
    "pallets": (245, 205, 70), "car": (200, 40, 40), "cabin": (150, 190, 220), "low_wall": (150, 140, 130),
}  # fmt: skip
_ROOFS = ((200, 120, 95), (190, 160, 90), (110, 160, 140), (110, 140, 180), (160, 80, 65), (190, 180, 150))


def drawn(draft: Draft, scale: float) -> NDArray[np.uint8]:
    """(`SIDE`, `SIDE`, 3) picture of a draft from above, `scale` pixels to the metre."""
    picture = np.full((SIDE, SIDE, 3), _MATTER, np.uint8)
    x, y = (SIDE / scale / 2 - value for value in draft.extent.centre)
    for patch in draft.patches:
        rect = patch.rect.moved(x, y).scaled(scale)
        house = patch.kind in ("house", "last_house")
        colour = _ROOFS[patch.look % len(_ROOFS)] if house else _COLOURS.get(patch.kind, _WOOD)
        rows = slice(round(rect.y0), max(round(rect.y0) + 1, round(rect.y1)))
        picture[rows, round(rect.x0) : max(round(rect.x0) + 1, round(rect.x1))] = colour
    for spot in (spot for spot in draft.spots if spot.kind == "tree"):
        picture[int((spot.y + y) * scale), int((spot.x + x) * scale)] = (30, 80, 35)
    return picture[::-1]


def sheet(rows: int) -> Image.Image:
    """`rows` rows of plans of each family, all to one scale."""
    lines = []
    for family in FAMILIES:
        drafts = [draft_of(family, seed) for seed in range(rows * COLUMNS)]
        pictures = [drawn(draft, (SIDE - 4) / 120) for draft in drafts]
        lines += [np.concatenate(pictures[n : n + COLUMNS], 1) for n in range(0, len(pictures), COLUMNS)]
    return Image.fromarray(np.concatenate(lines))


def outward(draft: Draft) -> float:
    """Metres from the start to the farthest side of the extent."""
    x, y, _ = draft.start
    extent = draft.extent
    return max(x - extent.x0, extent.x1 - x, y - extent.y0, extent.y1 - y)


def longest(draft: Draft) -> float:
    """Metres from the start to the middle of the farthest space."""
    x, y, _ = draft.start
    return max(float(np.hypot(space.rect.centre[0] - x, space.rect.centre[1] - y)) for space in draft.spaces)


def measured(family: str, seeds: int) -> dict[str, float]:
    """The figures of one family."""
    began = time.process_time()
    drafts = [draft_of(family, seed) for seed in range(seeds)]
    seconds = time.process_time() - began
    return {
        "topologies": len({topology_of(draft) for draft in drafts}),
        "drafts_per_second": seeds / seconds,
        "outward_metres": float(np.median([outward(draft) for draft in drafts])),
        "longest_metres": float(np.median([longest(draft) for draft in drafts])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1, help="rows of ten plans of each family on the sheet")
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    table = {family: measured(family, asked.seeds) for family in progress_bar(FAMILIES)}
    for family, figures in table.items():
        print(f"{family:10}" + "".join(f"  {name} {value:.0f}" for name, value in figures.items()))
    if asked.sheet:
        sheet(asked.rows).quantize(64, dither=Image.Dither.NONE).save(asked.sheet, optimize=True)
    if asked.json:
        asked.json.write_text(json.dumps({"seeds": asked.seeds, "families": table}, indent=2))


if __name__ == "__main__":
    main()
