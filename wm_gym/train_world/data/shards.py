"""Files of a dataset: shards and the manifest, each written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.files.atomic import write_atomically
from wm_gym.train_world.data.recordings import MANIFEST, Clip, pack_clips


def shard_name(number: int) -> str:
    """File name of a shard."""
    return f"shard-{number:05d}.npz"


def write_shard(folder: Path, number: int, clips: list[Clip]) -> Path:
    """Write the clips of one shard.

    Raises:
        RuntimeError: If the disk cannot take it; nothing is left behind.
    """
    path, arrays = folder / shard_name(number), pack_clips(clips)
    arrays = {name: arrays[name] for name in sorted(arrays)}  # equal clips give equal bytes
    # not compressed, so that readers can map the arrays where they lie
    write_atomically(path, lambda file: np.savez(file, allow_pickle=False, **arrays))
    return path


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest.

    Raises:
        RuntimeError: If the disk cannot take it; the old one stays.
    """
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    write_atomically(folder / MANIFEST, lambda file: file.write(text.encode("utf-8")))
