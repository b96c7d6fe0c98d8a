"""A process that records shards: `python -m wm_gym.train_world.data.recorder`, started and fed by `collect`.

The first line on its standard input is the dataset's config as JSON, each later one the number of a shard. It
answers with lines of JSON: {"clip": n} after each clip, {"shard": n, "clips": c, "sha256": s} after each shard, or
{"error": "..."}. It ends when its input ends or nobody listens any more.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from wm_gym.train_world.data.clip_sources import ClipSource, open_source
from wm_gym.train_world.data.collect_config import CollectConfig
from wm_gym.train_world.data.shards import shard_row, write_shard


def record_shard(
    source: ClipSource, config: CollectConfig, number: int, tell: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Record and write one shard; `tell` is called after each clip. Returns the shard's row of the manifest.

    Raises:
        ValueError: If an environment does not show what the settings say.
        RuntimeError: If an engine died or the disk is full.
    """
    clips, indices, size = [], config.clips_of_shard(number), 1 + config.alternatives
    for first in indices[::size]:
        clips += source.record(config, first)
        for index in range(first, first + size):
            tell({"clip": index})
    path = write_shard(Path(config.output), number, clips)
    return shard_row(path, len(clips))


def main() -> None:
    """Serve until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may write among the answers
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    def tell(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    config = CollectConfig.from_json(json.loads(sys.stdin.readline()))
    torch.set_num_threads(1)
    source: ClipSource | None = None
    try:
        source = open_source(config)
        for line in sys.stdin:
            tell({"shard": int(line)} | record_shard(source, config, int(line), tell))
    except BrokenPipeError:
        pass  # the reader is gone
    except (RuntimeError, ValueError, ImportError) as error:
        tell({"error": str(error)})
    finally:
        if source is not None:
            source.close()


if __name__ == "__main__":
    main()
