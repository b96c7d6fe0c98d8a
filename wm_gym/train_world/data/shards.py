"""Files of a dataset: shards and the manifest, each written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.files.atomic import write_atomically
from wm_gym.files.hashing import sha256_of
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.data.recordings import EVENT_KINDS, FORMAT, MANIFEST, VERSION, Clip, pack_clips


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


def shard_row(path: Path, num_clips: int) -> dict[str, Any]:
    """What the manifest says of a shard that is written."""
    return {"name": path.name, "clips": num_clips, "sha256": sha256_of(path)}


def new_manifest(
    spec: RecordingSpec, *, steps: int, split: str, num_clips: int, settings: dict[str, Any],
    shards: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The manifest of a dataset.

    Args:
        spec: Of its clips.
        steps: Of a clip.
        split: "train" or "test".
        num_clips: That it holds or is to hold.
        settings: That the clips depend on.
        shards: Rows of those that are written, or None.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "spec": spec.to_json(),
        "frames_per_clip": spec.num_frames(steps),
        "steps_per_clip": steps,
        "event_kinds": list(EVENT_KINDS),
        "split": split,
        "num_clips": num_clips,
        "settings": settings,
        "shards": shards or [],
    }


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest.

    Raises:
        RuntimeError: If the disk cannot take it; the old one stays.
    """
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    write_atomically(folder / MANIFEST, lambda file: file.write(text.encode("utf-8")))
