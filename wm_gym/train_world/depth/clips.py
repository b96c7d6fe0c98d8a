"""Recorded clips as the depth network trains on them, held whole in working memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wm_gym.train_world.data.recordings import Clip, Recordings


@dataclass(frozen=True, eq=False)
class DepthClip:
    """One clip of T frames.

    Attributes:
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float16 metres.
        moving: (T, H, W) bool.
        world_from_camera: (T, 4, 4) float32.
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        family: Of its place.
    """

    frames: np.ndarray
    depth: np.ndarray
    moving: np.ndarray
    world_from_camera: np.ndarray
    intrinsics: np.ndarray
    family: str

    @classmethod
    def of(cls, clip: Clip) -> DepthClip:
        """The part of a recorded clip that is needed."""
        return cls(clip.frames, clip.depth, clip.moving, clip.world_from_camera, clip.intrinsics, clip.place.family)


def read_depth_clips(sources: Sequence[Recordings]) -> list[DepthClip]:
    """All clips of recordings of one size.

    Raises:
        ValueError: If there are no clips, or of several sizes.
    """
    sizes = {(source.spec.height, source.spec.width) for source in sources}
    if len(sizes) != 1 or not all(map(len, sources)):
        told = ", ".join(f"{source.folder} {source.spec.height} x {source.spec.width}" for source in sources)
        raise ValueError(f"recordings must be folders with clips, of one size, got {told or 'none'}")
    return [DepthClip.of(source.clip(index)) for source in sources for index in range(len(source))]
