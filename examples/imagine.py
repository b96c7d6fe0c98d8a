"""Places from sentences: for each a plan and what is seen from its start, for several seeds.

python examples/imagine.py --output imagined.png "a narrow street with green trees and red houses"
python examples/imagine.py --output imagined.png            # some thirty sentences
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.layout.cells import CELL_METRES, FAMILIES, picture
from wm_gym.layout.imagination import Imagination, board_round, shipped_imagination
from wm_gym.networks.arithmetic import own_arithmetic
from wm_gym.progress import progress_bar
from wm_gym.world_model import Imagined

SENTENCES = (
    "a narrow street with green trees and red houses",
    "a wide avenue with tall blue buildings and parked cars",
    "a village street with low yellow cottages",
    "a town square with a fountain, pink and white houses",
    "a city without trees, grey buildings under a golden evening sky",
    "cobbled alleys between orange houses",
    "a road with many lamps and lavender houses",
    "a park with a pond and golden trees",
    "a park without water, with many hedges",
    "a garden with flowers and pink trees under a turquoise sky",
    "a meadow with dark green trees",
    "a park with benches and fountains",
    "a courtyard with a fountain among white houses",
    "a cloister with arcades",
    "a courtyard with a pool and teal houses",
    "a quiet court without trees, brown houses",
    "courtyards with flowers and cream walls, coral houses",
    "an office with long corridors and blue walls",
    "rooms with furniture and red walls",
    "a flat with rugs and plants, green walls",
    "empty rooms without furniture",
    "an apartment with yellow walls and purple sofas",
    "a home with pink and white walls",
    "a warehouse with blue racks",
    "a warehouse full of crates, without racks",
    "a yellow hall with green racks",
    "a depot with red containers",
    "a storage hall with orange racks and crates",
    "a street with olive houses and no cars",
    "a boulevard with trees and mint houses",
)
HEIGHT, WIDTH, PLAN_METRES = 96, 128, 48
TURNS_DEGREES = (0.0, 70.0)


def shown(imagination: Imagination, sentence: str, seed: int) -> np.ndarray:
    """A plan from above, the start in red, and views from it."""
    plan = imagination.opened(Imagined(seed, "", sentence))
    board, lens = board_round(plan, 0.0, 0.0), intrinsics_from_fov(65.0, HEIGHT, WIDTH).numpy()
    half, middle = PLAN_METRES, board.grid.shape[0] // 2
    drawn = picture(board.grid[middle - half : middle + half, middle - half : middle + half], 1)
    at = int(-board.origin[0] / CELL_METRES) - middle + half, int(-board.origin[1] / CELL_METRES) - middle + half
    drawn[len(drawn) - 2 - at[1] : len(drawn) + 1 - at[1], at[0] - 1 : at[0] + 2] = (255, 0, 0)
    views = []
    for turn in TURNS_DEGREES:
        pose = START_BODY_POSE.copy()
        pose[3] = np.radians(turn)
        views.append(
            imagination.shown(plan, board, camera_pose(pose), lens, np.ones((HEIGHT, WIDTH), bool), 100.0).colour
        )
    return np.pad(np.concatenate([drawn, *views], 1), ((0, 2), (0, 4), (0, 0)))


def main() -> None:
    """Draws the sheet and says what was understood."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sentences", nargs="*")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    imagination, rows = shipped_imagination(), []
    for sentence in progress_bar(asked.sentences or SENTENCES, desc="imagining", unit="sentence"):
        with own_arithmetic():
            rows.append(np.concatenate([shown(imagination, sentence, seed) for seed in range(asked.seeds)], 1))
            family = FAMILIES[imagination.opened(Imagined(0, "", sentence)).family]
        print(f"{family}: {sentence}")
    Image.fromarray(np.concatenate(rows)).save(asked.output)


if __name__ == "__main__":
    main()
