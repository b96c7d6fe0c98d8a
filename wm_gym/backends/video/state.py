"""What the video model remembers of N worlds, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from wm_gym.backends.video.cache import Blocks


@dataclass(frozen=True, eq=False)
class VideoWorld:
    """One world.

    Attributes:
        blocks: Keys and values of its past.
        time: Index of the next latent frame.
        last: (5, H, W) float32, the last frame as the codec folds it.
        last_pose: (4, 4) float32 world_from_camera of the last frame.
    """

    blocks: Blocks
    time: int
    last: Tensor
    last_pose: Tensor


@dataclass(frozen=True)
class VideoState:
    """N worlds."""

    worlds: tuple[VideoWorld, ...]
