"""The frames of a replay as a film, just as they were recorded; nothing is generated."""

from __future__ import annotations

from pathlib import Path

from wm_gym.envs.replay.format import Replay
from wm_gym.files.video import VideoWriter

_MIN_ROWS = 240


def film(replay: Replay, path: str | Path, from_step: int = 0) -> None:
    """Write all frames from a step on.

    Args:
        replay: Any.
        path: Of the .mp4 file, which appears whole or not at all.
        from_step: The first step that is shown; 0 is the opening.

    Raises:
        ValueError: If there is no such step.
        RuntimeError: If the disk cannot take it.
    """
    replay.check_step(from_step)
    height, width = replay.settings["resolution"]
    factor = 2 * max(1, -(-_MIN_ROWS // (2 * height)))  # even, as the pixel format wants it
    with VideoWriter(Path(path), replay.fps, height * factor, width * factor) as opened:
        for shown in replay.shown[from_step:]:
            for frame in shown.frames(height):
                opened.add(frame.repeat(factor, 0).repeat(factor, 1))
