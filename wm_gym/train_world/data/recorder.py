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

from wm_gym.backends.twin.model import TwinModel
from wm_gym.train_world.data.collect_config import CollectConfig
from wm_gym.train_world.data.record_clip import open_simulator, record_alternatives
from wm_gym.train_world.data.recordings import Clip, sha256_of
from wm_gym.train_world.data.shards import write_shard


def record_shard(
    model: TwinModel, config: CollectConfig, number: int, tell: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Record and write one shard; `tell` is called after each clip. Returns the shard's row of the manifest.

    Raises:
        RuntimeError: If an engine died or the disk is full.
    """
    clips, indices, size = [], config.clips_of_shard(number), 1 + config.alternatives
    for first in indices[::size]:
        clips += _record_clips(model, config, first)
        for index in range(first, first + size):
            tell({"clip": index})
    path = write_shard(Path(config.output), number, clips)
    return {"name": path.name, "clips": len(clips), "sha256": sha256_of(path)}


def _record_clips(model: TwinModel, config: CollectConfig, index: int) -> list[Clip]:
    """Clip `index` and its alternatives."""
    plans = [config.plan(number) for number in range(index, index + 1 + config.alternatives)]
    try:
        return record_alternatives(model, plans, config.steps)
    except (RuntimeError, ValueError) as error:
        place = plans[0].place
        raise RuntimeError(f"clip {index} ({place.family}/{place.seed}, {place.difficulty}): {error}") from error


def main() -> None:
    """Serve until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may write among the answers
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    def tell(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    config = CollectConfig(**json.loads(sys.stdin.readline()))
    model = open_simulator(config.height, config.width, config.steps)
    try:
        for line in sys.stdin:
            tell({"shard": int(line)} | record_shard(model, config, int(line), tell))
    except BrokenPipeError:
        pass  # the reader is gone
    except (RuntimeError, ValueError, ImportError) as error:
        tell({"error": str(error)})
    finally:
        model.close()


if __name__ == "__main__":
    main()
