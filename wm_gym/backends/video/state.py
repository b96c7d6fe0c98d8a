"""What the video model remembers of N worlds, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from wm_gym.backends.video.cache import Blocks
from wm_gym.backends.video.codecs import CodecState


@dataclass(frozen=True, eq=False)
class VideoWorld:
    """One world.

    Attributes:
        blocks: Keys and values of its past, but for what is pending.
        clean_context: (S, C) tokens of the last latent frame, where the cache keeps clean ones: the next step writes
            it.
        temb: (1, C) its embedded action; both have twice as many rows where hints enter as frames, and none where
            nothing is pending.
        time: Index of the next latent frame.
        last_pose: (4, 4) float32 world_from_camera of the last frame.
        codec: What the codec remembers; nothing with exact patches.
    """

    blocks: Blocks
    clean_context: Tensor
    temb: Tensor
    time: int
    last_pose: Tensor
    codec: CodecState


@dataclass(frozen=True)
class VideoState:
    """N worlds."""

    worlds: tuple[VideoWorld, ...]
