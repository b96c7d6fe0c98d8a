"""How near points lie to the surfaces they are to lie on: Chamfer distance and F-score.

Source: Knapitsch et al. 2017, "Tanks and Temples", section 5 (precision, recall and F-score at a distance). Knows
nothing of where points come from.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import KDTree

_MOST_QUERIES = 100_000


def surface_scores(
    made: np.ndarray, true: np.ndarray, tolerances_metres: Sequence[float], wanted: np.ndarray | None = None
) -> dict[str, float]:
    """Chamfer distance, precision, recall and F-score of points.

    Args:
        made: (P, 3) metres.
        true: (Q, 3) metres, dense on the surfaces.
        tolerances_metres: How far from a surface a point counts as on it.
        wanted: (Q,) bool, the true points that are to be near made ones; None for all.

    Returns:
        "chamfer_metres", the mean of both mean distances; of each tolerance, such as 5 cm, "precision_5cm", the share
        of made points near a true one, "recall_5cm", the other way round, and "fscore_5cm", their harmonic mean.

    Raises:
        ValueError: If points are not (P, 3), or there are none.
    """
    asked = true if wanted is None else true[wanted]
    for name, points in (("made", made), ("true", asked)):
        if points.ndim != 2 or points.shape[1] != 3 or not len(points):
            raise ValueError(f"{name} must be (P, 3) points, got {points.shape}")
    to_true, _ = KDTree(true).query(_sampled(made))
    to_made, _ = KDTree(made).query(_sampled(asked))
    scores = {"chamfer_metres": float(to_true.mean() + to_made.mean()) / 2}
    for tolerance in tolerances_metres:
        precision, recall = float((to_true < tolerance).mean()), float((to_made < tolerance).mean())
        both = precision + recall
        f_score = 2 * precision * recall / both if both else 0.0
        at = f"{round(100 * tolerance)}cm"
        scores |= {f"precision_{at}": precision, f"recall_{at}": recall, f"fscore_{at}": f_score}
    return scores


def _sampled(points: np.ndarray) -> np.ndarray:
    """At most so many of the points as are asked for; equal points give equal samples."""
    if len(points) <= _MOST_QUERIES:
        return points
    return points[np.random.default_rng(0).choice(len(points), _MOST_QUERIES, replace=False)]
