"""Recorded clips as posed RGB-D logs, so that worlds open where something was recorded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.scenes.logs.candidates import Read
from wm_gym.scenes.logs.convert import LogConfig, captured, target_lens
from wm_gym.scenes.logs.lenses import Lens
from wm_gym.scenes.logs.posed_log import LogFrame, PosedLog
from wm_gym.train_world.data.recordings import Clip, Recordings
from wm_gym.world_model import Opening


def convert_clip(
    folder: str | Path, config: LogConfig, *, height: int, width: int, keyframes: int
) -> tuple[Opening, dict[str, Any]]:
    """The opening of a recorded clip, and a report of what was kept of it and why.

    Key frames are no larger than what was recorded: where it is smaller than asked for, they keep its size.

    Args:
        folder: Of recordings.
        config: Which clip; its lens, poses and depth are those of the recording.
        height: Rows of a key frame.
        width: Columns of a key frame.
        keyframes: Most key frames.

    Raises:
        ValueError: If there is no such clip, or its poses, depth and lens do not agree.
    """
    clip = Recordings(folder).clip(config.clip)
    log, read = _log_of(clip, Path(folder))
    own_size = config.own_size or height > clip.spec.height or width > clip.spec.width
    target = target_lens(log.frames[0].lens, height, width, own_size=own_size)
    opening, report = captured(log, read, target, config, keyframes)
    prompt = config.prompt or (clip.prompts[0] if clip.prompts else "")
    return replace(opening, name=f"{Path(folder).resolve().name}/{config.clip}", prompt=prompt), report


def _log_of(clip: Clip, folder: Path) -> tuple[PosedLog, Read]:
    """The frames of a clip without what moves and without the sky, which are no surfaces of the place."""
    lens = Lens.of(clip.spec.height, clip.spec.width, [float(one) for one in clip.intrinsics])
    solid = ~clip.moving & (clip.depth < clip.spec.far_metres)
    depth = np.where(solid, clip.depth, 0.0).astype(np.float32)
    names = [Path(f"frame {number}") for number in range(len(clip.frames))]
    poses = clip.world_from_camera.astype(np.float64)
    frames = tuple(LogFrame(name, name, pose, lens) for name, pose in zip(names, poses, strict=True))
    shown = {name: (clip.frames[k], depth[k]) for k, name in enumerate(names)}
    notes = (f"clip recorded of {clip.spec.name}",)
    return PosedLog("recordings", folder, frames, 1.0, {}, notes), lambda frame: shown[frame.colour]
