"""Where a learner of Stable-Baselines3 writes its figures: TensorBoard, and a file of JSON lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stable_baselines3.common.logger import KVWriter, Logger, TensorBoardOutputFormat


class JsonLines(KVWriter):
    """Appends a line of figures, so that a resumed run goes on with the file.

    Args:
        path: Of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Write the figures of a step."""
        figures = {name: _number(value) for name, value in key_values.items()}
        row: Mapping[str, Any] = {"step": step} | {name: value for name, value in figures.items() if value is not None}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def close(self) -> None:
        """Nothing is open between lines."""


def logger_of(folder: Path) -> Logger:
    """A logger into a folder that exists."""
    return Logger(str(folder), [TensorBoardOutputFormat(str(folder)), JsonLines(folder / "log.jsonl")])


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) or hasattr(value, "item") else None
