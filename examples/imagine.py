"""Places from sentences: for each a plan and two frames of the world that opens on it, for several seeds.

python examples/imagine.py --output imagined.png "a narrow street with green trees and red houses"
python examples/imagine.py --output imagined.png            # some thirty sentences
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from wm_gym.backends.registry import load_backend
from wm_gym.layout.cells import PATCH, picture
from wm_gym.layout.plan import Plan
from wm_gym.plans import FAMILIES
from wm_gym.progress import progress_bar
from wm_gym.scenes.named import open_named
from wm_gym.world.world import World

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
HEIGHT, WIDTH = 96, 128
TURN_DEGREES, DEGREES_PER_FRAME = 60.0, 3.75


def shown(world: World, sentence: str, seed: int) -> tuple[np.ndarray, str]:
    """A plan from above, the start in red, and frames of the world that opens on it; and the family."""
    opening = open_named(world.spec, "imagined", seed, "full", prompt=sentence)
    state, outcome = world.start([opening], [seed])
    frames = [outcome.chunk.frames[0, -1].numpy()]
    for angle in np.arange(0.0, TURN_DEGREES, world.spec.frames_per_step * DEGREES_PER_FRAME):
        body = np.zeros((1, world.spec.frames_per_step, 5))
        body[..., 3] = np.radians(angle + DEGREES_PER_FRAME * np.arange(1, world.spec.frames_per_step + 1))
        state, outcome = world.follow(state, body)
    frames.append(outcome.chunk.frames[0, -1].numpy())
    plan = state.completions[0].plan
    assert plan is not None
    return np.pad(np.concatenate([drawn(plan), *frames], 1), ((0, 2), (0, 4), (0, 0))), FAMILIES[plan.family]


def drawn(plan: Plan) -> np.ndarray:
    """The plan round the start from above."""
    i, j = plan.cell_at(0.0, 0.0)
    corner = i // PATCH * PATCH - HEIGHT // 2, j // PATCH * PATCH - HEIGHT // 2
    picture_of = picture(plan.region(corner, HEIGHT, HEIGHT)[0], 1)
    u, v = i - corner[0], j - corner[1]
    picture_of[HEIGHT - 2 - v : HEIGHT + 1 - v, u - 1 : u + 2] = (255, 0, 0)
    return picture_of


def main() -> None:
    """Draws the sheet and says what was understood."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sentences", nargs="*")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    world, rows = World(load_backend("detailed", HEIGHT, WIDTH)), []
    for sentence in progress_bar(asked.sentences or SENTENCES, desc="imagining", unit="sentence"):
        pictures, families = zip(*(shown(world, sentence, seed) for seed in range(asked.seeds)), strict=True)
        rows.append(np.concatenate(pictures, 1))
        print(f"{' '.join(families)}: {sentence}")
    world.close()
    Image.fromarray(np.concatenate(rows)).save(asked.output)


if __name__ == "__main__":
    main()
