"""Capture the places that are shipped with wm-gym, its default worlds, into a folder. Needs the extra `twin`.

    python examples/capture_places.py wm_gym/scenes/shipped

These are the first places of every family in the split "test", whose numbers end in 9 and on which no shipped weights
are trained.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


from wm_gym.progress import progress_bar
from wm_gym.train_world.data.capture_scene import CaptureConfig, capture
from wm_gym.train_world.data.splits import nth_seed

PLACES = {"rooms": 3, "city": 3, "courtyard": 2, "park": 2, "warehouse": 2}


def main(folder: Path) -> None:
    """Write FAMILY-NUMBER.npz for each."""
    names = [(family, nth_seed("test", n)) for family, count in PLACES.items() for n in range(count)]
    for family, number in progress_bar(names, desc="capturing"):
        capture(CaptureConfig(world=f"{family}/{number}", output=str(folder / f"{family}-{number}.npz")))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "outputs/places"))
