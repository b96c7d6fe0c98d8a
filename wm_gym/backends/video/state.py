"""The video model's state of N worlds, as a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from wm_gym.backends.video.cache import Blocks
from wm_gym.backends.video.codecs import CodecState


@dataclass(frozen=True, eq=False)
class VideoWorld:
    """One world.

    Attributes:
        blocks: Keys and values of its past, but for the clean context.
        clean_context: (L * S, C) tokens of the last chunk, where the cache keeps clean ones: the next step makes their
            keys and values.
        temb: (L, C) their embedded actions; both are twice as long where hints enter as frames, and empty where the
            cache keeps no clean ones.
        time: Index of the next latent frame.
        last_pose: (4, 4) float32 world_from_camera of the last frame.
        opening_pose: (4, 4) float32 world_from_camera of the frame that the world opened on.
        codec: State of the codec; empty with exact patches.
    """

    blocks: Blocks
    clean_context: Tensor
    temb: Tensor
    time: int
    last_pose: Tensor
    opening_pose: Tensor
    codec: CodecState


VideoState = tuple[VideoWorld, ...]
"""N worlds."""


def codec_state_of(worlds: Sequence[VideoWorld]) -> CodecState:
    """The codec's state of N worlds, as one batch."""
    return tuple(torch.stack(parts) for parts in zip(*(world.codec for world in worlds), strict=True))


def new_worlds(first_poses: Tensor, opening_poses: Tensor, codec_state: CodecState) -> list[VideoWorld]:
    """N worlds without a past.

    Args:
        first_poses: (N, 4, 4) world_from_camera before the first chunk.
        opening_poses: (N, 4, 4) world_from_camera of the frames that the worlds open on.
        codec_state: Of N worlds.
    """
    nothing = first_poses.new_zeros(0)
    return [
        VideoWorld((), nothing, nothing, 0, first, opening, tuple(part[n] for part in codec_state))
        for n, (first, opening) in enumerate(zip(first_poses, opening_poses, strict=True))
    ]
