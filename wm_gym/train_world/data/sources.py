"""What a training learns from: the settings that every `wm-gym train` command has beside its run."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Sources:
    """Folders of recordings, and how much of them.

    Attributes:
        recordings: Folders to learn from.
        held_out: Folder to score on; empty for none.
        held_out_clips: Clips of it that are used.
        most_clips: Most clips of each folder to learn from; 0 for all.
        threads: Threads of the training itself.
    """

    recordings: list[str] = field(default_factory=lambda: ["outputs/recordings/train"])
    held_out: str = "outputs/recordings/test"
    held_out_clips: int = 24
    most_clips: int = 0
    threads: int = 1
