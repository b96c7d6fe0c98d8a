"""Frames of walks as the depth network takes them: a few steps of several walks at once, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import OPENING_EYE_METRES
from wm_gym.geometry.poses import inverse
from wm_gym.reconstruction.depth_network import DepthAnswer, DepthInput, estimated_surfaces, slopes_of
from wm_gym.reconstruction.plane_sweep import plane_sweep
from wm_gym.reconstruction.reconstructor import ground_depth
from wm_gym.reconstruction.surfaces import Surfaces


@dataclass(frozen=True)
class Frames:
    """One frame of each of N walks, and what is known of it from elsewhere.

    Attributes:
        colours: (N, 3, H, W), 0..1.
        depth: (N, H, W) metres; the sky has the far value.
        moving: (N, H, W) 0 or 1.
        known: What memory or a sensor tells, at the pose of the frame.
        others: (N, K, 3, H, W) colours of frames beside it.
        world_from_other: (N, K, 4, 4).
        shown: (N, K) bool, which of the others are given.
    """

    colours: Tensor
    depth: Tensor
    moving: Tensor
    known: Surfaces
    others: Tensor
    world_from_other: Tensor
    shown: Tensor

    @classmethod
    def stack(cls, frames: list[Frames]) -> Frames:
        """Frames of several walks as one."""
        known = Surfaces(*(torch.cat([getattr(one.known, name) for one in frames]) for name in vars(frames[0].known)))
        rest = [name for name in vars(frames[0]) if name != "known"]
        return cls(known=known, **{name: torch.cat([getattr(one, name) for one in frames]) for name in rest})


@dataclass(frozen=True)
class DepthBatch:
    """One frame of each of N walks, as the network takes it.

    Attributes:
        given: What the network is given, but for what it estimated before.
        known: What is known for certain of it.
        depth: (N, H, W) metres; the sky has the far value.
        moving: (N, H, W) 0 or 1.
    """

    given: DepthInput
    known: Surfaces
    depth: Tensor
    moving: Tensor

    @classmethod
    def of(cls, frames: Frames) -> DepthBatch:
        """Ground, slopes and parallax of frames."""
        known, poses = frames.known, frames.known.world_from_camera
        height, width = frames.depth.shape[1:]
        ground = ground_depth(poses[:, None], known.intrinsics, (height, width), -OPENING_EYE_METRES, FAR_METRES)[:, 0]
        slopes = slopes_of(known.intrinsics, poses, height, width)
        other_from_frame = inverse(frames.world_from_other) @ poses[:, None]
        sweeps = plane_sweep(frames.colours, frames.others, other_from_frame, frames.shown, known.intrinsics)
        given = DepthInput(frames.colours, ground, slopes, known.depth, known.error, known.colours, sweeps)
        return cls(given, known, frames.depth, frames.moving)

    def after(self, estimates: list[Surfaces]) -> DepthInput:
        """What the network is given of these frames after it estimated earlier ones of the same walks, last first."""
        return self.given.after(self.known, estimates)

    def estimated(self, answer: DepthAnswer) -> Surfaces:
        """What the network answered, without what moves, to be seen by later frames."""
        return estimated_surfaces(answer, self.given.frames, self.known)


@dataclass(frozen=True)
class Walks:
    """L frames of each of N walks, in the order of time."""

    steps: tuple[DepthBatch, ...]

    def to(self, device: torch.device) -> Walks:
        """The same: each frame is moved when its turn comes, after what was estimated before it."""
        return self
