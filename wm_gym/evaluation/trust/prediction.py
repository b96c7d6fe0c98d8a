"""Does `info["trust"]` foresee that a world comes apart from the truth? Pure numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

EVENT_ABSREL = 0.2
"""Error of depth over which a step counts as come apart."""

WITHIN_STEPS = 4
"""The event is that one of so many next steps has come apart."""


def foreseen(trust: Sequence[float], depth_absrel: Sequence[float | None]) -> tuple[np.ndarray, np.ndarray]:
    """Distrust and event of each step of an episode that has a later one which can be scored.

    Args:
        trust: S values in 0..1.
        depth_absrel: S errors of depth; None or NaN where nothing could be scored.

    Returns:
        (K,) 1 - trust, and (K,) bool whether one of the next `WITHIN_STEPS` steps has come apart.
    """
    errors = np.array([np.nan if error is None else error for error in depth_absrel], np.float64)
    later = np.full((len(errors), WITHIN_STEPS), np.nan)
    for k in range(WITHIN_STEPS):
        following = errors[k + 1 :]
        later[: len(following), k] = following
    is_told = np.asarray(np.isfinite(later).any(1))
    events = np.asarray((np.nan_to_num(later, nan=-1.0) > EVENT_ABSREL).any(1))
    return (1.0 - np.asarray(trust, np.float64))[is_told], events[is_told]
