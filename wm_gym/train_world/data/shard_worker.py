"""Shards recorded by workers on a cluster (`wm_gym.launching`): their bytes come here and are written here."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wm_gym.files.atomic import write_atomically
from wm_gym.launching.launchers import opened_pool
from wm_gym.launching.pool import arrivals
from wm_gym.launching.ray_cluster import RayConfig
from wm_gym.train_world.data.clip_sources import open_source
from wm_gym.train_world.data.collect_config import CollectConfig
from wm_gym.train_world.data.recorder import record_shard


@dataclass(frozen=True)
class ShardWorkers:
    """Makes a worker.

    Attributes:
        config: Of the dataset.
    """

    config: CollectConfig

    def __call__(self) -> ShardWorker:
        """The worker, in this process."""
        return ShardWorker(self.config)


class ShardWorker:
    """What records, twin or environment, and the shards that it is asked for."""

    def __init__(self, config: CollectConfig) -> None:
        """Open the source of clips."""
        self._folder = tempfile.TemporaryDirectory(prefix="wm_gym-")
        self._config = replace(config, output=self._folder.name)
        self._source = open_source(config)

    def do(self, job: int) -> tuple[dict[str, Any], bytes]:
        """The row of shard `job` in the manifest, and the bytes of its file.

        Raises:
            ValueError: If an environment does not show what the settings say.
            RuntimeError: If the engine died.
        """
        row = record_shard(self._source, self._config, job, lambda answer: None)
        path = Path(self._folder.name) / row["name"]
        content = path.read_bytes()
        path.unlink()
        return row, content

    def close(self) -> None:
        """End the simulator."""
        self._source.close()
        self._folder.cleanup()


def record_launched(config: CollectConfig, shards: Sequence[int], launcher: RayConfig) -> Generator[dict[str, Any]]:
    """Record shards by workers on a cluster and write their files; answers as of `recorder`, as they come.

    Raises:
        RuntimeError: If an engine died, the disk is full, or more workers are lost at one shard than may be.
    """
    if not shards:
        return
    with opened_pool(ShardWorkers(config), launcher, at_most=len(shards)) as pool:
        for number, (row, content) in arrivals(pool, shards, launcher.most_losses):
            _write(Path(config.output) / row["name"], content)
            yield from ({"clip": index} for index in config.clips_of_shard(shards[number]))
            yield {"shard": shards[number], **row}


def _write(path: Path, content: bytes) -> None:
    write_atomically(path, lambda file: file.write(content))
