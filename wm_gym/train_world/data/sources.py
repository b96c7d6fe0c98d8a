"""Recordings to train on: the settings that every recipe on recordings has beside its run."""

from __future__ import annotations

from dataclasses import dataclass, field


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
