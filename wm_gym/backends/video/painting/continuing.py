"""Going on where nothing is known as a reference does, in the colours of the place one is in.

Of a few references that fit, one is chosen; along the border to what is known its colours are compared with those of
the place, and the difference is spread over all that is unseen. Sources: Gortler et al. 1996, "The Lumigraph", section
3.4 (pull-push); Perez et al. 2003, "Poisson Image Editing" (a membrane over the border's differences). Knows nothing
of networks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.backends.video.painting.known import MOVING, SAME, SEEN
from wm_gym.backends.video.painting.references import References

RIM = 9
"""Rows and columns around an unseen pixel in which known ones are its border."""

SAME_SURFACE = 0.08
"""Difference of log-depth (-1..1) within which both show the same surface."""

MOST_SHIFT = 0.6
"""Of a colour, -1..1: beyond it the two are different things."""


@dataclass(frozen=True)
class ContinueConfig:
    """How a reference is chosen and fitted.

    Attributes:
        candidates: References that are looked at closely.
        temperature: Of the choice among them, in mean differences of colour (-1..1).
        shift: Share of the border's difference of colour that is made up for.
    """

    candidates: int = 8
    temperature: float = 0.05
    shift: float = 0.65

    def __post_init__(self) -> None:
        if self.candidates < 1:
            raise ValueError(f"candidates must be at least 1, got {self.candidates}")
        if self.temperature < 0:
            raise ValueError(f"temperature must not be negative, got {self.temperature}")


def continued(references: References, known: Tensor, config: ContinueConfig, seed: list[int]) -> Tensor:
    """What is known of a frame, (1, KNOWN_CHANNELS, H, W), with what is unseen taken from a reference.

    Args:
        references: To choose from.
        known: As `known_planes` gives it.
        config: How.
        seed: All chance follows from these numbers.
    """
    planes = references.planes(references.nearest(known, config.candidates))
    rim = _rim(known)
    fitted = _recoloured(planes, known, rim, config.shift)
    misfit = _misfit(planes, known, rim) + _misfit(fitted, known, rim)
    chance = torch.from_numpy(np.random.default_rng(seed).gumbel(size=len(planes)).astype(np.float32))
    best = int((misfit - config.temperature * chance.to(misfit.device)).argmin())
    seen = known[:, SEEN : SEEN + 1] > 0
    filled = torch.zeros_like(known[:, :-1])
    filled[:, :4] = fitted[best]
    filled[:, SEEN], filled[:, SAME], filled[:, MOVING] = 1.0, 1.0, -1.0
    return torch.cat([torch.where(seen, known[:, :-1], filled), known[:, -1:]], 1)


def _rim(known: Tensor) -> Tensor:
    """(1, 1, H, W): 1 where something is known beside what is not."""
    seen = (known[:, SEEN : SEEN + 1] > 0).float()
    return F.max_pool2d(1 - seen, RIM, 1, RIM // 2) * seen


def _misfit(planes: Tensor, known: Tensor, rim: Tensor) -> Tensor:
    """(C,) mean difference of candidates (C, 4, H, W) along the border."""
    difference = (planes - known[:, :4]).abs()
    each = (difference[:, :3].mean(1, keepdim=True) + difference[:, 3:]).clamp(max=MOST_SHIFT)
    return (each * rim).sum((1, 2, 3)) / rim.sum().clamp(min=1)


def _recoloured(planes: Tensor, known: Tensor, rim: Tensor, shift: float) -> Tensor:
    """Candidates in the colours of the place."""
    difference = known[:, :4] - planes
    same = rim * (difference[:, 3:].abs() < SAME_SURFACE)
    spread = _spread(difference[:, :3].clamp(-MOST_SHIFT, MOST_SHIFT), same)
    return torch.cat([(planes[:, :3] + shift * spread).clamp(-1, 1), planes[:, 3:]], 1)


def _spread(values: Tensor, weight: Tensor) -> Tensor:
    """Values (C, 3, H, W), known where the weight (C, 1, H, W) is 1, spread smoothly over all; 0 if none is."""
    pulled = [(values * weight, weight)]
    while min(pulled[-1][0].shape[-2:]) > 3:
        pulled.append((_halved(pulled[-1][0]), _halved(pulled[-1][1])))
    total, share = (x.mean((2, 3), keepdim=True) for x in pulled[-1])
    result = (total / share.clamp(min=1e-6)).expand_as(pulled[-1][0])
    for total, share in reversed(pulled):
        if result.shape != total.shape:
            result = F.interpolate(result, size=total.shape[-2:], mode="bilinear", align_corners=False)
        sure = (4 * share).clamp(max=1.0)
        result = sure * total / share.clamp(min=1e-6) + (1 - sure) * result
    return result


def _halved(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)
