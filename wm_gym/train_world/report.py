"""Logs of a run: losses and scores in TensorBoard and a JSON-lines file, and strips of pictures."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from torch import nn

from wm_gym.train_world.checkpoint import Progress
from wm_gym.train_world.ranks import is_first_rank


@dataclass(frozen=True)
class Score:
    """Score of a model on held-out clips.

    Attributes:
        figures: Figures by name.
        strip: (H, W, 3) uint8 picture.
        rows: Names of the rows of the strip, for its caption.
    """

    figures: dict[str, float]
    strip: np.ndarray
    rows: str


class Report:
    """Collects losses, and scores the averaged weights when it is written. Of several ranks the first writes files."""

    def __init__(self, folder: Path, score: Callable[[nn.Module], Score] | None) -> None:
        """Report into a folder; without `score` losses alone."""
        self._folder, self._score, self._is_writing = folder, score, is_first_rank()
        self._sums: dict[str, list[float]] = defaultdict(list)
        if self._is_writing:
            folder.mkdir(parents=True, exist_ok=True)
        self._board = _board(folder) if self._is_writing else None

    def add(self, figures: dict[str, float]) -> None:
        """Keep the loss and its parts of one step, by name."""
        for name, value in figures.items():
            self._sums[name].append(value)

    def write(self, progress: Progress, learning_rate: float) -> dict[str, str]:
        """Score, log and draw; returns figures for the progress bar, as text."""
        figures = {name: float(np.mean(values)) for name, values in self._sums.items()}
        self._sums.clear()
        figures |= {"learning_rate": learning_rate, "minutes": progress.seconds / 60}
        if self._score is not None:
            score = self._score(progress.average)
            figures |= score.figures
            if self._is_writing:
                self._draw(score, progress.step)
        if self._is_writing:
            with (self._folder / "log.jsonl").open("a") as file:
                file.write(json.dumps({"step": progress.step} | figures) + "\n")
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(name, value, progress.step)
        shown = ("loss", "psnr_db", "hint_psnr_db", "unseen_psnr_db", "hint_unseen_psnr_db")
        return {name: f"{figures[name]:.3f}" for name in shown if name in figures}

    def close(self) -> None:
        """Close the logs."""
        if self._board is not None:
            self._board.close()

    def _draw(self, score: Score, step: int) -> None:
        Image.fromarray(score.strip).save(self._folder / f"strip_{step:07d}.png")
        if self._board is not None:
            self._board.add_image(score.rows, score.strip, step, dataformats="HWC")


def _board(folder: Path):
    """A TensorBoard writer, or None where TensorBoard is not installed: the JSON lines hold the same figures."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
