"""Agreement of two worlds about policies, and how well a score foresees an event. Pure numpy.

All functions of policies take (..., P) values, so that many resamples are one call. What cannot be told (all policies
alike in one world) is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

RESAMPLES = 1000
INTERVAL = (2.5, 97.5)
"""Percentiles of a 95 % interval."""

_LEAST_SPREAD = 1e-12


def pearson(world: np.ndarray, twin: np.ndarray) -> np.ndarray:
    """Pearson's correlation of (..., P) values, (...)."""
    a, b = (values - values.mean(-1, keepdims=True) for values in np.broadcast_arrays(world, twin))
    spread = np.sqrt((a**2).sum(-1) * (b**2).sum(-1))
    return _where(spread > _LEAST_SPREAD, (a * b).sum(-1), spread)


def spearman(world: np.ndarray, twin: np.ndarray) -> np.ndarray:
    """Spearman's correlation of (..., P) values, ties by their mean rank, (...)."""
    return pearson(_ranks(world), _ranks(twin))


def mmrv(world: np.ndarray, twin: np.ndarray) -> np.ndarray:
    """Mean maximum rank violation of (..., P) values, in the unit of the twin's, (...); 0 is best.

    For each policy the largest difference in the twin to one that the world ranks the other way round, in the mean.

    Source: Li et al. 2024, "Evaluating Real-World Robot Manipulation Policies in Simulation" (SimplerEnv).
    """
    is_less_world, is_less_twin = (values[..., :, None] < values[..., None, :] for values in (world, twin))
    difference = np.abs(twin[..., :, None] - twin[..., None, :])
    return (difference * (is_less_world != is_less_twin)).max(-1).mean(-1)


def ratio(world: np.ndarray, twin: np.ndarray) -> np.ndarray:
    """Sum over policies in the twin over that in the world, (...); NaN where that is not positive."""
    total = world.sum(-1)
    return _where(total > _LEAST_SPREAD, twin.sum(-1), total)


AGREEMENTS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "pearson": pearson,
    "spearman": spearman,
    "mmrv": mmrv,
    "ratio": ratio,
}
"""Name to function of two (..., P)."""


def agreement(world: np.ndarray, twin: np.ndarray, *, is_paired: bool = True, seed: int = 0) -> dict[str, float]:
    """`AGREEMENTS` of the means over starts, each with a bootstrap interval under NAME_low and NAME_high.

    Args:
        world: (P, E) returns of P policies from E starts.
        twin: (P, F); F is E where starts are paired.
        is_paired: Whether column e of both is the same start, so that both are resampled alike.
        seed: Of the resamples.

    Raises:
        ValueError: If the shapes do not fit.
    """
    if world.ndim != 2 or world.shape[0] != twin.shape[0] or (is_paired and world.shape != twin.shape):
        raise ValueError(f"world and twin must be (P, E) of the same policies, got {world.shape} and {twin.shape}")
    rng = np.random.default_rng(seed)
    drawn = rng.integers(world.shape[1], size=(RESAMPLES, world.shape[1]))
    also = drawn if is_paired else rng.integers(twin.shape[1], size=(RESAMPLES, twin.shape[1]))
    means, twin_means = world[:, drawn].mean(-1).T, twin[:, also].mean(-1).T
    figures: dict[str, float] = {}
    for name, of in AGREEMENTS.items():
        figures |= with_interval(name, float(of(world.mean(1), twin.mean(1))), of(means, twin_means))
    return figures


def share(hits: np.ndarray, cases: np.ndarray, name: str, *, seed: int = 0) -> dict[str, float]:
    """A share of cases, with a bootstrap interval over starts, and the number of cases under NAME_of.

    Args:
        hits: (E,) counts by start.
        cases: (E,) counts by start.
        name: Of the figure.
        seed: Of the resamples.
    """
    drawn = np.random.default_rng(seed).integers(len(cases), size=(RESAMPLES, len(cases)))
    hit, of = hits[drawn].sum(1), cases[drawn].sum(1)
    value = float(_where(cases.sum() > 0, hits.sum(), cases.sum()))
    return with_interval(name, value, _where(of > 0, hit, of)) | {f"{name}_of": float(cases.sum())}


def auc(scores: np.ndarray, events: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Area under the ROC curve: chance that an event has the higher score than no event, ties by half.

    Args:
        scores: (K,) the higher, the likelier the event.
        events: (K,) bool.
        weights: (..., K) how often each counts; None for once.

    Returns:
        (...); NaN where all or none are events.
    """
    weights = np.ones(len(scores)) if weights is None else np.asarray(weights, np.float64)
    order = np.argsort(scores, kind="stable")
    _, firsts = np.unique(scores[order], return_index=True)
    without, among = (np.add.reduceat((weights * kind)[..., order], firsts, -1) for kind in (~events, events))
    below = without.cumsum(-1) - without / 2
    pairs = without.sum(-1) * among.sum(-1)
    return _where(pairs > 0, (among * below).sum(-1), pairs)


def auc_by_start(scores: np.ndarray, events: np.ndarray, starts: np.ndarray, name: str, *, seed: int = 0):
    """`auc` with a bootstrap interval over starts: what one start gave is drawn together.

    Args:
        scores: (K,).
        events: (K,) bool.
        starts: (K,) number of the start that each comes from.
        name: Of the figure.
        seed: Of the resamples.

    Returns:
        NAME, NAME_low, NAME_high, and NAME_of, the number of events.
    """
    found, start = np.unique(starts, return_inverse=True)
    drawn = np.random.default_rng(seed).integers(len(found), size=(RESAMPLES // 4, len(found)))
    counts = (drawn[:, :, None] == np.arange(len(found))).sum(1)
    values = auc(scores, events, counts[:, start])
    return with_interval(name, float(auc(scores, events)), values) | {f"{name}_of": float(events.sum())}


def with_interval(name: str, value: float, resampled: np.ndarray) -> dict[str, float]:
    """A figure and its 95 % interval; resamples in which it cannot be told are left out."""
    told = resampled[np.isfinite(resampled)]
    low, high = np.percentile(told, INTERVAL) if len(told) else (np.nan, np.nan)
    return {name: value, f"{name}_low": float(low), f"{name}_high": float(high)}


def _ranks(values: np.ndarray) -> np.ndarray:
    """(..., P) ranks from 0, equal values with their mean rank."""
    above = (values[..., :, None] > values[..., None, :]).sum(-1)
    alike = (values[..., :, None] == values[..., None, :]).sum(-1)
    return above + (alike - 1) / 2


def _where(is_told: np.ndarray | bool, over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """`over / under` where it can be told, else NaN."""
    told, over, under = np.broadcast_arrays(is_told, np.asarray(over, np.float64), np.asarray(under, np.float64))
    return np.divide(over, under, out=np.full(told.shape, np.nan), where=told)
