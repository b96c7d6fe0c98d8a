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
    followed, ways = Odometry(intrinsics).follow(frames), []
    whole = [pose for pose in followed if pose is not None]
    if len(whole) == len(frames):
        ways.append(PosedPath(whole, ODOMETRY, path_sameness(frames, whole, intrinsics)))
    structure = camera_path(frames, intrinsics) if has_colmap() else None
    if structure is not None:
        ways.append(PosedPath(structure, STRUCTURE, path_sameness(frames, structure, intrinsics)))
    return max(ways, key=lambda way: way.sameness) if ways else len(whole)
