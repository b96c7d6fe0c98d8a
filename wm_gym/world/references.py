"""Posed frames of a world's past, and which of them a step is given as references.

Source: Seoul World Model, section 3.2 (retrieved posed frames beside the frames to come), here of the world itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from wm_gym.scenes.keyframe_scale import reduced
from wm_gym.world_model import Opening, References

MOST_KEPT = 64
"""Frames of a world that are kept; of two that stand nearest to each other in time the older goes first."""

METRES_PER_RADIAN = 2.0
"""Turning by a radian makes a frame as unlike as so many metres."""


@dataclass(frozen=True, eq=False)
class Keyframes:
    """K posed frames of one world, in order of time.

    Attributes:
        frames: (K, H, W, 3) uint8.
        depth: (K, H, W) float32 metres.
        world_from_camera: (K, 4, 4) float32.
        frame_index: (K,) int64; before 0 what the world opened with.
    """

    frames: Tensor
    depth: Tensor
    world_from_camera: Tensor
    frame_index: Tensor

    @classmethod
    def of_opening(cls, opening: Opening, height: int, width: int) -> Keyframes:
        """What a world opened with, as large as frames: the keyframes of its capture, or none."""
        if opening.capture is None:
            depth, index = torch.zeros(0, height, width), torch.zeros(0, dtype=torch.int64)
            return cls(depth.byte()[..., None].expand(0, height, width, 3), depth, torch.zeros(0, 4, 4), index)
        capture = reduced(opening.capture, height, width)
        rows = slice(0, min(len(capture.frames) - capture.lead, MOST_KEPT))
        poses = capture.world_from_camera[rows].float()
        return cls(capture.frames[rows], capture.depth[rows].float(), poses, torch.arange(len(poses)) - len(poses))

    def with_frame(self, frame: Tensor, depth: Tensor, pose: Tensor, index: int) -> Keyframes:
        """One frame more, and one less where there are too many.

        Args:
            frame: (H, W, 3) uint8.
            depth: (H, W) metres.
            pose: (4, 4).
            index: Of the frame in its world.
        """
        added = frame, depth.float(), pose.float(), torch.tensor(index)
        names = [field.name for field in fields(self)]
        both = {name: torch.cat([getattr(self, name), new[None]]) for name, new in zip(names, added, strict=True)}
        grown = Keyframes(**both)
        return grown if len(grown.frame_index) <= MOST_KEPT else grown._without_closest()

    def _without_closest(self) -> Keyframes:
        """Without the older of the two that follow each other soonest."""
        gone = int(self.frame_index.diff().argmin())
        kept = [k for k in range(len(self.frame_index)) if k != gone]
        return Keyframes(**{field.name: getattr(self, field.name)[kept] for field in fields(self)})


def references_for(worlds: Sequence[Keyframes | None], world_from_camera: Tensor, count: int) -> References:
    """For each world the frames that were taken nearest to where a step ends, the nearest first.

    Args:
        worlds: N.
        world_from_camera: (N, T, 4, 4).
        count: K.
    """
    known = [keyframes for keyframes in worlds if keyframes is not None]
    rows = [_nearest(keyframes, pose, count) for keyframes, pose in zip(known, world_from_camera[:, -1], strict=True)]

    def field(name: str) -> Tensor:
        return torch.stack([_padded(getattr(one, name)[row], count) for one, row in zip(known, rows, strict=True)])

    return References(
        field("frames"), field("depth"), field("world_from_camera"), field("frame_index"),
        present=torch.stack([torch.arange(count) < len(row) for row in rows]),
    )  # fmt: skip


def _nearest(keyframes: Keyframes, pose: Tensor, count: int) -> Tensor:
    apart = (keyframes.world_from_camera[:, :3, 3] - pose[:3, 3]).norm(dim=-1)
    looks = (keyframes.world_from_camera[:, :3, 2] @ pose[:3, 2]).clamp(-1, 1).arccos()
    return (apart + METRES_PER_RADIAN * looks).argsort(stable=True)[:count]


def _padded(rows: Tensor, count: int) -> Tensor:
    return torch.cat([rows, rows.new_zeros(count - len(rows), *rows.shape[1:])])
