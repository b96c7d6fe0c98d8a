"""Distances of a set of frames from the true ones, in axes that were fitted on these. Knows nothing of generators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wm_gym.evaluation.generation.colours import colour_distance
from wm_gym.evaluation.generation.features import Features
from wm_gym.evaluation.generation.frechet import Axes, frechet_distance
from wm_gym.evaluation.generation.patches import SIDES, axes_of, cut
from wm_gym.evaluation.generation.pieces import TruePieces
from wm_gym.evaluation.generation.pixels import gradient_energy
from wm_gym.evaluation.generation.structure import passes
from wm_gym.evaluation.realism import RealismClassifier

MOST_AXES = 32
SAMPLES_PER_AXIS = 4
"""Of features, in the smallest set: a covariance of more axes than samples is singular, and of as many is noise."""


@dataclass(frozen=True, eq=False)
class FrameSet:
    """N walks of C chunks.

    Attributes:
        frames: (N, C, H, W, 3) uint8.
        features: (N, C, D).
        before: (N, D), features of the frame before the first chunk; None where nothing goes on from it.
        shows_place: (N, C) bool, whether the frame passes the judge.
    """

    frames: np.ndarray
    features: np.ndarray
    before: np.ndarray | None
    shows_place: np.ndarray

    def half(self, which: slice) -> FrameSet:
        """Some of the walks."""
        before = None if self.before is None else self.before[which]
        return FrameSet(self.frames[which], self.features[which], before, self.shows_place[which])

    def pairs(self, chunk: int) -> np.ndarray | None:
        """(N, 2 D): features of the frame before a chunk and of its own; None where there is no such frame."""
        before = self.before if chunk == 0 else self.features[:, chunk - 1]
        return None if before is None else np.concatenate([before, self.features[:, chunk]], 1)


class Ruler:
    """Measures sets of frames against the true ones of the same pieces."""

    def __init__(self, pieces: TruePieces, features: Features, judge: RealismClassifier) -> None:
        """Fit all axes on the truth of the pieces."""
        self._features, self._judge, self._is_cold = features, judge, pieces.is_cold
        self.truth = self.measured(pieces.truth, pieces.last)
        smallest = min(len(pieces.truth), len(pieces.truth) // 2 if pieces.others is None else len(pieces.others))
        self.num_axes = max(1, min(MOST_AXES, smallest // SAMPLES_PER_AXIS))
        self._frame_axes = Axes.fit(self.truth.features.reshape(-1, self.truth.features.shape[-1]), self.num_axes)
        pairs = [self.truth.pairs(chunk) for chunk in range(pieces.chunks)]
        shown = [pair for pair in pairs if pair is not None]
        self._pair_axes = Axes.fit(np.concatenate(shown), self.num_axes) if shown else None
        sides = [side for side in SIDES if side <= min(pieces.truth.shape[2:4])]
        self._patch_axes = {side: axes_of(pieces.truth, side) for side in sides}

    def measured(self, frames: np.ndarray, last: np.ndarray | None) -> FrameSet:
        """Frames (N, C, H, W, 3) uint8 that go on from the frames (N, H, W, 3) before, if any, with their features."""
        flat = self._features(frames.reshape(-1, *frames.shape[2:]))
        before = None if last is None or self._is_cold else self._features(last)
        return FrameSet(frames, flat.reshape(*frames.shape[:2], -1), before, passes(self._judge, frames))

    def distances(self, made: FrameSet, chunks: Sequence[int], truth: FrameSet | None = None) -> dict[str, float]:
        """Distances of a set from the truth at all of these chunks together, its share of places, and its sharpness.

        Args:
            made: The set.
            chunks: Which of its chunks, counted from 0.
            truth: What to measure from; None: the truth of the pieces.
        """
        truth = truth or self.truth
        figures = {"feature_distance": self._frame_axes.distance(*(_at(one, chunks) for one in (made, truth)))}
        figures["pair_distance"] = self._pair_distance(made, truth, chunks)
        for side, axes in self._patch_axes.items():
            sets = (cut(one.frames[:, list(chunks)], side) for one in (made, truth))
            figures[f"patch_{side}_distance"] = axes.distance(*sets)
        shown = [one.frames[:, list(chunks)] for one in (made, truth)]
        figures["colour_distance"] = colour_distance(*shown)
        figures["structure"] = float(made.shows_place[:, list(chunks)].mean())
        energies = [gradient_energy(frames) for frames in shown]
        return figures | {"sharpness": energies[0] / energies[1] if energies[1] > 0 else float("nan")}

    def _pair_distance(self, made: FrameSet, truth: FrameSet, chunks: Sequence[int]) -> float:
        rows = [(made.pairs(chunk), truth.pairs(chunk)) for chunk in chunks]
        shown = [(one, other) for one, other in rows if one is not None and other is not None]
        if not shown or self._pair_axes is None:
            return float("nan")
        return frechet_distance(*(self._pair_axes(np.concatenate(part)) for part in zip(*shown, strict=True)))


def _at(one: FrameSet, chunks: Sequence[int]) -> np.ndarray:
    return one.features[:, list(chunks)].reshape(-1, one.features.shape[-1])
