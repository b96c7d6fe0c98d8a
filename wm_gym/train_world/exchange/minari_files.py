"""Recordings as data sets of Minari, and episodes read from them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.choices import did_you_mean
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.progress import progress_bar
from wm_gym.train_world.data.environments.config import SourceConfig
from wm_gym.train_world.data.recordings import Recordings
from wm_gym.train_world.exchange.episodes import Episode
from wm_gym.train_world.exchange.frame_table import ACTION_NAMES, STATE_NAMES, frame_table
from wm_gym.train_world.exchange.packages import minari

_ROOT = "MINARI_DATASETS_PATH"


def write_minari(recordings: Recordings, folder: Path, name: str) -> None:
    """Write clips as episodes of rgb, depth, pose and intrinsics; rewards are 0, since recordings have no task.

    Args:
        recordings: Finished clips.
        folder: Root of data sets.
        name: Of the data set, "namespace/name-v0".

    Raises:
        ImportError: If Minari is not installed.
    """
    library, buffers = minari(), []
    for episode in progress_bar(range(len(recordings)), desc="exporting", unit="clip"):
        table = frame_table(recordings.clip(episode))
        count = len(table.frames)
        lens = np.tile(table.intrinsics, (count, 1))
        seen = {"rgb": table.frames, "depth": table.depth[..., None], "pose": table.state, "intrinsics": lens}
        buffers.append(
            library.data_collector.EpisodeBuffer(
                id=episode,
                observations=seen,
                actions=table.action[:-1],
                rewards=[0.0] * (count - 1),
                terminations=[False] * (count - 1),
                truncations=[False] * (count - 2) + [True],
            )
        )
    height, width = recordings.spec.height, recordings.spec.width
    with _rooted(folder):
        library.create_dataset_from_buffers(
            name, buffers, observation_space=_space(height, width), action_space=_box(len(ACTION_NAMES), -1.0, 1.0),
            algorithm_name="recorded", description=f"{len(buffers)} clips recorded by wm-gym of {recordings.spec.name}",
        )  # fmt: skip


def open_minari(folder: Path) -> Any:
    """The data set in a folder.

    Raises:
        ValueError: If there is none that can be read.
        ImportError: If Minari is not installed.
    """
    library = minari()
    try:
        return library.MinariDataset(folder / "data")
    except Exception as error:  # what is damaged is told in many ways
        raise ValueError(f"{folder} must be a data set of Minari, got one that cannot be read: {error}") from error


def minari_episodes(data: Any, source: SourceConfig) -> Iterator[Episode]:
    """Its episodes, in order. Pictures, depth and poses lie at paths in observations, or in infos at "info.KEY".

    Raises:
        ValueError: If there is nothing at a path.
    """
    for episode in data.iterate_episodes():

        def column(name: str, needed: bool = False, episode: Any = episode) -> Any:
            path = getattr(source, name)
            return _at(path, name, episode) if path or needed else None

        frames = column("rgb", needed=True)
        yield Episode(
            number=int(episode.id),
            frames=frames,
            depths=column("depth"),
            poses=column("pose"),
            moving=column("moving"),
            actions=np.asarray(episode.actions),
            texts=("",) * len(frames),
        )


def _at(path: str, name: str, episode: Any) -> Any:
    value = episode.infos if path.startswith("info.") else episode.observations
    for part in filter(None, path.removeprefix("info.").split(".")):
        if not isinstance(value, dict) or part not in value:
            known = list(value) if isinstance(value, dict) else []
            raise ValueError(f"source.{name} must be among {known}, got {path!r}{did_you_mean(part, known)}")
        value = value[part]
    return value


def _space(height: int, width: int) -> Any:
    from gymnasium.spaces import Box, Dict

    return Dict({
        "rgb": Box(0, 255, (height, width, 3), np.uint8),
        "depth": Box(0.0, FAR_METRES, (height, width, 1), np.float32),
        "pose": _box(len(STATE_NAMES), -np.inf, np.inf),
        "intrinsics": _box(4, 0.0, np.inf),
    })  # fmt: skip


def _box(count: int, low: float, high: float) -> Any:
    from gymnasium.spaces import Box

    return Box(low, high, (count,), np.float32)


@contextmanager
def _rooted(folder: Path) -> Iterator[None]:
    """Minari's data sets below a folder for as long as this lasts."""
    before = os.environ.get(_ROOT)
    os.environ[_ROOT] = str(folder)
    try:
        yield
    finally:
        os.environ.pop(_ROOT)
        if before is not None:
            os.environ[_ROOT] = before
