"""`wm-gym export-recordings` and `wm-gym import-recordings`: data sets of LeRobot and Minari, both ways.

What is written is moved into place when it is whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wm_gym.choices import check_choice
from wm_gym.files.atomic import UNFINISHED, check_writable
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.progress import progress_bar
from wm_gym.train_world.data.environments.config import SourceConfig
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.data.recordings import Clip, Recordings
from wm_gym.train_world.data.shards import new_manifest, shard_row, write_manifest, write_shard
from wm_gym.train_world.data.splits import SPLITS
from wm_gym.train_world.exchange.episodes import Episode, clips_of
from wm_gym.train_world.exchange.lerobot_format import ACTION, INFO
from wm_gym.train_world.exchange.lerobot_reading import open_lerobot, read_episodes
from wm_gym.train_world.exchange.lerobot_writing import write_lerobot
from wm_gym.train_world.exchange.minari_files import minari_episodes, open_minari, write_minari

FORMATS = ("lerobot", "minari")
_CHECKED_CLIPS = 4


@dataclass
class ExportRecordingsConfig:
    """What is exported.

    Attributes:
        from_: Folder of recordings.
        what: "lerobot" or "minari".
        output: Folder to write, which must not be there yet: the data set, or the root of Minari's data sets.
        name: Of a data set of Minari, "namespace/name-v0".
    """

    from_: str = "outputs/recordings/train"
    what: str = "lerobot"
    output: str = "outputs/exported"
    name: str = "wm_gym/recordings-v0"

    def __post_init__(self) -> None:
        check_choice("what", self.what, FORMATS)


@dataclass
class ImportRecordingsConfig:
    """What is imported, and how it is read.

    Attributes:
        from_: Folder of a data set of LeRobot (version 3.0) or of Minari (the one that holds `data`).
        output: Folder of the recordings, which must not be there yet.
        split: "train" or "test".
        steps: Steps in a clip; episodes are cut into clips, and what is left at their end is left out.
        height: Rows of a frame.
        width: Columns of a frame.
        clips_per_shard: Clips in a file.
        fps: Frames per second of a data set of Minari, which does not say.
        action: Of LeRobot: column of the actions.
        source: Columns, or paths in observations, of pictures, depth and poses; lens, units and actions.
    """

    from_: str = "outputs/dataset"
    output: str = "outputs/recordings/imported"
    split: str = "train"
    steps: int = 12
    height: int = 48
    width: int = 64
    clips_per_shard: int = 16
    fps: float = 17.5
    action: str = ACTION
    source: SourceConfig = field(default_factory=SourceConfig)

    def __post_init__(self) -> None:
        check_choice("split", self.split, SPLITS)
        for name in ("steps", "height", "width", "clips_per_shard"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.fps > 0:
            raise ValueError(f"fps must be positive, got {self.fps}")


def export_recordings(config: ExportRecordingsConfig) -> int:
    """Write recordings in a format of others; returns how many clips.

    Raises:
        ValueError: If there are no recordings, or the folder cannot be written or is taken.
        ImportError: If a package is not installed.
    """
    check_writable(config.output, is_folder=True)
    recordings = Recordings(config.from_)
    if not len(recordings):
        raise ValueError(f"from must hold at least one finished clip, got none in {config.from_}")
    with _new_folder(Path(config.output)) as folder:
        if config.what == "lerobot":
            write_lerobot(recordings, folder)
        else:
            write_minari(recordings, folder, config.name)
    return len(recordings)


def import_recordings(config: ImportRecordingsConfig) -> int:
    """Make recordings of a data set of others; returns how many clips.

    Raises:
        ValueError: If there is none, it does not hold what the settings say, or the folder is taken.
        ImportError: If a package is not installed.
    """
    check_writable(config.output, is_folder=True)
    name, fps, episodes = _opened(config)
    spec = RecordingSpec(name, config.height, config.width, 1, config.source.frames_per_step, 1, fps, FAR_METRES)
    with _new_folder(Path(config.output)) as folder:
        shards, part, count, longest = [], [], 0, 0
        for episode in progress_bar(episodes, desc="importing", unit="episode"):
            longest = max(longest, len(episode.frames))
            for clip in clips_of(episode, config.source, spec, config.steps, agrees=count < _CHECKED_CLIPS):
                part, count = [*part, clip], count + 1
                if len(part) == config.clips_per_shard:
                    shards.append(_shard(folder, len(shards), part))
                    part = []
        if part:
            shards.append(_shard(folder, len(shards), part))
        if not count:
            raise ValueError(
                f"episodes must have {spec.num_frames(config.steps)} frames or more for clips of {config.steps} steps, "
                f"got at most {longest}; a smaller steps= asks for less"
            )
        settings = {name: value for name, value in asdict(config).items() if name != "output"}
        write_manifest(
            folder,
            new_manifest(
                spec, steps=config.steps, split=config.split, num_clips=count, settings=settings, shards=shards
            ),
        )
    return count


def _opened(config: ImportRecordingsConfig) -> tuple[str, float, Iterator[Episode]]:
    """Name, frames per second and episodes of the data set."""
    folder = Path(config.from_)
    if (folder / INFO).is_file():
        data = open_lerobot(folder)
        return data.name, data.fps, read_episodes(data, config.source, config.action)
    if (folder / "data").is_dir():
        data = open_minari(folder)
        return str(data.id), config.fps, minari_episodes(data, config.source)
    raise ValueError(
        f"from must be a folder of LeRobot ({INFO}) or of Minari (data/), got {config.from_!r}, which is none"
    )


def _shard(folder: Path, number: int, clips: list[Clip]) -> dict[str, Any]:
    return shard_row(write_shard(folder, number, clips), len(clips))


@contextmanager
def _new_folder(path: Path) -> Iterator[Path]:
    """A folder that is filled under another name and takes its own when it is whole; nothing is left after an error."""
    if path.exists() and any(path.iterdir()):
        raise ValueError(f"output must be a folder that is not there yet, got {str(path)!r}, which holds files")
    unfinished = path.with_name(f".{path.name}{UNFINISHED}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        if path.exists():
            path.rmdir()
        unfinished.rename(path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
