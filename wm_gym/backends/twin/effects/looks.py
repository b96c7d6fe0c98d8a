"""Looks of the whole picture: sepia and pixel art. The last to be drawn; they know nothing of depth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.effects.scene import Scene
from wm_gym.backends.twin.messages import Effect

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_SEPIA_DARK, _SEPIA_LIGHT = np.array([38.0, 22.0, 10.0], np.float32), np.array([250.0, 226.0, 182.0], np.float32)
_CELLS_DOWN = 40
_LEVELS = 6


def draw_sepia(scene: Scene, effect: Effect, t: int) -> None:
    """Brownish tones by brightness, as on an old photograph."""
    luma = (scene.colour @ _LUMA)[..., None] / 255.0
    toned = _SEPIA_DARK + luma * (_SEPIA_LIGHT - _SEPIA_DARK)
    scene.colour += effect.strengths[t] * (toned - scene.colour)


def draw_pixel_art(scene: Scene, effect: Effect, t: int) -> None:
    """Square cells, about 40 in the height of the frame, each in one of six levels of every colour."""
    cells = _cells(scene.colour)
    levels = np.rint(cells / 255.0 * (_LEVELS - 1)) * (255.0 / (_LEVELS - 1))
    scene.colour += effect.strengths[t] * (levels - scene.colour)


def _cells(colour: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of each cell in all of its pixels, (H, W, 3); cells at the right and lower rim may be cut."""
    height, width = colour.shape[:2]
    side = max(2, round(height / _CELLS_DOWN))
    rows, columns = np.arange(0, height, side), np.arange(0, width, side)
    sums = np.add.reduceat(np.add.reduceat(colour, rows, axis=0), columns, axis=1)
    counts = np.outer(np.diff(rows, append=height), np.diff(columns, append=width)).astype(np.float32)
    means = (sums / counts[..., None]).astype(np.float32)
    return means.repeat(side, axis=0)[:height].repeat(side, axis=1)[:, :width]
