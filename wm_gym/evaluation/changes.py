"""How much an event changes a world, and whether it is the change that the twin shows.

Frames with and without the event are taken at the same poses with the same seed. Knows nothing of worlds.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wm_gym.evaluation.fidelity import psnr_db


def mean_change(frames: Tensor, without: Tensor) -> float:
    """Mean absolute difference over all pixels and channels, in grey levels of 255.

    Args:
        frames: (T, H, W, 3) uint8.
        without: (T, H, W, 3) uint8.
    """
    return float((frames.double() - without.double()).abs().mean())


def agreement(frames: Tensor, without: Tensor, true_frames: Tensor, true_without: Tensor) -> float:
    """Cosine between two worlds' changes, -1..1: 1 if colours change alike in every place; NaN if one does not change.

    Args:
        frames: (T, H, W, 3) uint8 with the event, generated.
        without: (T, H, W, 3) uint8 without it, generated.
        true_frames: (T, H, W, 3) uint8 with the event, of the twin.
        true_without: (T, H, W, 3) uint8 without it, of the twin.
    """
    ours, theirs = frames.double() - without.double(), true_frames.double() - true_without.double()
    lengths = ours.norm() * theirs.norm()
    return float((ours * theirs).sum() / lengths) if lengths > 0 else float("nan")


def gain_db(frames: Tensor, without: Tensor, true_frames: Tensor) -> float:
    """How much nearer the world with the event comes to the twin with it than the world without, in decibels."""
    return float((psnr_db(frames, true_frames) - psnr_db(without, true_frames)).nanmean())


def changed_share(frames: Tensor, without: Tensor, levels: float = 24.0) -> float:
    """Share of pixels whose colour differs by more than so many grey levels in the mean of its channels."""
    return float(((frames.double() - without.double()).abs().mean(-1) > levels).double().mean())


def pool(values: list[float]) -> float:
    """The mean of the numbers among `values`."""
    return float(torch.tensor(values, dtype=torch.float64).nanmean())
