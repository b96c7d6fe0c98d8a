"""Depth of unknown scale in metres: by the floor that a camera of known height and pitch sees below the horizon.

Scale and shift are found once, on the picture that a world opens with, and hold from then on. Knows nothing of models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.reconstruction.estimates import Kind

LEAST_FLOOR = 0.25
"""Share of the pixels below the horizon that must lie on one floor."""

_SEED, _TRIES, _POINTS = 0, 400, 4000
_TOLERANCE, _FARTHEST_METRES = 0.08, 15.0
_MOST_BELOW, _LEAST_SPREAD = 0.25, 0.15
_TIGHTER = (0.08, 0.04, 0.02)


@dataclass(frozen=True)
class DepthScale:
    """From what a model gives to metres.

    Attributes:
        kind: What the model gives.
        scale: Times what it gives.
        shift: Added to that; of disparity, in 1 / metres.
        share: Share of the pixels it was found on that agree with it.
    """

    kind: Kind
    scale: float = 1.0
    shift: float = 0.0
    share: float = 0.0

    def metres(self, given: Tensor) -> Tensor:
        """(..., H, W) float32 metres of what the model gave; the far value where it has no end."""
        line = self.scale * given.float() + self.shift
        if self.kind == "metric":
            return line.clamp(1e-3, FAR_METRES)
        return 1.0 / line.clamp(min=1.0 / FAR_METRES)


def scale_by_floor(given: Tensor, ground: Tensor, kind: Kind) -> DepthScale:
    """The scale with which the floor lies where the ground does, as RANSAC finds it. Equal input, equal scale.

    Source: Ranftl et al. 2020, "Towards robust monocular depth estimation", section 5 (scale and shift of disparity);
    Fischler and Bolles 1981 (RANSAC). Things stand on the ground, so few pixels may lie under it.

    Args:
        given: (H, W) what a model gives.
        ground: (H, W) metres at which flat ground lies, `FAR_METRES` where a pixel does not see any.
        kind: What the model gives.

    Raises:
        ValueError: If too little of the picture is floor.
    """
    below = (ground < _FARTHEST_METRES) & torch.isfinite(given)
    found = _scale(given[below], ground[below], kind, is_floor=True)
    if found.share < LEAST_FLOOR:
        raise ValueError(
            f"a picture must show the floor in at least {LEAST_FLOOR:.0%} of what is below its horizon for its depth "
            f"to be in metres, got {found.share:.0%}"
        )
    return found


def scale_by_known(given: Tensor, known: Tensor, kind: Kind) -> DepthScale:
    """The scale with which most of what a model gives lies at known depth; `share` is 0 where there is none.

    Args:
        given: (P,) what a model gives.
        known: (P,) metres.
        kind: What the model gives.
    """
    return _scale(given, known, kind, is_floor=False)


def _scale(given: Tensor, known: Tensor, kind: Kind, *, is_floor: bool) -> DepthScale:
    values, wanted = given.double().numpy(), 1.0 / known.double().numpy()
    if kind == "metric":
        values = 1.0 / np.maximum(values, 1e-6)
    if len(values) > _POINTS:
        rows = np.random.default_rng(_SEED).choice(len(values), _POINTS, replace=False)
        values, wanted = values[rows], wanted[rows]
    scale, shift, share = _line(values, wanted, has_shift=kind == "disparity", is_floor=is_floor)
    # of metres: 1 / (scale / depth) is depth / scale
    return DepthScale(kind, 1 / scale, 0.0, share) if kind == "metric" else DepthScale(kind, scale, shift, share)


def _line(values: np.ndarray, wanted: np.ndarray, *, has_shift: bool, is_floor: bool) -> tuple[float, float, float]:
    """Scale, shift and share of inliers of the line through most disparities.

    A floor runs from near to far, and little lies under it.
    """
    if len(values) < 16:
        return 1.0, 0.0, 0.0
    rng = np.random.default_rng(_SEED)
    first, second = rng.integers(0, len(values), (2, _TRIES))
    if has_shift:
        apart = values[second] - values[first]
        scales = (wanted[second] - wanted[first]) / np.where(np.abs(apart) < 1e-9, np.inf, apart)
    else:
        scales = wanted[first] / np.maximum(values[first], 1e-9)
    shifts = wanted[first] - scales * values[first] if has_shift else np.zeros(_TRIES)
    off = (np.outer(scales, values) + shifts[:, None]) / wanted - 1
    inliers = (np.abs(off) < _TOLERANCE).mean(1)
    fits = scales > 1e-9
    if is_floor:
        fits &= ((off < -2 * _TOLERANCE).mean(1) <= _MOST_BELOW) & (
            _spread(np.abs(off) < _TOLERANCE, wanted) > _LEAST_SPREAD
        )
    best = int(np.argmax(np.where(fits, inliers, -1.0)))
    if not fits[best]:
        return 1.0, 0.0, 0.0
    scale, shift = float(scales[best]), float(shifts[best])
    for tolerance in _TIGHTER:  # what stands near the floor pulls at it
        on = np.abs((scale * values + shift) / wanted - 1) < tolerance
        if on.sum() < 8:
            break
        scale, shift = _least_squares(values[on], wanted[on], has_shift=has_shift)
    return scale, shift, float(inliers[best])


def _spread(inliers: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Standard deviation of the log of what is wanted, over the inliers (tries, P) of each try."""
    count, log = np.maximum(inliers.sum(1), 1), np.log(wanted)
    mean = inliers @ log / count
    return np.sqrt(np.maximum(inliers @ log**2 / count - mean**2, 0))


def _least_squares(values: np.ndarray, wanted: np.ndarray, *, has_shift: bool) -> tuple[float, float]:
    """Scale and shift of least relative error."""
    columns = [values / wanted, 1.0 / wanted] if has_shift else [values / wanted]
    answer = np.linalg.lstsq(np.stack(columns, 1), np.ones(len(values)), rcond=None)[0]
    return float(answer[0]), float(answer[1]) if has_shift else 0.0
