"""Episodes of a LeRobot data set, read one after another. Pictures may lie in films or as files in its tables."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from PIL import Image, UnidentifiedImageError

from wm_gym.choices import did_you_mean
from wm_gym.train_world.data.environments.config import SourceConfig
from wm_gym.train_world.exchange import lerobot_format as lerobot
from wm_gym.train_world.exchange.episodes import Episode
from wm_gym.train_world.exchange.packages import pyarrow


@dataclass(frozen=True, eq=False)
class LeRobotSet:
    """A data set.

    Attributes:
        folder: Where it lies.
        info: Its `info.json`.
        episodes: Rows of its episodes.
        tasks: Its texts, by their numbers.
    """

    folder: Path
    info: dict[str, Any]
    episodes: list[dict[str, Any]]
    tasks: dict[int, str]

    @property
    def fps(self) -> float:
        """Frames per second."""
        return float(self.info["fps"])

    @property
    def name(self) -> str:
        """Of its folder."""
        return self.folder.resolve().name


def open_lerobot(folder: Path) -> LeRobotSet:
    """A data set of version 3.0.

    Raises:
        ValueError: If the folder holds none, or one of another version.
        ImportError: If pyarrow is not installed.
    """
    try:
        info = json.loads((folder / lerobot.INFO).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} must be a LeRobot data set with a {lerobot.INFO}, got none to read") from error
    version = info.get("codebase_version") if isinstance(info, dict) else None
    if version != lerobot.VERSION:
        raise ValueError(f"{folder} must be a LeRobot data set of version {lerobot.VERSION}, got {version}")
    rows = [row for path in _tables(folder / "meta/episodes") for row in _read(path).to_pylist()]
    tasks = _read(folder / lerobot.TASKS).to_pydict()
    texts = tasks.get("task") or tasks.get("__index_level_0__") or [""] * len(tasks["task_index"])
    return LeRobotSet(folder, info, rows, dict(zip(tasks["task_index"], texts, strict=True)))


def read_episodes(data: LeRobotSet, source: SourceConfig, action: str) -> Iterator[Episode]:
    """Its episodes, in order; pictures, depth, poses and actions by the columns that the settings name.

    Args:
        data: The data set.
        source: Names of columns.
        action: Name of the column of actions.

    Raises:
        ValueError: If there is no such column, or a file is damaged.
    """
    for name, column in (("rgb", source.rgb), ("depth", source.depth), ("pose", source.pose), ("action", action)):
        _check_column(data, name, column)
    for row in data.episodes:
        yield _episode(data, row, source, action)


def _episode(data: LeRobotSet, row: dict[str, Any], source: SourceConfig, action: str) -> Episode:
    table = _rows_of(data, row)

    def column(name: str) -> Any:
        if not name:
            return None
        if data.info["features"][name]["dtype"] == "video":
            return _film(data, row, name)
        if data.info["features"][name]["dtype"] == "image":
            return [_picture(one, data.folder) for one in table[name].to_pylist()]
        return np.array(table[name].to_pylist())

    numbers = table["task_index"].to_pylist()
    return Episode(
        number=int(row["episode_index"]),
        frames=column(source.rgb),
        depths=column(source.depth),
        poses=column(source.pose),
        moving=column(source.moving),
        actions=column(action),
        texts=tuple(str(data.tasks.get(number, "")) for number in numbers),
    )


def _rows_of(data: LeRobotSet, row: dict[str, Any]) -> Any:
    """The table of an episode's frames."""
    place = {"chunk_index": row["data/chunk_index"], "file_index": row["data/file_index"]}
    table = _read(_inside(data.folder, data.info["data_path"].format(**place)))
    return table.filter(pyarrow().compute.equal(table["episode_index"], row["episode_index"]))


def _film(data: LeRobotSet, row: dict[str, Any], name: str) -> np.ndarray:
    """(T, H, W, 3) uint8 of an episode's part of a film."""
    place = {part: row[f"videos/{name}/{part}"] for part in ("chunk_index", "file_index")}
    path = _inside(data.folder, data.info["video_path"].format(video_key=name, **place))
    start, count, half = row[f"videos/{name}/from_timestamp"], row["length"], 0.5 / data.fps
    frames: list[np.ndarray] = []
    try:
        with av.open(str(path)) as film:
            for frame in film.decode(video=0):
                if (frame.time or 0.0) >= start - half and len(frames) < count:
                    frames.append(frame.to_ndarray(format="rgb24"))
    except (OSError, IndexError, av.error.FFmpegError) as error:
        raise ValueError(f"{path} must be a film that can be read whole, got {error}") from error
    if len(frames) != count:
        raise ValueError(f"{path} must show the {count} frames of episode {row['episode_index']}, got {len(frames)}")
    return np.stack(frames)


def _picture(value: Any, folder: Path) -> np.ndarray:
    """A picture that lies in a table, or beside it."""
    try:
        file = io.BytesIO(value["bytes"]) if value.get("bytes") else _inside(folder, value["path"])
        with Image.open(file) as picture:
            return np.asarray(picture if picture.mode.startswith(("I", "F")) else picture.convert("RGB"))
    except (OSError, AttributeError, TypeError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError(f"{folder} must hold pictures that can be read, got {error}") from error


def _check_column(data: LeRobotSet, name: str, column: str) -> None:
    known = list(data.info.get("features", {}))
    if column not in known and (column or name in ("rgb", "action")):
        what = name if name == "action" else f"source.{name}"
        raise ValueError(f"{what} must be a column among {known}, got {column!r}{did_you_mean(column, known)}")


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{folder} must name files inside of it, got {name!r}")
    return path


def _tables(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.parquet"))


def _read(path: Path) -> Any:
    arrow = pyarrow()
    try:
        return arrow.parquet.read_table(path)
    except (OSError, arrow.ArrowException) as error:
        raise ValueError(f"{path} must be a table that can be read whole, got {str(error).splitlines()[0]}") from error
