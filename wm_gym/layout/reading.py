"""What posed pictures with depth show of a plan: points over each cell, by height and colour, for a small network.

The network names the class of each cell that shows points. Which of the kinds of house, room or court it is cannot be
seen, so kinds are told apart by nobody: they all become the first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wm_gym.geometry.cameras import rays, unproject
from wm_gym.layout.cells import CELL_METRES, KINDS, NAMES, PATCH, UNKNOWN, Grid
from wm_gym.plans import FAMILIES

SIDE = 128
"""Cells along a side of what is read, 64 m."""

BANDS_METRES = (-1.0, -0.05, 0.06, 0.3, 0.75, 1.2, 1.7, 2.6, 4.0, 60.0)
"""Heights over the ground that part the points over a cell."""

CHANNELS = 4 * (len(BANDS_METRES) - 1) + 3
_BEYOND_METRES, _BEYOND_SHARE = 0.03, 0.004


def _groups() -> NDArray[np.int64]:
    """(C,) the class as which each class is read: the first of its kinds."""
    found = np.arange(UNKNOWN + 1)
    for group in KINDS:
        for other in group[1:]:
            for number, first in zip(other, group[0], strict=True):
                found[number] = first
    return found


GROUP = _groups()


@dataclass(frozen=True)
class Points:
    """What pictures show.

    Attributes:
        places: (M, 3) float64 metres: x and y in the world frame, z over the ground.
        colours: (M, 3) float32 in 0..1.
    """

    places: NDArray[np.float64]
    colours: NDArray[np.float32]


def points_of(
    frames: Tensor, depth: Tensor, moving: Tensor, world_from_camera: Tensor, intrinsics: Tensor, *,
    ground_z: float, far_metres: float,
) -> Points:  # fmt: skip
    """The static points of K keyframes, each a hair beyond its surface, so that a wall falls into its own cell.

    Args:
        frames: (K, H, W, 3) uint8.
        depth: (K, H, W) planar metres.
        moving: (K, H, W) bool.
        world_from_camera: (K, 4, 4).
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        ground_z: Height of the ground in the world frame.
        far_metres: Depth of the sky.
    """
    lens = intrinsics.double()
    lengths = rays(lens, *depth.shape[1:]).norm(dim=-1)
    reach = depth.double() + _BEYOND_METRES / lengths + _BEYOND_SHARE * depth
    places = unproject(reach, lens, world_from_camera.double())
    kept = (depth > 0.1) & (depth < far_metres - 1) & ~moving
    found = places[kept].numpy()
    found[:, 2] -= ground_z
    return Points(found, (frames[kept].float() / 255).numpy())


def features_of(points: Points, corner: tuple[float, float]) -> NDArray[np.float32]:
    """(CHANNELS, SIDE, SIDE): for each band how many points and their colour, then lowest, highest, and how many.

    Args:
        points: In the world frame.
        corner: x and y in metres of the corner of the first cell.
    """
    at = np.floor((points.places[:, :2] - np.array(corner)) / CELL_METRES).astype(int)
    inside = ((at >= 0) & (at < SIDE)).all(1)
    cells, z = at[inside, 0] * SIDE + at[inside, 1], points.places[inside, 2]
    colours, count, rows = points.colours[inside], SIDE * SIDE, []
    total = np.bincount(cells, minlength=count)
    for low, high in pairwise(BANDS_METRES):
        of = (z >= low) & (z < high)
        number = np.bincount(cells[of], minlength=count)
        rows.append(number / np.maximum(total, 1))
        rows += [np.bincount(cells[of], colours[of, k] - 0.5, count) / np.maximum(number, 1) for k in range(3)]
    foot, top = np.full(count, 5.0), np.full(count, -1.0)
    np.minimum.at(foot, cells, z)
    np.maximum.at(top, cells, z)
    rows += [np.where(total > 0, foot.clip(-1, 5) / 4, 0.0), np.where(total > 0, top.clip(-1, 20) / 8, 0.0)]
    rows.append(np.log1p(total) / 4)
    return np.stack(rows).reshape(-1, SIDE, SIDE).astype(np.float32)


@dataclass(frozen=True)
class ReaderConfig:
    """Shape of a reader.

    Attributes:
        width: Channels.
        spreads: Dilations of its layers.
    """

    width: int = 64
    spreads: tuple[int, ...] = (1, 2, 4, 8, 1)


class PlanReader(nn.Module):
    """Features to classes of cells, and to the family of the place. A buffer tells where borders lie in patches."""

    borders: Tensor

    def __init__(self, config: ReaderConfig) -> None:
        """Random weights."""
        super().__init__()
        self.config = config
        self.enter = nn.Conv2d(CHANNELS, config.width, 3, padding=1)
        layers = [nn.Conv2d(config.width, config.width, 3, padding=gap, dilation=gap) for gap in config.spreads]
        self.layers = nn.ModuleList(layers)
        self.leave = nn.Conv2d(config.width, len(NAMES), 1)
        self.family = nn.Linear(config.width, len(FAMILIES))
        self.register_buffer("borders", torch.zeros(len(NAMES), len(NAMES), PATCH))
        for layer in (self.enter, *layers):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, C, S, S) of classes and (N, F) of families, of features (N, CHANNELS, S, S)."""
        x = self.enter(features).relu()
        for layer in self.layers:
            x = x + layer(x).relu()
        touched = touched_cells(features).float()[:, None]
        pooled = (x * touched).sum((2, 3)) / touched.sum((2, 3)).clamp_min(1)
        return self.leave(x), self.family(pooled)


def touched_cells(features: Tensor) -> Tensor:
    """(..., S, S) bool: cells over which there are points."""
    return features[..., -1, :, :] > 0


def border_table(windows: Iterable[Grid]) -> NDArray[np.float64]:
    """(C, C, PATCH) how likely the border between two classes lies before each cell of a patch, as logarithms.

    Args:
        windows: (S, S) classes on the lattice of patches.
    """
    counts = np.zeros((UNKNOWN + 1, UNKNOWN + 1, PATCH))
    for window in windows:
        for cells in (as_read(window), as_read(window).T):
            first, second = cells[:-1], cells[1:]
            places = np.broadcast_to((np.arange(1, len(cells)) % PATCH)[:, None], first.shape)
            np.add.at(counts, (first, second, places), 1)
    known = counts[:UNKNOWN, :UNKNOWN] + counts[:UNKNOWN, :UNKNOWN].swapaxes(0, 1)
    known[np.arange(UNKNOWN), np.arange(UNKNOWN)] = 0
    return np.log((known + 0.5) / (known.sum(-1, keepdims=True) + 0.5 * PATCH))


def as_read(cells: Grid) -> Grid:
    """Classes as a reader tells them."""
    return GROUP[cells].astype(np.uint8)
