"""`wm-gym gather-references`: from folders of recordings to a bank of views that differ as much as they can."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from wm_gym.backends.video.painting.codebook import k_means, nearest_entry
from wm_gym.backends.video.painting.known import surface_planes
from wm_gym.backends.video.painting.references import References
from wm_gym.train_world.recordings import Clip, Recordings

STRIDE_FRAMES = 6
MOST_MOVING = 0.002
"""Share of a view that may move: what moves would stand still in every world that goes on as the view does."""

LEAST_METRES = 2.5
"""Median depth of a view: one that stands before a wall goes on as a wall, and leaves no room to walk."""


@dataclass
class GatherConfig:
    """What to gather, and from where.

    Attributes:
        recordings: Folders of `wm-gym collect`, of the training split.
        output: The file, `.npz`.
        count: Views in the bank.
        rounds: Of k-means, whose centres the views are nearest to.
        near_metres: Smallest depth that is told apart.
        far_metres: Depth that stands for the sky.
        seed: Of the centres it begins with.
    """

    recordings: list[str] = field(default_factory=lambda: ["outputs/recordings"])
    output: str = "outputs/references.npz"
    count: int = 800
    rounds: int = 8
    near_metres: float = 0.2
    far_metres: float = 100.0
    seed: int = 0


def gather_references(config: GatherConfig) -> References:
    """Gather a bank and write it.

    Raises:
        ValueError: If there are fewer views than are asked for, or a folder holds no recordings.
    """
    reach = config.near_metres, config.far_metres
    views = [view for folder in config.recordings for view in _views(folder)]
    frames, depth = (np.concatenate(parts) for parts in zip(*views, strict=True))
    if len(frames) < config.count:
        raise ValueError(f"count must be at most the {len(frames)} views that there are, got {config.count}")
    chosen = _apart(_keys(frames, depth, reach), config)
    bank = References.of(frames[chosen], depth[chosen], *reach)
    bank.save(Path(config.output))
    return bank


def _views(folder: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Frames and depth of the quiet, open views of each clip."""
    recordings = Recordings(folder)
    for number in tqdm(range(len(recordings)), desc=folder, unit="clip"):
        clip = recordings.clip(number)
        rows = _quiet(clip)
        yield clip.frames[rows], clip.depth[rows]


def _quiet(clip: Clip) -> np.ndarray:
    """Frames of a clip in which there is room, next to nothing moves and nothing has happened."""
    rows = np.arange(0, len(clip.frames), STRIDE_FRAMES)
    plain = np.repeat(clip.appearance, 4)[np.maximum(rows - 1, 0)] == 0
    roomy = np.median(clip.depth[rows], (1, 2)) >= LEAST_METRES
    return rows[plain & roomy & (clip.moving[rows].mean((1, 2)) < MOST_MOVING)]


def _keys(frames: np.ndarray, depth: np.ndarray, reach: tuple[float, float]) -> Tensor:
    """(V, D) views as they are told apart: their means over cells of 8 x 8 pixels."""
    parts = []
    for k in range(0, len(frames), 1024):
        part = slice(k, k + 1024)
        planes = surface_planes(
            torch.from_numpy(frames[part]), torch.from_numpy(depth[part].astype(np.float32)), *reach
        )
        parts.append(F.avg_pool2d(planes, 8).flatten(1))
    return torch.cat(parts)


def _apart(keys: Tensor, config: GatherConfig) -> np.ndarray:
    """Rows of the views that lie nearest to as many centres, each once."""
    centres = k_means(keys, config.count, config.rounds, torch.Generator().manual_seed(config.seed))
    owner, rows = nearest_entry(keys, centres), torch.arange(len(keys))
    chosen = []
    for number in range(config.count):
        own = rows[owner == number]
        if len(own):
            chosen.append(int(own[(keys[own] - centres[number]).square().sum(1).argmin()]))
    return np.array(sorted(chosen))
