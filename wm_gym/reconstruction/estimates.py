"""What is asked of a depth estimator, and what it answers. Knows nothing of models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import OPENING_EYE_METRES, START_BODY_POSE, camera_pose
from wm_gym.reconstruction.reconstructor import ground_depth

Kind = Literal["metric", "disparity"]
"""What a model gives: metres of its own, or inverse depth of unknown scale and shift."""


@dataclass(frozen=True)
class DepthQuery:
    """Frames of one camera whose depth is asked for.

    Attributes:
        frames: (T, H, W, 3) uint8.
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        world_from_camera: (T, 4, 4) float32; z is up, and the ground lies a body's height under the origin.
        known_depth: (T, H, W) metres, 0 where nothing is known; None for nothing at all.
        known_frames: (T, H, W, 3) uint8 colours of what is known, as memory shows it; None where they are the frames'.
        follows: Whether the poses tell how the camera moved from frame to frame, rather than its height and pitch
            alone.
        gaps: How many frames lie between a frame and those that it is then compared with: from a ninth of a second of
            walking to a second.
    """

    frames: Tensor
    intrinsics: Tensor
    world_from_camera: Tensor
    known_depth: Tensor | None = None
    known_frames: Tensor | None = None
    follows: bool = False
    gaps: tuple[int, ...] = (2, 4, 8, 16)

    @classmethod
    def of_level(cls, frames: Tensor, intrinsics: Tensor) -> DepthQuery:
        """Of frames (T, H, W, 3) from a level camera at a body's height."""
        pose = torch.from_numpy(camera_pose(START_BODY_POSE)).float()
        return cls(frames, intrinsics, pose.expand(len(frames), 4, 4))

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.frames.shape[1], self.frames.shape[2]

    def ground(self) -> Tensor:
        """(T, H, W) metres at which flat ground lies, the far value where a pixel does not see any."""
        poses, lens = self.world_from_camera[None], self.intrinsics[None]
        return ground_depth(poses, lens, self.size, -OPENING_EYE_METRES, FAR_METRES)[0]


@dataclass(frozen=True)
class DepthEstimate:
    """What an estimator answers.

    Attributes:
        depth: (T, H, W) float32, metres or disparity.
        moving: (T, H, W) float32, -1 for what stands still to 1 for what moves; None where the estimator does not tell.
        error: (T, H, W) float32, expected error as a share of depth; None where the estimator does not tell.
    """

    depth: Tensor
    moving: Tensor | None = None
    error: Tensor | None = None


class DepthEstimator(Protocol):
    """Estimates depth from colours.

    Attributes:
        kind: Whether it gives metres or disparity.
        takes_known: Whether what it gives already has the scale of what is known.
    """

    kind: Kind
    takes_known: bool

    def estimate(self, query: DepthQuery) -> DepthEstimate:
        """Depth of each frame; without `follows` each on its own."""
        ...
