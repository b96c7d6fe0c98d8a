"""What filming commands share: places in order, one engine for all, a file for each, and runs that can be resumed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.frame import UNITS_ACROSS, UNITS_UP
from wm_gym.backends.twin.messages import EpisodeSetup
from wm_gym.backends.twin.model import FAR_METRES
from wm_gym.backends.twin.simulator import Simulator
from wm_gym.files.atomic import check_writable, write_atomically
from wm_gym.progress import progress_bar
from wm_gym.train_world.data.splits import nth_seed
from wm_gym.world_model import Opening, Place

UNITS = np.array([UNITS_ACROSS, UNITS_ACROSS, UNITS_UP])
"""Map units per metre."""


def film_places(
    output: str, first: int, places: int, film: Callable[[Simulator, int], Mapping[str, NDArray[Any]]]
) -> Path:
    """Film the places that are missing, `place-NNNNN.npz` each; returns the folder.

    Args:
        output: Folder.
        first: Number of the first place.
        places: How many.
        film: The arrays of a place, by its number.

    Raises:
        ValueError: If the folder cannot be written to.
        RuntimeError: If the engine died or the disk is full.
    """
    check_writable(output, is_folder=True)
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="filming-") as engine_folder:
        simulator = Simulator(Path(engine_folder))
        try:
            for number in progress_bar(range(first, first + places), desc="places"):
                path = folder / f"place-{number:05d}.npz"
                if not path.exists():
                    arrays: dict[str, Any] = dict(film(simulator, number))
                    write_atomically(path, lambda file, arrays=arrays: np.savez(file, **arrays))
        finally:
            simulator.close()
    return folder


def place_of(split: str, number: int, family: str, difficulty: str) -> Place:
    """The place of a number in a split."""
    return Place(family, nth_seed("train" if split == "train" else "test", number), difficulty)


def setup_of(place: Place, opening: Opening, engine_seed: int, height: int, width: int) -> EpisodeSetup:
    """An episode of the engine in a place, filmed by the camera of its opening."""
    fx, fy, cx, cy = (float(value) for value in opening.intrinsics)
    return EpisodeSetup(
        place.family, place.seed, place.difficulty, engine_seed, height, width, (fx, fy, cx, cy), FAR_METRES
    )
