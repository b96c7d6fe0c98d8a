"""Samples of filmed places: features of some keyframes, laid in one of eight ways, beside their cells' classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import OPENING_EYE_METRES
from wm_gym.layout.cells import PATCH, UNSURE, Grid
from wm_gym.layout.reading import SIDE, as_read, features_of, points_of
from wm_gym.layout.windows import turned
from wm_gym.train_world.reading.film_places import read_place
from wm_gym.world_model import Capture

_COUNTS = (1, 1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class FilmedPlace:
    """One place; fields as `read_place` gives them."""

    capture: Capture
    cells: Grid
    corner: tuple[float, float]
    family: int


@dataclass(frozen=True)
class ReadingBatch:
    """N samples.

    Attributes:
        features: (N, CHANNELS, S, S) float32.
        cells: (N, S, S) int64 classes as read.
        family: (N,) int64.
    """

    features: Tensor
    cells: Tensor
    family: Tensor

    def to(self, device: torch.device) -> ReadingBatch:
        """The batch on a device."""
        return ReadingBatch(self.features.to(device), self.cells.to(device), self.family.to(device))


def read_places(folder: str) -> list[FilmedPlace]:
    """All filmed places of a folder.

    Raises:
        ValueError: If there are none, or one cannot be read.
    """
    paths = sorted(Path(folder).glob("*.npz"))
    if not paths:
        raise ValueError(f"folder must hold filmed places (.npz), got {folder!r}")
    return [FilmedPlace(*read_place(path)) for path in paths]


def draw_batch(places: list[FilmedPlace], count: int, rng: np.random.Generator) -> ReadingBatch:
    """Samples of places that are drawn, each of some of its keyframes."""
    rows = [_sample(places[int(rng.integers(len(places)))], rng) for _ in range(count)]
    features, cells, families = zip(*rows, strict=True)
    return ReadingBatch(
        torch.from_numpy(np.stack(features)), torch.from_numpy(np.stack(cells).astype(np.int64)), torch.tensor(families)
    )


def _sample(place: FilmedPlace, rng: np.random.Generator) -> tuple[np.ndarray, Grid, int]:
    count = min(len(place.capture.frames), int(rng.choice(_COUNTS)))
    chosen = [0, *(1 + rng.permutation(len(place.capture.frames) - 1)[: count - 1]).tolist()]
    features = capture_features(place.capture, place.corner, chosen)
    way = int(rng.integers(8))
    laid = np.rot90(features, way % 4, (1, 2))
    unsure = np.full((SIDE // PATCH,) * 2, UNSURE, np.uint8)
    cells, _ = turned(as_read(place.cells), unsure, way)
    return np.ascontiguousarray(laid[:, ::-1] if way >= 4 else laid), cells, place.family


def capture_features(capture: Capture, corner: tuple[float, float], rows: list[int]) -> np.ndarray:
    """Features of some keyframes of a capture."""
    names = "frames", "depth", "moving", "world_from_camera"
    part = replace(capture, **{name: getattr(capture, name)[rows] for name in names})
    points = points_of(
        part.frames, part.depth, part.moving, part.world_from_camera, part.intrinsics,
        ground_z=-OPENING_EYE_METRES, far_metres=FAR_METRES,
    )  # fmt: skip
    return features_of(points, corner)
