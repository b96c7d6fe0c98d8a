"""How near points lie to the surfaces they are to lie on: Chamfer distance and F-score.

Source: Knapitsch et al. 2017, "Tanks and Temples", section 5 (precision, recall and F-score at a distance). Knows
nothing of where points come from.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

_MOST_QUERIES = 200_000


def surface_scores(
    made: np.ndarray, true: np.ndarray, tolerance_metres: float, wanted: np.ndarray | None = None
) -> dict[str, float]:
    """Chamfer distance, precision, recall and F-score of points.

    Args:
        made: (P, 3) metres.
        true: (Q, 3) metres, dense on the surfaces.
        tolerance_metres: How far from a surface a point counts as on it.
        wanted: (Q,) bool, the true points that are to be near made ones; None for all.

    Returns:
        "chamfer_metres", the mean of both mean distances; "precision", the share of made points near a true one;
        "recall", the other way round; "fscore", their harmonic mean.

    Raises:
        ValueError: If points are not (P, 3), or there are none.
    """
    for name, points in (("made", made), ("true", true)):
        if points.ndim != 2 or points.shape[1] != 3 or not len(points):
            raise ValueError(f"{name} must be (P, 3) points, got {points.shape}")
    to_true, _ = KDTree(true).query(_sampled(made))
    to_made, _ = KDTree(made).query(_sampled(true if wanted is None else true[wanted]))
    precision, recall = float((to_true < tolerance_metres).mean()), float((to_made < tolerance_metres).mean())
    total = precision + recall
    return {
        "chamfer_metres": float(to_true.mean() + to_made.mean()) / 2,
        "precision": precision,
        "recall": recall,
        "fscore": 2 * precision * recall / total if total else 0.0,
    }


def _sampled(points: np.ndarray) -> np.ndarray:
    """At most so many of the points as are asked for; equal points give equal samples."""
    if len(points) <= _MOST_QUERIES:
        return points
    return points[np.random.default_rng(0).choice(len(points), _MOST_QUERIES, replace=False)]
