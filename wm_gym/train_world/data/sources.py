"""Recordings to train on: the settings that every recipe on recordings has beside its run."""

from __future__ import annotations

from dataclasses import dataclass, field

from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.data.recordings import Recordings


@dataclass
class Sources:
    """Folders of recordings, and how much of them.

    Attributes:
        recordings: Folders to train on.
        held_out: Folder to score on; empty for none.
        held_out_clips: Most clips of that folder to score on.
        most_clips: Most clips of each folder to train on; 0 for all.
        threads: Threads of torch during training.
    """

    recordings: list[str] = field(default_factory=lambda: ["outputs/recordings/train"])
    held_out: str = "outputs/recordings/test"
    held_out_clips: int = 24
    most_clips: int = 0
    threads: int = 1


def spec_of(sources: Sources) -> RecordingSpec:
    """The one spec of all folders.

    Raises:
        ValueError: If no folder is named, one holds no finished clip, or two are of different specs.
    """
    if not sources.recordings:
        raise ValueError(f"recordings must name at least one folder, got {sources.recordings}")
    first, *others = [*sources.recordings, *([sources.held_out] if sources.held_out else [])]
    spec = _spec_in(first)
    for folder in others:
        other = _spec_in(folder).to_json()
        for name, value in spec.to_json().items():
            if other[name] != value:
                raise ValueError(
                    f"{name} must be that of {first} in all folders, {value}, got {other[name]} in {folder}"
                )
    return spec


def _spec_in(folder: str) -> RecordingSpec:
    recordings = Recordings(folder)
    if not len(recordings):
        raise ValueError(f"{folder} must hold at least one finished clip, got none")
    return recordings.spec
