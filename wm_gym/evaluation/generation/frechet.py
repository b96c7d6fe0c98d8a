"""Fréchet distance of two sets of vectors, in a few axes that are fitted on the truth.

A covariance of D axes takes far more than D samples; sets of a few hundred frames have fewer than the axes of any
network's features. So both sets are looked at in the principal axes of the truth, of which there are to be far fewer
than samples. What lies beside these axes is not lost: its length is one more axis, or noise of a kind that the truth
never shows would cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_LEAST = 1e-12


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Squared Fréchet distance of the normal distributions that two sets of vectors have.

    Source: Dowson and Landau 1982, eq. 5, as Heusel et al. 2017, eq. 6, use it.

    Args:
        one: (A, K).
        other: (B, K).

    Raises:
        ValueError: If the sets are not of vectors of one length, or one holds fewer than 2.
    """
    if one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1]:
        raise ValueError(f"sets must be (A, K) and (B, K), got {one.shape} and {other.shape}")
    if min(len(one), len(other)) < 2:
        raise ValueError(f"sets must hold at least 2 vectors, got {len(one)} and {len(other)}")
    first, second = (np.atleast_2d(np.cov(values.T.astype(np.float64))) for values in (one, other))
    root = _square_root(first)
    # the trace of (C1 C2)^(1/2) is that of (C1^(1/2) C2 C1^(1/2))^(1/2), which is symmetric
    shared = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(0)).sum()
    apart = np.square(one.mean(0, dtype=np.float64) - other.mean(0, dtype=np.float64)).sum()
    return float(max(0.0, apart + np.trace(first) + np.trace(second) - 2 * shared))


def _square_root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values.clip(0))) @ vectors.T


@dataclass(frozen=True, eq=False)
class Axes:
    """Principal axes of true vectors of D numbers.

    Attributes:
        mean: (D,).
        directions: (D, K) orthonormal.
        scales: (K + 1,) by which what lies along and beside the axes is divided.
    """

    mean: np.ndarray
    directions: np.ndarray
    scales: np.ndarray

    @classmethod
    def fit(cls, truth: np.ndarray, count: int, *, whitened: bool = False) -> Axes:
        """The first axes of true vectors.

        Args:
            truth: (N, D).
            count: K, at most.
            whitened: Whether each axis counts alike; otherwise all are divided by the truth's own spread, so that a
                distance of 1 is that of a set whose mean lies as far off as single true vectors do.

        Raises:
            ValueError: If there are fewer than 2 vectors or 1 axis.
        """
        if truth.ndim != 2 or len(truth) < 2 or count < 1:
            raise ValueError(f"truth must be (2 or more, D) for 1 axis or more, got {truth.shape} for {count}")
        values = truth.astype(np.float64)
        mean = values.mean(0)
        variances, directions = np.linalg.eigh(np.atleast_2d(np.cov(values.T)))
        directions = directions[:, ::-1][:, : min(count, len(mean))]
        fitted = cls(mean, directions, np.ones(directions.shape[1] + 1))
        spread = np.sqrt(max(variances.sum(), _LEAST))
        scales = fitted(values).std(0).clip(1e-3 * spread) if whitened else np.full_like(fitted.scales, spread)
        return cls(mean, directions, scales)

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """(N, K + 1) of vectors (N, D): along the axes, and the length of what lies beside them."""
        centred = vectors.astype(np.float64) - self.mean
        along = centred @ self.directions
        beside = np.sqrt((np.square(centred).sum(1) - np.square(along).sum(1)).clip(0))
        return np.concatenate([along, beside[:, None]], 1) / self.scales

    def distance(self, one: np.ndarray, other: np.ndarray) -> float:
        """Squared Fréchet distance of two sets of vectors (A, D) and (B, D) in these axes."""
        return frechet_distance(self(one), self(other))
