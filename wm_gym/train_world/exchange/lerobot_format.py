"""Names of LeRobot's data sets, version 3.0: folders, columns, and what its JSON files hold.

Source: the documentation of LeRobotDataset v3.0 and the files of its data sets.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wm_gym.train_world.exchange.frame_table import ACTION_NAMES, STATE_NAMES

VERSION = "v3.0"
INFO, STATS, TASKS = "meta/info.json", "meta/stats.json", "meta/tasks.parquet"
EPISODES = "meta/episodes/chunk-000/file-000.parquet"
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
FILES_PER_CHUNK = 1000
RGB, DEPTH, STATE, ACTION = "observation.images.rgb", "observation.depth", "observation.state", "action"
LENS, DONE = "observation.intrinsics", "next.done"


def features_of(height: int, width: int, fps: float) -> dict[str, Any]:
    """The columns of our data sets, as `info.json` describes them."""
    video = {
        "video.height": height, "video.width": width, "video.codec": "h264", "video.pix_fmt": "yuv420p",
        "video.is_depth_map": False, "video.fps": fps, "video.channels": 3, "has_audio": False,
    }  # fmt: skip
    counts = ("timestamp", "frame_index", "episode_index", "index", "task_index")
    return {
        RGB: {"dtype": "video", "shape": [height, width, 3], "names": ["height", "width", "channels"], "info": video},
        DEPTH: {"dtype": "float32", "shape": [height, width], "names": ["height", "width"]},
        STATE: _row("float32", STATE_NAMES),
        LENS: _row("float32", ("fx", "fy", "cx", "cy")),
        ACTION: _row("float32", ACTION_NAMES),
        DONE: _row("bool", None),
        **{name: _row("float32" if name == "timestamp" else "int64", None) for name in counts},
    }


def info_of(features: dict[str, Any], fps: float, lengths: list[int], num_tasks: int) -> dict[str, Any]:
    """`info.json` of episodes of some lengths."""
    return {
        "codebase_version": VERSION,
        "robot_type": "wm_gym",
        "total_episodes": len(lengths),
        "total_frames": sum(lengths),
        "total_tasks": num_tasks,
        "chunks_size": FILES_PER_CHUNK,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "fps": int(fps) if fps == int(fps) else fps,
        "splits": {"train": f"0:{len(lengths)}"},
        "data_path": DATA_PATH,
        "video_path": VIDEO_PATH,
        "features": features,
    }


def chunk_and_file(episode: int) -> dict[str, int]:
    """Where the files of an episode are: each has its own."""
    return {"chunk_index": episode // FILES_PER_CHUNK, "file_index": episode % FILES_PER_CHUNK}


class Statistics:
    """Least, greatest and mean value, deviation and count of columns, over all frames; of pictures for each channel."""

    def __init__(self) -> None:
        """Of nothing yet."""
        self._sums: dict[str, list[np.ndarray]] = {}

    def add(self, name: str, rows: np.ndarray) -> None:
        """Take rows (T, ...) in; pictures (T, H, W, 3) as shares of white."""
        rows = np.asarray(rows, np.float64)
        if name == RGB:
            rows = rows.reshape(-1, rows.shape[-1]) / 255
        count = np.array([len(rows)])
        new = [rows.min(0), rows.max(0), rows.sum(0), (rows**2).sum(0), count]
        old = self._sums.get(name)
        if old is not None:
            new = [
                np.minimum(old[0], new[0]),
                np.maximum(old[1], new[1]),
                *(a + b for a, b in zip(old[2:], new[2:], strict=True)),
            ]
        self._sums[name] = new

    def told(self) -> dict[str, Any]:
        """`stats.json`."""
        return {name: self._of(name, sums) for name, sums in self._sums.items()}

    @staticmethod
    def _of(name: str, sums: list[np.ndarray]) -> dict[str, Any]:
        low, high, total, squares, count = sums
        mean = total / count[0]
        deviation = np.sqrt(np.maximum(squares / count[0] - mean**2, 0))
        rows = {"min": low, "max": high, "mean": mean, "std": deviation}
        if name == RGB:
            rows = {key: value.reshape(3, 1, 1) for key, value in rows.items()}
        return {key: np.atleast_1d(value).tolist() for key, value in rows.items()} | {"count": count.tolist()}


def _row(dtype: str, names: tuple[str, ...] | None) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [len(names) if names else 1], "names": list(names) if names else None}
