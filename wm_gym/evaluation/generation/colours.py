"""How far apart the colours of two sets of frames are: by it are told apart a set of many hues and one of few.

Features and patches hardly tell whether all rooms of a set are of one colour.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.stats import wasserstein_distance

_SIGNS = [signs for signs in product((-1, 0, 1), repeat=3) if signs > (0, 0, 0)]
DIRECTIONS = np.array(_SIGNS) / np.linalg.norm(_SIGNS, axis=1, keepdims=True)
"""(13, 3) directions through a cube of colours: its axes and all of its diagonals."""


def mean_colours(frames: np.ndarray) -> np.ndarray:
    """(F, 3) grey levels, the mean colour of each of frames (..., H, W, 3) uint8."""
    return frames.reshape(-1, frames.shape[-3] * frames.shape[-2], 3).mean(1, dtype=np.float64)


def colour_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Grey levels by which mean colours have to move for one set to have those of the other.

    Source: the sliced Wasserstein distance (Bonneel et al. 2015) of the first order, over `DIRECTIONS`.

    Args:
        one: (..., H, W, 3) uint8.
        other: (..., H, W, 3) uint8, of any number of frames.
    """
    along = [mean_colours(frames) @ DIRECTIONS.T for frames in (one, other)]
    return float(np.mean([wasserstein_distance(a, b) for a, b in zip(*(part.T for part in along), strict=True)]))
