"""Candidates for key frames: the pictures of a log small, with their sharpness. Read one after another.

What stands still is left out before its files are read. Knows nothing of which candidates are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import laplace

from wm_gym.progress import progress_bar
from wm_gym.scenes.logs.lenses import Lens, depth_as
from wm_gym.scenes.logs.posed_log import LogFrame

HEIGHT, WIDTH = 24, 32
MOST_CANDIDATES = 300
_STILL_METRES, _STILL_DEGREES = 0.03, 2.0
_LEAST_KNOWN, _LEAST_SHARPNESS = 0.05, 0.4
_ROUND = 7
_SHARPNESS_ROWS = 240

Read = Callable[[LogFrame], tuple[np.ndarray, np.ndarray]]
"""A frame's colour (H, W, 3) uint8 and depth (h, w) metres, as its files have them."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """C pictures, small.

    Attributes:
        frames: Of the log.
        depth: (C, h, w) float32 metres, 0 unknown.
        world_from_camera: (C, 4, 4) float64.
        pinholes: (C, 4) float64 fx, fy, cx, cy of the small pictures.
        sharpness: (C,) variance of the Laplacian of their grey.
    """

    frames: tuple[LogFrame, ...]
    depth: np.ndarray
    world_from_camera: np.ndarray
    pinholes: np.ndarray
    sharpness: np.ndarray

    def of(self, rows: Sequence[int] | np.ndarray) -> Candidates:
        """Those at some rows."""
        rows = np.asarray(rows, int)
        frames = tuple(self.frames[row] for row in rows)
        arrays = (self.depth, self.world_from_camera, self.pinholes, self.sharpness)
        return Candidates(frames, *(array[rows] for array in arrays))


def moving_frames(frames: Sequence[LogFrame], left_out: dict[str, list[str]]) -> list[LogFrame]:
    """Frames each of which moved or turned since the one before it, at most `MOST_CANDIDATES`, spread evenly."""
    kept: list[LogFrame] = []
    for frame in frames:
        if kept and not _has_moved(kept[-1].world_from_camera, frame.world_from_camera):
            left_out.setdefault("without motion", []).append(frame.colour.name)
        else:
            kept.append(frame)
    if len(kept) <= MOST_CANDIDATES:
        return kept
    rows = set(np.linspace(0, len(kept) - 1, MOST_CANDIDATES).round().astype(int).tolist())
    left_out["between others"] = [frame.colour.name for row, frame in enumerate(kept) if row not in rows]
    return [frame for row, frame in enumerate(kept) if row in rows]


def read_candidates(frames: Sequence[LogFrame], read: Read) -> Candidates:
    """Frames read from their files, with a progress bar.

    Raises:
        ValueError: If a file cannot be read whole.
    """
    depths, sharpness, pinholes = [], [], []
    for frame in progress_bar(frames, desc="reading", unit="picture"):
        colour, depth = read(frame)
        small = _small(frame.lens)
        depths.append(depth_as(depth, frame.depth_lens or frame.lens, small))
        pinholes.append(small.pinhole())
        sharpness.append(sharpness_of(colour))
    poses = np.stack([frame.world_from_camera for frame in frames])
    return Candidates(tuple(frames), np.stack(depths), poses, np.stack(pinholes), np.array(sharpness))


def usable(candidates: Candidates, left_out: dict[str, list[str]]) -> Candidates:
    """Candidates with depth that are no more blurred than those beside them."""
    known = (candidates.depth > 0).mean((1, 2)) >= _LEAST_KNOWN
    sharpness = candidates.sharpness
    round_each = [np.median(sharpness[max(0, row - _ROUND) : row + _ROUND + 1]) for row in range(len(known))]
    sharp = sharpness >= _LEAST_SHARPNESS * np.array(round_each)
    for reason, of_it in (("without known depth", ~known), ("blurred", known & ~sharp)):
        left_out.setdefault(reason, []).extend(candidates.frames[row].colour.name for row in np.flatnonzero(of_it))
    return candidates.of(np.flatnonzero(known & sharp))


def sharpness_of(colour: np.ndarray) -> float:
    """Variance of the Laplacian of a picture's grey at about 240 rows. Source: Pech-Pacheco et al. 2000.

    Args:
        colour: (H, W, 3) uint8.
    """
    grey = Image.fromarray(colour).convert("L")
    factor = max(1, grey.height // _SHARPNESS_ROWS)
    return float(laplace(np.asarray(grey.reduce(factor), np.float32)).var())


def _small(lens: Lens) -> Lens:
    """The pinhole of small pictures; distortion is undone."""
    return Lens(lens.width, lens.height, *lens.pinhole()).resized(HEIGHT, WIDTH)


def _has_moved(before: np.ndarray, after: np.ndarray) -> bool:
    cosine = (np.trace(before[:3, :3].T @ after[:3, :3]) - 1) / 2
    turned = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    return bool(np.linalg.norm(after[:3, 3] - before[:3, 3]) >= _STILL_METRES or turned >= _STILL_DEGREES)
