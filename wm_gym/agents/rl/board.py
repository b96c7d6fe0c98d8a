"""What a training tells TensorBoard beside what the learner does: figures, films and ways of evaluations."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from wm_gym.agents.rl.evaluation import Evaluation

_FILM_SCALE = 3
_FRAME_MILLISECONDS = 160
_TOLD = ("success", "return", "steps", "spl", "distance_to_goal", "collisions", "path_metres")


class Board:
    """Evaluations as scalars, films and pictures in TensorBoard, and as lines of "evaluations.jsonl".

    Args:
        folder: Of the run.
    """

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        folder.mkdir(parents=True, exist_ok=True)
        self._lines, self._writer = folder / "evaluations.jsonl", SummaryWriter(str(folder))

    def add(self, evaluation: Evaluation, step: int) -> None:
        """Tell an evaluation after so many steps of training."""
        name = f"eval_{evaluation.backend}"
        figures = {key: evaluation.figures[key] for key in _TOLD if key in evaluation.figures}
        for key, value in figures.items():
            self._writer.add_scalar(f"{name}/{key}", value, step)
        self._writer.add_image(f"{name}/way", evaluation.trail, step, dataformats="HWC")
        self._add_film(f"{name}/film", evaluation.frames, step)
        self._writer.flush()
        self._write({"step": step, "backend": evaluation.backend} | figures)

    def close(self) -> None:
        """Close the logs."""
        self._writer.close()

    def _write(self, row: Mapping[str, Any]) -> None:
        with self._lines.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _add_film(self, name: str, frames: np.ndarray, step: int) -> None:
        """An animated GIF, which TensorBoard shows like any picture; its own way to one needs another package."""
        from tensorboard.compat.proto.summary_pb2 import Summary  # pyright: ignore[reportAttributeAccessIssue] (generated)

        data = gif(frames)
        height, width = frames.shape[1] * _FILM_SCALE, frames.shape[2] * _FILM_SCALE
        image = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=data)
        self._writer._get_file_writer().add_summary(Summary(value=[Summary.Value(tag=name, image=image)]), step)


def gif(frames: np.ndarray) -> bytes:
    """Frames (S, H, W, 3) uint8 as an animated GIF."""
    size = frames.shape[2] * _FILM_SCALE, frames.shape[1] * _FILM_SCALE
    pictures = [Image.fromarray(frame).resize(size, Image.Resampling.NEAREST) for frame in frames]
    packed = io.BytesIO()
    pictures[0].save(packed, "GIF", save_all=True, append_images=pictures[1:], duration=_FRAME_MILLISECONDS, loop=0)
    return packed.getvalue()
