"""A recorded clip as the table of its frames: what is seen, where the body is and what it does next.

An action lies at the frame after which it is taken; after the last frame there is none, and it rests. Knows nothing of
files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wm_gym.train_world.data.recordings import Clip

STATE_NAMES = ("x", "y", "z", "yaw", "pitch")
ACTION_NAMES = ("forward", "left", "yaw", "pitch")


@dataclass(frozen=True, eq=False)
class FrameTable:
    """T frames.

    Attributes:
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float32 metres.
        state: (T, 5) float32 body pose, metres and radians.
        action: (T, 4) float32 twist.
        intrinsics: (4,) float32.
        texts: T prompts.
    """

    frames: np.ndarray
    depth: np.ndarray
    state: np.ndarray
    action: np.ndarray
    intrinsics: np.ndarray
    texts: tuple[str, ...]


def frame_table(clip: Clip) -> FrameTable:
    """The table of a clip."""
    spec, count = clip.spec, len(clip.frames)
    step_after = [spec.step_of(frame + 1) for frame in range(count - 1)]
    action = np.concatenate([clip.twists[step_after], np.zeros((1, 4), np.float32)])
    texts = [clip.prompts[step] for step in step_after]
    return FrameTable(
        frames=clip.frames,
        depth=clip.depth.astype(np.float32),
        state=clip.body_poses.astype(np.float32),
        action=action.astype(np.float32),
        intrinsics=clip.intrinsics.astype(np.float32),
        texts=(*texts, texts[-1]),
    )
