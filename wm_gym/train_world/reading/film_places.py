"""Filming places for readers of plans: keyframes round the start of a place, beside the cells that it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wm_gym.backends.twin.capture import capture_place
from wm_gym.backends.twin.maps.build import build
from wm_gym.backends.twin.maps.twin_map import MAP_UNITS_PER_METRE
from wm_gym.files.atomic import check_writable, write_atomically
from wm_gym.layout.cells import CELL_METRES, PATCH, UNKNOWN, UNSURE, Grid
from wm_gym.layout.rasterising import rasterised
from wm_gym.layout.reading import SIDE
from wm_gym.layout.windows import turned
from wm_gym.plans import FAMILIES, draft_of
from wm_gym.progress import progress_bar
from wm_gym.world_model import Capture, Place


@dataclass
class FilmPlacesConfig:
    """What is filmed.

    Attributes:
        output: Folder of one file for each place.
        places: How many.
        first_seed: Number of the first place of each family.
        height: Rows of a keyframe.
        width: Columns of a keyframe.
        keyframes: Keyframes of a place.
    """

    output: str = "outputs/places"
    places: int = 300
    first_seed: int = 200_000
    height: int = 48
    width: int = 64
    keyframes: int = 32

    def __post_init__(self) -> None:
        for name in ("places", "keyframes", "height", "width"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


def film_places(config: FilmPlacesConfig) -> str:
    """Film; places that are there already are left as they are. Returns a summary.

    Raises:
        ValueError: If the folder cannot be used.
    """
    folder = Path(config.output)
    check_writable(config.output, is_folder=True)
    folder.mkdir(parents=True, exist_ok=True)
    for number in progress_bar(range(config.places), desc="filming", unit="place"):
        family, seed = FAMILIES[number % len(FAMILIES)], config.first_seed + number // len(FAMILIES)
        path = folder / f"{family}-{seed}.npz"
        if not path.exists():
            arrays = film_place(family, seed, config)
            write_atomically(path, lambda file, arrays=arrays: np.savez_compressed(file, **arrays))
    return f"{config.output} holds {config.places} places"


def film_place(family: str, seed: int, config: FilmPlacesConfig) -> dict[str, Any]:
    """The keyframes of a place, the cells round its start, and where the start lies among them."""
    opening = capture_place(Place(family, seed), config.height, config.width, config.keyframes)
    assert opening.capture is not None
    cells, corner = cells_round_start(family, seed)
    return _arrays(opening.capture) | {"cells": cells, "corner": np.array(corner), "family": FAMILIES.index(family)}


def _arrays(capture: Capture) -> dict[str, Any]:
    return {
        "frames": capture.frames.numpy(),
        "depth": capture.depth.half().numpy(),
        "moving": capture.moving.numpy(),
        "poses": capture.world_from_camera.numpy(),
        "intrinsics": capture.intrinsics.numpy(),
    }


def cells_round_start(family: str, seed: int) -> tuple[Grid, tuple[float, float]]:
    """(SIDE, SIDE) classes in the world frame of a place of the twin, and the corner of the first cell in metres."""
    draft, start = draft_of(family, seed), build(family, seed).start
    raster = rasterised(draft, FAMILIES.index(family))
    at = (np.array(start[:2]) / MAP_UNITS_PER_METRE - (draft.extent.x0, draft.extent.y0)) / CELL_METRES
    first = (at // PATCH).astype(int) * PATCH - SIDE // 2
    padded = np.pad(raster.grid, SIDE, constant_values=UNKNOWN)
    window = padded[first[0] + SIDE : first[0] + 2 * SIDE, first[1] + SIDE : first[1] + 2 * SIDE]
    x, y = at - first
    quarters = -round(start[2] / 90) % 4
    cells, _ = turned(window, np.full((SIDE // PATCH,) * 2, UNSURE, np.uint8), quarters)
    for _ in range(quarters):
        x, y = SIDE - y, x
    return cells, (-x * CELL_METRES, -y * CELL_METRES)


def read_place(path: Path) -> tuple[Capture, Grid, tuple[float, float], int]:
    """The capture, cells, corner and family of a filmed place.

    Raises:
        ValueError: If the file cannot be read.
    """
    try:
        with np.load(path) as data:
            arrays = {name: data[name] for name in data.files}
    except (OSError, ValueError) as error:
        raise ValueError(f"a filmed place must be a whole .npz, got {path}, which cannot be read") from error
    capture = Capture(
        torch.from_numpy(arrays["frames"]), torch.from_numpy(arrays["depth"]).float(),
        torch.from_numpy(arrays["moving"]), torch.from_numpy(arrays["poses"]), torch.from_numpy(arrays["intrinsics"]),
    )  # fmt: skip
    corner = arrays["corner"]
    return capture, arrays["cells"], (float(corner[0]), float(corner[1])), int(arrays["family"])
