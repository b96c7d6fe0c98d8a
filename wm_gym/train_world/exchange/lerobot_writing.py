"""Recordings written as a data set of LeRobot: parquet for numbers, a film for each episode, JSON for what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.files.video import VideoWriter
from wm_gym.progress import progress_bar
from wm_gym.train_world.data.recordings import Recordings
from wm_gym.train_world.exchange import lerobot_format as lerobot
from wm_gym.train_world.exchange.frame_table import FrameTable, frame_table
from wm_gym.train_world.exchange.packages import pyarrow


def write_lerobot(recordings: Recordings, folder: Path) -> None:
    """Write clips as episodes, one file of numbers and one film each.

    Args:
        recordings: Finished clips.
        folder: An empty one.

    Raises:
        ValueError: If frames have an odd height or width, which its films do not allow.
        ImportError: If pyarrow is not installed.
        RuntimeError: If the disk cannot take it.
    """
    arrow = pyarrow()
    spec, statistics, tasks, rows = recordings.spec, lerobot.Statistics(), {}, []
    for episode in progress_bar(range(len(recordings)), desc="exporting", unit="clip"):
        table = frame_table(recordings.clip(episode))
        columns = _columns(table, episode, sum(row["length"] for row in rows), spec.fps, tasks)
        for name in (*columns, lerobot.RGB):
            if name not in ("index", "episode_index", "task_index"):
                statistics.add(name, table.frames if name == lerobot.RGB else columns[name])
        place = lerobot.chunk_and_file(episode)
        _write_table(arrow, columns, folder / lerobot.DATA_PATH.format(**place))
        _write_film(table.frames, spec.fps, folder / lerobot.VIDEO_PATH.format(video_key=lerobot.RGB, **place))
        rows.append(_episode_row(table, episode, columns["index"], place, spec.fps))
    features = lerobot.features_of(spec.height, spec.width, spec.fps)
    lengths = [row["length"] for row in rows]
    _write_table(arrow, {name: [row[name] for row in rows] for name in rows[0]}, folder / lerobot.EPISODES)
    _write_tasks(arrow, tasks, folder / lerobot.TASKS)
    for name, told in (
        (lerobot.INFO, lerobot.info_of(features, spec.fps, lengths, len(tasks))),
        (lerobot.STATS, statistics.told()),
    ):
        (folder / name).write_text(json.dumps(told, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")


def _columns(table: FrameTable, episode: int, first: int, fps: float, tasks: dict[str, int]) -> dict[str, np.ndarray]:
    """The columns of an episode's frames; `tasks` takes in texts that are new."""
    count = len(table.frames)
    frame = np.arange(count)
    return {
        lerobot.DEPTH: table.depth,
        lerobot.STATE: table.state,
        lerobot.LENS: np.tile(table.intrinsics, (count, 1)),
        lerobot.ACTION: table.action,
        lerobot.DONE: frame == count - 1,
        "timestamp": (frame / fps).astype(np.float32),
        "frame_index": frame,
        "episode_index": np.full(count, episode),
        "index": first + frame,
        "task_index": np.array([tasks.setdefault(text, len(tasks)) for text in table.texts]),
    }


def _episode_row(
    table: FrameTable, episode: int, index: np.ndarray, place: dict[str, int], fps: float
) -> dict[str, Any]:
    count = len(table.frames)
    return {
        "episode_index": episode,
        "tasks": list(dict.fromkeys(table.texts)),
        "length": count,
        "data/chunk_index": place["chunk_index"],
        "data/file_index": place["file_index"],
        "dataset_from_index": int(index[0]),
        "dataset_to_index": int(index[0]) + count,
        f"videos/{lerobot.RGB}/chunk_index": place["chunk_index"],
        f"videos/{lerobot.RGB}/file_index": place["file_index"],
        f"videos/{lerobot.RGB}/from_timestamp": 0.0,
        f"videos/{lerobot.RGB}/to_timestamp": count / fps,
        "meta/episodes/chunk_index": 0,
        "meta/episodes/file_index": 0,
    }


def _write_table(arrow: Any, columns: dict[str, Any], path: Path, metadata: dict[bytes, bytes] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = arrow.table({name: _column(arrow, values) for name, values in columns.items()})
    arrow.parquet.write_table(table if metadata is None else table.replace_schema_metadata(metadata), path)


def _column(arrow: Any, values: Any) -> Any:
    """Rows of numbers as lists, of one or two levels."""
    if not isinstance(values, np.ndarray) or values.ndim == 1:
        return arrow.array(values)
    flat = arrow.array(np.ascontiguousarray(values).reshape(-1))
    for level in range(values.ndim - 1, 0, -1):
        width = values.shape[level]
        ends = np.arange(0, int(np.prod(values.shape[: level + 1])) + 1, width, dtype=np.int32)
        flat = arrow.ListArray.from_arrays(arrow.array(ends), flat)
    return flat


def _write_tasks(arrow: Any, tasks: dict[str, int], path: Path) -> None:
    """A table whose index is the text, as pandas reads it."""
    column = {"field_name": "task", "name": "task", "pandas_type": "unicode", "numpy_type": "object", "metadata": None}
    number = {"field_name": "task_index", "name": "task_index", "pandas_type": "int64", "numpy_type": "int64"}
    told = {
        "index_columns": ["task"],
        "column_indexes": [],
        "columns": [number | {"metadata": None}, column],
        "pandas_version": "2.0.0",
    }
    columns = {"task_index": list(tasks.values()), "task": list(tasks)}
    _write_table(arrow, columns, path, {b"pandas": json.dumps(told).encode()})


def _write_film(frames: np.ndarray, fps: float, path: Path) -> None:
    with VideoWriter(path, fps, *frames.shape[1:3]) as film:
        for frame in frames:
            film.add(frame)
