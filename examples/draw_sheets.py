"""Draw contact sheets of the families of the twin by day, under each event and under several at once into a folder.

python examples/draw_sheets.py docs
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from wm_gym.backends.twin.model import TwinModel
from wm_gym.evaluation.pictures import contact_sheet
from wm_gym.events.kinds import KINDS
from wm_gym.events.language import phrasings
from wm_gym.progress import progress_bar
from wm_gym.scenes.families import FAMILIES
from wm_gym.scenes.places import find_place, open_world
from wm_gym.world.world import World

SIZE = (96, 128)
PLACES = {"rooms": 3, "city": 3, "courtyard": 3, "park": 3, "warehouse": 3, "joined": 3}
COMBINATIONS = (
    ("night", "snowfall"),
    ("dusk", "rain", "lamps_on"),
    ("night", "fog", "bonfire"),
    ("storm", "rain", "smoke"),
    ("autumn", "golden_light", "walker"),
    ("night", "lamps_off", "fireworks"),
)
STEPS = dict.fromkeys(KINDS, 6) | {"fireworks": 9, "walker": 4, "explosion": 2, "smoke": 12, "storm": 7}


def by_day(world: World, name: str, columns: int) -> list[np.ndarray]:
    """Frames of a walk ahead with slow turns."""
    state, outcome = world.start([open_world(world.model.spec, find_place(name, 0, "full"))], [0])
    pictures = [outcome.chunk.frames[0, -1].numpy()]
    for k in range(2 * columns - 2):
        twist = [0.6, 0.0, 0.0, 0.0] if k % 4 < 2 else [0.3, 0.0, 1.0, 0.0]
        state, outcome = world.step(state, np.tile(twist, (1, 4, 1)))
        if k % 2:
            pictures.append(outcome.chunk.frames[0, -1].numpy())
    return pictures


def under_events(world: World, name: str, kinds: Sequence[str]) -> np.ndarray:
    """A frame at the opening pose, when events that were triggered there are at their height."""
    state, _ = world.start([open_world(world.model.spec, find_place(name, 0, "full"))], [0])
    for kind in kinds:
        state = state.schedule_event(0, phrasings(kind, "start")[0])
    for _ in range(max(STEPS[kind] for kind in kinds)):
        state, outcome = world.step(state, np.zeros((1, 4, 4)))
    return outcome.chunk.frames[0, -1].numpy()


def draw_events(world: World, rows: Sequence[Sequence[str]], path: Path) -> None:
    """A row for each set of events, a column for each family."""
    places = [f"{name}/{PLACES[name]}" for name in FAMILIES]
    drawn = [
        (" + ".join(kinds), [under_events(world, place, kinds) for place in places])
        for kinds in progress_bar(rows, desc=path.stem)
    ]
    contact_sheet(drawn, list(FAMILIES)).save(path, optimize=True)


def main(folder: Path) -> None:
    """Draw `families.png`, `events.png` and `combinations.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    world = World(TwinModel.create(*SIZE))
    rows = [(name, by_day(world, f"{name}/{PLACES[name]}", 8)) for name in progress_bar(FAMILIES, desc="by day")]
    contact_sheet(rows).save(folder / "families.png", optimize=True)
    draw_events(world, [(kind,) for kind in KINDS], folder / "events.png")
    draw_events(world, COMBINATIONS, folder / "combinations.png")
    world.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
