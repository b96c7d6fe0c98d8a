"""Training samples of a streaming codec: frames, depth and moving masks of recorded clips, cut into chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.video.codec import SpaceToDepthCodec
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.train_world.data.recordings import Clip, Recordings


@dataclass(frozen=True)
class CodecClip:
    """One clip of T frames.

    Attributes:
        spec: What recorded it.
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float16 metres.
        moving: (T, H, W) bool.
    """

    spec: RecordingSpec
    frames: np.ndarray
    depth: np.ndarray
    moving: np.ndarray

    @classmethod
    def of(cls, clip: Clip) -> CodecClip:
        """The parts of a recorded clip that a codec encodes."""
        return cls(clip.spec, clip.frames, clip.depth, clip.moving)


def read_codec_clips(folder: str, most_clips: int) -> list[CodecClip]:
    """The clips of a folder of recordings, in order; at most `most_clips`, or all for 0.

    Raises:
        ValueError: If the folder holds no recordings.
    """
    recordings = Recordings(folder)
    count = min(len(recordings), most_clips) if most_clips else len(recordings)
    return [CodecClip.of(recordings.clip(index)) for index in range(count)]


def draw_chunks(
    clips: Sequence[CodecClip],
    packing: SpaceToDepthCodec,
    rng: np.random.Generator,
    size: int,
    *,
    length: int,
    num_frames: int,
) -> Tensor:
    """Planes of `size` samples, (size, 1 + length, num_frames * 5, H, W).

    A sample starts as a world does: its first chunk is one still frame.
    """
    return torch.stack([_sample(clips, packing, rng, length * num_frames, num_frames) for _ in range(size)])


def _sample(
    clips: Sequence[CodecClip], packing: SpaceToDepthCodec, rng: np.random.Generator, count: int, num_frames: int
) -> Tensor:
    clip = clips[int(rng.integers(len(clips)))]
    if len(clip.frames) <= count:
        raise ValueError(f"clips must have more than {count} frames, got one of {len(clip.frames)}")
    first = int(rng.integers(len(clip.frames) - count))
    rows = np.r_[np.full(num_frames, first), first + 1 : first + 1 + count]
    return packing.encode(
        torch.from_numpy(clip.frames[rows]).unflatten(0, (-1, num_frames)),
        torch.from_numpy(clip.depth[rows].astype(np.float32)).unflatten(0, (-1, num_frames)),
        torch.from_numpy(clip.moving[rows]).unflatten(0, (-1, num_frames)),
    )
