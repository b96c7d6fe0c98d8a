"""Square patches of frames as vectors, and the axes in which sets of them are compared.

Patches tell texture from confetti: both have gradients, and only one has those of the truth.
"""

from __future__ import annotations

import numpy as np

from wm_gym.evaluation.generation.frechet import Axes

SIDES = (8, 16)
AXES = 64
"""Principal axes of patches, as many as hold nearly all of their variance, each of which counts alike."""

MOST = 20_000
"""Most patches of a set; of more, so many are drawn."""


def cut(frames: np.ndarray, side: int) -> np.ndarray:
    """Patches half a side apart, (P, 3 * side^2) float32 with P up to `MOST`, of frames (..., H, W, 3) uint8.

    Raises:
        ValueError: If a frame is smaller than a patch.
    """
    frames = frames.reshape(-1, *frames.shape[-3:])
    if min(frames.shape[1:3]) < side:
        raise ValueError(f"frames must be at least {side} x {side}, got {frames.shape[1]} x {frames.shape[2]}")
    windows = np.lib.stride_tricks.sliding_window_view(frames, (side, side), (1, 2))
    step = side // 2
    patches = windows[:, ::step, ::step].reshape(-1, 3 * side**2)
    drawn = np.random.default_rng(0).permutation(len(patches))[:MOST]
    return patches[drawn if len(patches) > MOST else slice(None)].astype(np.float32)


def axes_of(truth: np.ndarray, side: int) -> Axes:
    """Whitened axes of the patches of true frames (..., H, W, 3) uint8."""
    return Axes.fit(cut(truth, side), AXES, whitened=True)
