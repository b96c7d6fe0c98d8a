"""Files of a collection: shards and the manifest, each written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from wm_gym.train_world.recordings import MANIFEST, Clip, pack_clips

_UNFINISHED = ".unfinished"


def shard_name(number: int) -> str:
    """File name of a shard."""
    return f"shard-{number:05d}.npz"


def write_shard(folder: Path, number: int, clips: list[Clip]) -> Path:
    """Write the clips of one shard.

    Raises:
        RuntimeError: If the disk cannot take it; nothing is left behind.
    """
    path, arrays = folder / shard_name(number), pack_clips(clips)
    # not compressed, so that readers can map the arrays where they lie; sorted, so that equal clips give equal bytes
    _write_whole(path, lambda file: np.savez(file, **{name: arrays[name] for name in sorted(arrays)}))
    return path


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest.

    Raises:
        RuntimeError: If the disk cannot take it; the old one stays.
    """
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    _write_whole(folder / MANIFEST, lambda file: file.write(text.encode("utf-8")))


def sweep(folder: Path) -> None:
    """Remove what an interrupted collection left unfinished."""
    for path in folder.glob(f".*{_UNFINISHED}"):
        path.unlink(missing_ok=True)


def _write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    unfinished = path.with_name(f".{path.name}{_UNFINISHED}")
    try:
        with unfinished.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except OSError as error:
        raise RuntimeError(f"{path} could not be written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
