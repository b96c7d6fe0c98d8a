"""Which share of frames shows a place, and how far that may be believed at their size.

The judge is the realism classifier of `wm_gym.evaluation.realism`, which enlarges small frames. Single gradients and
small patches reward confetti, so beside the truth's own share it is told how often the judge refuses true frames with
squares of other frames, or blots of colour, on a third of them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from wm_gym.evaluation.realism import RealismClassifier

_SHARE, _MOST = 1 / 3, 256
_SQUARE, _BLOT = 1 / 6, 1 / 24
"""Side of a square, and width of a blot, as shares of the rows."""

_STRENGTH = 40.0
"""Standard deviation of the colours of blots, grey levels of 255."""


def passes(judge: RealismClassifier, frames: np.ndarray) -> np.ndarray:
    """Whether frames (..., H, W, 3) uint8 show a place, (...) bool."""
    flat = torch.from_numpy(np.ascontiguousarray(frames.reshape(-1, *frames.shape[-3:])))
    return judge.passes(flat).numpy().reshape(frames.shape[:-3])


def pasted(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Frames (F, H, W, 3) uint8 with squares of each other."""
    count, height, width, _ = frames.shape
    side, changed = max(2, round(_SQUARE * height)), frames.copy()
    for row in range(count):
        for _ in range(round(_SHARE * height * width / side**2)):
            top, left, above, beside = (rng.integers(size - side + 1) for size in (height, width, height, width))
            square = frames[rng.integers(count), above : above + side, beside : beside + side]
            changed[row, top : top + side, left : left + side] = square
    return changed


def blotted(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Frames (F, H, W, 3) uint8 with blots of other colours."""
    width = _BLOT * frames.shape[1]
    colours = gaussian_filter(rng.normal(size=frames.shape), (0, width, width, 0))
    spots = gaussian_filter(rng.normal(size=frames.shape[:3]), (0, width, width))
    covered = spots > np.quantile(spots, 1 - _SHARE, axis=(1, 2), keepdims=True)
    return (frames + covered[..., None] * colours / colours.std() * _STRENGTH).clip(0, 255).astype(np.uint8)


CORRUPTED: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {"pasted": pasted, "blotted": blotted}


def reliability(judge: RealismClassifier, truth: np.ndarray, seed: int = 0) -> dict[str, float]:
    """Shares of true frames (F, H, W, 3) uint8 that pass, and of corrupted ones of each kind that do not."""
    rng = np.random.default_rng(seed)
    frames = truth[rng.permutation(len(truth))[:_MOST]]
    figures = {"truth_passes": float(passes(judge, frames).mean())}
    for name, corrupt in CORRUPTED.items():
        figures[f"{name}_refused"] = 1 - float(passes(judge, corrupt(frames, rng)).mean())
    return figures
