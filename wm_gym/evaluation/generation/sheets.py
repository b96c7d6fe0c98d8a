"""Contact sheets: of some pieces the truth, and below it what each seed of a generator made, chunk after chunk."""

from __future__ import annotations

import numpy as np
from PIL import Image

from wm_gym.evaluation.generation.evaluating import Report
from wm_gym.evaluation.pictures import contact_sheet, enlarge

SHOWN_PIECES, SHOWN_SEEDS = 6, 4
_WIDTH = 96
"""Pixels across which a small frame is enlarged to."""


def sheets_of(report: Report) -> dict[str, Image.Image]:
    """A sheet of each generator, of the same pieces."""
    return {name: sheet(report, frames) for name, frames in report.made.items()}


def sheet(report: Report, frames: np.ndarray) -> Image.Image:
    """Rows of the truth and up to four seeds for each shown piece; columns: the frame before, then chunks.

    Args:
        report: Of what the frames were measured on.
        frames: (S, N, C, H, W, 3) uint8.
    """
    pieces, rows = report.pieces, []
    for piece in shown_pieces(pieces.unseen):
        rows.append((f"{piece} truth", _strip(pieces.truth[piece], pieces.last[piece], report.chunks)))
        for seed, made in enumerate(frames[:SHOWN_SEEDS]):
            before = np.zeros_like(pieces.last[piece])
            rows.append((f"seed {seed}", _strip(made[piece], before, report.chunks)))
    before = "not shown" if pieces.is_cold else "before"
    return contact_sheet(rows, [before, *(f"chunk {chunk}" for chunk in report.chunks)])


def shown_pieces(unseen: np.ndarray) -> list[int]:
    """Pieces (rows of (N, C, H, W)) in steps from that of which least was seen to the middle one."""
    ordered = np.argsort(-unseen.mean((1, 2, 3)), kind="stable")
    places = np.linspace(0, (len(ordered) - 1) // 2, min(SHOWN_PIECES, len(ordered)))
    return list(dict.fromkeys(int(ordered[round(place)]) for place in places))


def _strip(frames: np.ndarray, before: np.ndarray, chunks: tuple[int, ...]) -> list[np.ndarray]:
    factor = max(1, round(_WIDTH / frames.shape[2]))
    return [enlarge(frame, factor) for frame in (before, *(frames[chunk - 1] for chunk in chunks))]
