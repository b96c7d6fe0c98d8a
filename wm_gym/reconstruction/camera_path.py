"""The way of a camera through pictures with estimated depth: of the ways that can be found, the one that explains most.

Knows nothing of films.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wm_gym.reconstruction.odometry import Odometry, RgbdFrame
from wm_gym.reconstruction.sameness import path_sameness
from wm_gym.reconstruction.structure import camera_path
from wm_gym.reconstruction.tracks import Tracks, has_colmap

ODOMETRY, STRUCTURE = "RGB-D odometry", "structure from motion"
_MOST_ROWS = 120
_LEAST_RUN, _LEAST_SHARE = 12, 1 / 3


@dataclass(frozen=True, eq=False)
class PosedPath:
    """A way that was found.

    Attributes:
        first_from_camera: (4, 4) of each picture that could be placed, metres.
        source: How it was found.
        sameness: Mean share of a picture that lies in those before it at its depth and brightness, 0..1.
    """

    first_from_camera: list[np.ndarray]
    source: str
    sameness: float


def find_path(frames: Sequence[RgbdFrame], intrinsics: np.ndarray, tracks: Tracks | None = None) -> PosedPath | int:
    """The way through pictures, or the number of the picture at which it is lost.

    A way that is lost only after two seconds of six pictures is one of those before it. By structure from motion where
    `pycolmap` is installed, else, and where it gets lost, by odometry.

    Args:
        frames: At least two, of one lens; what moves is unknown.
        intrinsics: (4,) fx, fy, cx, cy in pixels, with pixel centres at +0.5.
        tracks: Points that the pictures share, where they are found already.

    Raises:
        ImportError: If neither `pycolmap` nor Open3D is installed.
    """
    factor = max(1, round(frames[0].depth.shape[0] / _MOST_ROWS))
    small, lens = [_reduced(frame, factor) for frame in frames], intrinsics / factor
    enough = min(len(frames), max(_LEAST_RUN, round(_LEAST_SHARE * len(frames))))
    longest = 0
    ways = {
        STRUCTURE: lambda: camera_path(frames, intrinsics, tracks) if has_colmap() else [],
        ODOMETRY: lambda: [pose for pose in Odometry(lens).follow(small) if pose is not None],
    }
    for source, follow in ways.items():
        poses = follow()
        if len(poses) >= enough:
            return PosedPath(poses, source, path_sameness(small[: len(poses)], poses, lens))
        longest = max(longest, len(poses))
    return longest


def _reduced(frame: RgbdFrame, factor: int) -> RgbdFrame:
    """The frame with a pixel for each block of `factor` x `factor`: colours are means, depth that of the middle."""
    rows, columns = (size // factor * factor for size in frame.depth.shape)
    blocks = frame.colour[:rows, :columns].reshape(rows // factor, factor, columns // factor, factor, 3)
    middle = slice(factor // 2, None, factor)
    depth = frame.depth[:rows, :columns][middle, middle]
    return RgbdFrame(blocks.mean((1, 3)).round().astype(np.uint8), np.ascontiguousarray(depth))
