"""All figures of what some generators make of the same pieces, beside rows that need no network.

A generator is a function from a seed to frames: nothing here knows how it makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wm_gym.evaluation.generation.features import Features, LiteFeatures
from wm_gym.evaluation.generation.paired import paired_figures, rotation_figures, seeds_feature_distance
from wm_gym.evaluation.generation.pieces import Generated, TruePieces, check_frames
from wm_gym.evaluation.generation.ruler import FrameSet, Ruler
from wm_gym.evaluation.generation.structure import reliability
from wm_gym.evaluation.realism import RealismClassifier
from wm_gym.progress import progress_bar

Maker = Callable[[int], np.ndarray]
"""A seed to frames (N, C, H, W, 3) uint8 of the pieces; further chunks are left out."""

Figures = dict[str, float | list[float]]

TRUTH, FLOOR, HELD = "truth", "floor", "held"
"""Rows that need no network: the truth, how far true frames are from true ones, and the last frame held."""

ALL, WINDOWS = "all", "windows"
"""Beside single chunks: all of them together, and a list over windows of consecutive ones."""

CURVES = (
    "feature_distance", "pair_distance", "patch_8_distance", "patch_16_distance", "colour_distance", "structure",
    "sharpness",
)  # fmt: skip
"""Figures of windows."""

LEAST_PIECES = 4
"""Fewest pieces: their halves are two sets of at least two."""

_FEATURE_SEEDS = 2
"""Seeds that distances are averaged over; a network looks at all of their frames."""


@dataclass(frozen=True, eq=False)
class Report:
    """What was measured.

    Attributes:
        figures: "row/chunk_8/figure" and "row/all/figure" to a number, "row/windows/figure" to a list, and a few
            numbers of the whole.
        rows: Names of the rows in order, those that need no network first.
        chunks: Chunks, counted from 1, of which there are figures.
        pieces: What it was measured on.
        made: (S, N, C, H, W, 3) uint8 of each generator.
    """

    figures: Figures
    rows: tuple[str, ...]
    chunks: tuple[int, ...]
    pieces: TruePieces
    made: Mapping[str, np.ndarray]


def evaluate_generation(
    makers: Mapping[str, Maker],
    pieces: TruePieces,
    seeds: Sequence[int],
    chunks: int,
    *,
    window: int = 4,
    features: Features | None = None,
) -> Report:
    """Let generators make the pieces from each seed, and measure what they made.

    Args:
        makers: Generators by name.
        pieces: What they make, at least 4; a few hundred for distances by chunk.
        seeds: Each generator makes them once from each.
        chunks: How many of the pieces' chunks count.
        window: Chunks that a window holds.
        features: Of frames; None: those of EfficientNet-Lite0.

    Raises:
        ValueError: If pieces or seeds are too few, a name is taken, or a generator's frames have another shape.
        ImportError: If `features` is None and the package of EfficientNet-Lite0 is not installed.
    """
    pieces = pieces.first(chunks)
    _check(makers, pieces, seeds, window)
    judge = RealismClassifier.load()
    ruler = Ruler(pieces, features or LiteFeatures.load(), judge)
    shown, window = _shown(chunks), min(window, chunks)
    figures: Figures = {
        "pieces": len(pieces.truth), "seeds": len(seeds), "chunks": chunks, "window": window, "axes": ruler.num_axes,
    }  # fmt: skip
    flat = pieces.truth.reshape(-1, *pieces.truth.shape[2:])
    figures |= {f"judge/{name}": value for name, value in reliability(judge, flat).items()}
    figures |= _true_rows(ruler, pieces, shown, window)
    held = np.broadcast_to(pieces.last[None, :, None], (1, *pieces.truth.shape))
    made = {HELD: np.ascontiguousarray(held)}
    for name in (bar := progress_bar(list(makers), desc="generators", unit="generator")):
        bar.set_postfix_str(name)
        made[name] = np.stack([_frames(name, makers[name], seed, pieces) for seed in seeds])
    for name in progress_bar(list(made), desc="figures", unit="row"):
        figures |= _row(name, ruler, Generated(made[name], pieces), shown, window)
    return Report(figures, (TRUTH, FLOOR, *made), shown, pieces, {name: made[name] for name in makers})


def _shown(chunks: int) -> tuple[int, ...]:
    """1, 2, 4, 8 and so on, and the last."""
    doubling = [1 << k for k in range(chunks.bit_length())]
    return tuple(sorted({*doubling, chunks}))


def _frames(name: str, make: Maker, seed: int, pieces: TruePieces) -> np.ndarray:
    frames = np.asarray(make(seed))[:, : pieces.chunks]
    check_frames(f"frames of {name!r}", frames, pieces.truth.shape)
    return frames


def _row(name: str, ruler: Ruler, generated: Generated, shown: Sequence[int], window: int) -> Figures:
    """Figures of one generator."""
    pieces = generated.pieces
    sets = [ruler.measured(frames, pieces.last) for frames in generated.frames[:_FEATURE_SEEDS]]
    figures = _of_sets(name, ruler, sets, pieces.chunks, shown, window)
    features = np.stack([one.features for one in sets])
    for chunk in shown:
        found = paired_figures(generated, chunk - 1)
        found |= rotation_figures(generated.frames[0], pieces, chunk - 1)
        found["seeds_feature_distance"] = seeds_feature_distance(
            features[:, :, chunk - 1], ruler.truth.features[:, chunk - 1]
        )
        figures |= {f"{name}/chunk_{chunk}/{figure}": value for figure, value in found.items()}
    return figures


def _true_rows(ruler: Ruler, pieces: TruePieces, shown: Sequence[int], window: int) -> Figures:
    """Figures of the truth by itself, and its distances from other true frames."""
    figures: Figures = {}
    for chunk in shown:
        found = rotation_figures(pieces.truth, pieces, chunk - 1)
        found["unseen_share"] = float(pieces.unseen[:, chunk - 1].mean())
        found["structure"] = float(ruler.truth.shows_place[:, chunk - 1].mean())
        figures |= {f"{TRUTH}/chunk_{chunk}/{figure}": value for figure, value in found.items()}
    if pieces.others is not None:
        others = [ruler.measured(pieces.others, None)]
        return figures | _of_sets(FLOOR, ruler, others, pieces.chunks, shown, window)
    middle = len(pieces.truth) // 2
    first, second = (ruler.truth.half(which) for which in (slice(middle), slice(middle, None)))
    return figures | _of_sets(FLOOR, ruler, [first], pieces.chunks, shown, window, second)


def _of_sets(
    name: str, ruler: Ruler, sets: Sequence[FrameSet], chunks: int, shown: Sequence[int], window: int,
    truth: FrameSet | None = None,
) -> Figures:  # fmt: skip
    """Distances and sharpness of sets by chunk, of all chunks, and by window, averaged over the sets."""
    figures: Figures = {}
    for at, which in ((ALL, range(chunks)), *((f"chunk_{chunk}", [chunk - 1]) for chunk in shown)):
        found = _average(ruler, sets, which, truth)
        figures |= {f"{name}/{at}/{figure}": value for figure, value in found.items()}
    windows = [_average(ruler, sets, range(first, first + window), truth) for first in range(chunks - window + 1)]
    named = [figure for figure in CURVES if figure in windows[0]]
    return figures | {f"{name}/{WINDOWS}/{figure}": [one[figure] for one in windows] for figure in named}


def _average(ruler: Ruler, sets: Sequence[FrameSet], chunks: Sequence[int], truth: FrameSet | None) -> dict[str, float]:
    rows = [ruler.distances(one, chunks, truth) for one in sets]
    return {figure: float(np.mean([row[figure] for row in rows])) for figure in rows[0]}


def _check(makers: Mapping[str, Maker], pieces: TruePieces, seeds: Sequence[int], window: int) -> None:
    if len(pieces.truth) < LEAST_PIECES:
        raise ValueError(f"pieces must be at least {LEAST_PIECES}, got {len(pieces.truth)}")
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must be at least one, each once, got {list(seeds)}")
    if window < 1:
        raise ValueError(f"window must be at least 1, got {window}")
    for name in makers:
        if name in (TRUTH, FLOOR, HELD) or "/" in name or not name:
            raise ValueError(
                f"names of generators must be none of {[TRUTH, FLOOR, HELD]} and without '/', got {name!r}"
            )
