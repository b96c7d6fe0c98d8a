"""Contact sheets and videos of trajectories side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from wm_gym.evaluation.pictures import contact_sheet, enlarge, paint_depth
from wm_gym.evaluation.trajectories import Trajectory
from wm_gym.files.video import VideoWriter

SHOWN_CHUNKS = (1, 2, 4, 8, 16, 32, 48, 64)
GAP = 2


def save_sheet(path: Path, trajectories: Mapping[str, Trajectory], factor: int = 2) -> None:
    """A row for each trajectory and one for the depth of the last; columns are chunks, by their last frames."""
    last = list(trajectories)[-1]
    count = trajectories[last].spec.frames_per_step
    chunks = [chunk for chunk in SHOWN_CHUNKS if chunk * count <= len(trajectories[last].frames)]
    chosen = [chunk * count - 1 for chunk in chunks]
    rows = [(name, [enlarge(one.frames[k].numpy(), factor) for k in chosen]) for name, one in trajectories.items()]
    depth = [enlarge(paint_depth(trajectories[last].depth[k].numpy()), factor) for k in chosen]
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = contact_sheet([*rows, (f"{last} depth", depth)], [f"chunk {chunk}" for chunk in chunks], margin=108)
    sheet.save(path)


def save_video(path: Path, trajectories: Mapping[str, Trajectory], factor: int = 4) -> None:
    """The trajectories from left to right, then the depth of the last."""
    last = list(trajectories)[-1]
    with VideoWriter(path, trajectories[last].spec.fps, *_video_size(trajectories, factor)) as video:
        for k in range(len(trajectories[last].frames)):
            pictures = [one.frames[k].numpy() for one in trajectories.values()]
            pictures.append(paint_depth(trajectories[last].depth[k].numpy()))
            video.add(beside(pictures, factor))


def beside(pictures: list[np.ndarray], factor: int) -> np.ndarray:
    """Pictures (H, W, 3) uint8 in one row, enlarged, with gaps."""
    bar = np.zeros((pictures[0].shape[0] * factor, GAP, 3), np.uint8)
    parts = [part for picture in pictures for part in (enlarge(picture, factor), bar)]
    return np.concatenate(parts[:-1], 1)


def _video_size(trajectories: Mapping[str, Trajectory], factor: int) -> tuple[int, int]:
    height, width = next(iter(trajectories.values())).frames.shape[1:3]
    count = len(trajectories) + 1
    return height * factor, count * width * factor + (count - 1) * GAP
