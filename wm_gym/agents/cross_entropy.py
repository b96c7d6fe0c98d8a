"""The cross-entropy method over sequences of discrete choices. Knows nothing of worlds.

A plan is H choices of A. A distribution, (H, A), draws plans; that of the best of them is the next distribution.

Source: de Boer et al. 2005, "A Tutorial on the Cross-Entropy Method", sections 2 and 5 (smoothed updates).
"""

from __future__ import annotations

import numpy as np

SMOOTHING = 0.7
"""Weight of the best plans in the next distribution; the rest is the last one's."""

LEAST_SHARE = 0.3
"""Share of chance in a distribution that begins a search: what was planned before can be given up."""


def uniform(horizon: int, num_choices: int) -> np.ndarray:
    """(H, A), every choice alike."""
    return np.full((horizon, num_choices), 1.0 / num_choices)


def draw_plans(shares: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Plans of a distribution, the likeliest one first.

    Args:
        shares: (H, A), rows that sum to 1.
        count: S.
        rng: Draws.

    Returns:
        (S, H) int64 choices.
    """
    bounds = shares.cumsum(1)
    bounds[:, -1] = 1.0  # sums of shares end a rounding below or above it
    drawn = (rng.random((count, len(shares), 1)) >= bounds).sum(-1)
    drawn[0] = shares.argmax(1)
    return drawn


def refined(shares: np.ndarray, plans: np.ndarray, returns: np.ndarray, num_elites: int) -> np.ndarray:
    """The distribution of the best plans, smoothed by the one that drew them.

    Args:
        shares: (H, A).
        plans: (S, H).
        returns: (S,).
        num_elites: How many plans are the best; the first drawn of equal ones.

    Returns:
        (H, A).
    """
    best = plans[np.argsort(-returns, kind="stable")[:num_elites]]
    counted = (best[:, :, None] == np.arange(shares.shape[1])).mean(0)
    return SMOOTHING * counted + (1.0 - SMOOTHING) * shares


def moved_on(shares: np.ndarray) -> np.ndarray:
    """The distribution that begins the next search, one choice later: anything can follow its last choice.

    Args:
        shares: (H, A).
    """
    later = np.concatenate([shares[1:], uniform(1, shares.shape[1])])
    return (1.0 - LEAST_SHARE) * later + LEAST_SHARE / shares.shape[1]
