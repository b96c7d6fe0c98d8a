"""How near generated frames come to the truth: PSNR and depth error, averaged over frames."""

from __future__ import annotations

import math

import torch
from torch import Tensor

SCORED_METRES = (0.3, 20.0)
"""Depth is scored where the truth lies between these; the sky is apart."""


def psnr_db(frames: Tensor, truth: Tensor, where: Tensor | None = None) -> Tensor:
    """Peak signal-to-noise ratio of each frame.

    Args:
        frames: (T, H, W, 3) uint8.
        truth: (T, H, W, 3) uint8.
        where: (T, H, W) bool, the pixels to score; None for all.

    Returns:
        (T,) float64 decibels; 100 for equal frames, NaN where nothing is scored.

    Raises:
        ValueError: If shapes differ.
    """
    if frames.shape != truth.shape:
        raise ValueError(f"frames and truth must have one shape, got {tuple(frames.shape)} and {tuple(truth.shape)}")
    squared = (frames.double() - truth.double()).square().mean(-1)
    weights = torch.ones_like(squared) if where is None else where.double()
    error = (squared * weights).flatten(1).sum(1) / weights.flatten(1).sum(1)
    return 10 * torch.log10(255**2 / error.clamp(min=255**2 / 1e10))


def depth_absrel(depth: Tensor, truth: Tensor, where: Tensor | None = None) -> float:
    """Mean of |depth - truth| / truth over known pixels whose truth lies within `SCORED_METRES`.

    Args:
        depth: (T, H, W) metres, 0 unknown.
        truth: (T, H, W) metres.
        where: (T, H, W) bool, the pixels to score; None for all.

    Returns:
        NaN where nothing is scored.
    """
    scored = (depth > 0) & (truth >= SCORED_METRES[0]) & (truth <= SCORED_METRES[1])
    scored = scored if where is None else scored & where
    if not scored.any():
        return math.nan
    return float(((depth - truth).abs() / truth)[scored].mean())


def known_share(depth: Tensor) -> float:
    """Share of pixels whose depth is known."""
    return float((depth > 0).double().mean())
