"""The way of a camera through pictures with estimated depth: of the ways that can be found, the one that explains most.

Knows nothing of films.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wm_gym.reconstruction.odometry import Odometry, RgbdFrame
from wm_gym.reconstruction.sameness import path_sameness
from wm_gym.reconstruction.structure import camera_path, has_colmap

ODOMETRY, STRUCTURE = "RGB-D odometry", "structure from motion"
_MOST_ROWS = 120


@dataclass(frozen=True, eq=False)
class PosedPath:
    """A way that was found.

    Attributes:
        first_from_camera: (4, 4) of each picture, metres.
        source: How it was found.
        sameness: Mean share of a picture that lies in those before it at its depth and brightness, 0..1.
    """

    first_from_camera: list[np.ndarray]
    source: str
    sameness: float


def find_path(frames: Sequence[RgbdFrame], intrinsics: np.ndarray) -> PosedPath | int:
    """The way through pictures, or the number of the picture at which it is lost.

    Structure from motion is tried where `pycolmap` is installed.

    Args:
        frames: At least two, of one lens; what moves is unknown.
        intrinsics: (4,) fx, fy, cx, cy in pixels, with pixel centres at +0.5.

    Raises:
        ImportError: If Open3D is not installed.
    """
    factor = max(1, round(frames[0].depth.shape[0] / _MOST_ROWS))
    small, lens = [_reduced(frame, factor) for frame in frames], intrinsics / factor
    followed, ways = Odometry(lens).follow(small), []
    whole = [pose for pose in followed if pose is not None]
    if len(whole) == len(frames):
        ways.append(PosedPath(whole, ODOMETRY, path_sameness(small, whole, lens)))
    structure = camera_path(frames, intrinsics) if has_colmap() else None
    if structure is not None:
        ways.append(PosedPath(structure, STRUCTURE, path_sameness(small, structure, lens)))
    return max(ways, key=lambda way: way.sameness) if ways else len(whole)


def _reduced(frame: RgbdFrame, factor: int) -> RgbdFrame:
    """The frame with a pixel for each block of `factor` x `factor`: colours are means, depth that of the middle."""
    rows, columns = (size // factor * factor for size in frame.depth.shape)
    blocks = frame.colour[:rows, :columns].reshape(rows // factor, factor, columns // factor, factor, 3)
    middle = slice(factor // 2, None, factor)
    depth = frame.depth[:rows, :columns][middle, middle]
    return RgbdFrame(blocks.mean((1, 3)).round().astype(np.uint8), np.ascontiguousarray(depth))
