"""Space-to-depth packing: frames, depth and moving masks as channels of one image, and hints likewise.

Values lie in -1..1, and nothing is lost. Knows nothing of the transformer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.video.codec_kernels import pack_hints, unpack_frames
from wm_gym.geometry.depth_scale import scale_log_depth, unscale_depth
from wm_gym.memory.hints import Hints
from wm_gym.networks.arithmetic import takes_kernels

FRAME_CHANNELS = 5
"""Of one frame: red, green, blue, log-depth, moving."""

HINT_CHANNELS = 8
"""Of one frame's hints: red, green, blue, log-depth, seen, moving, age, same appearance."""

AGE_SCALE_FRAMES = 256.0


@dataclass(frozen=True)
class SpaceToDepthCodec:
    """Packs T frames into the channels of one image of the same height and width.

    Attributes:
        near_metres: Depth below which all depths are encoded alike.
        far_metres: Depth that stands for the sky.
    """

    near_metres: float
    far_metres: float

    def encode(self, frames: Tensor, depth: Tensor, moving: Tensor) -> Tensor:
        """Channels of T frames of each world.

        Args:
            frames: (N, T, H, W, 3) uint8.
            depth: (N, T, H, W) float32 metres, all known.
            moving: (N, T, H, W) bool.

        Returns:
            (N, T * FRAME_CHANNELS, H, W) float32.
        """
        colour = frames.float().movedim(-1, 2) / 127.5 - 1
        scaled = scale_log_depth(depth.clamp(min=self.near_metres).log(), self.near_metres, self.far_metres)
        return torch.cat([colour, torch.stack([scaled, moving.float() * 2 - 1], 2)], 2).flatten(1, 2)

    def decode(self, channels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Frames, depth and moving mask of (N, T * FRAME_CHANNELS, H, W), shaped as in `encode`."""
        by_frame = channels.float().unflatten(1, (-1, FRAME_CHANNELS))
        if takes_kernels(by_frame):
            frames, depth = self._unpacked(by_frame.contiguous())
            return frames, depth, by_frame[:, :, 4] > 0
        by_frame = by_frame.clamp(-1, 1)
        frames = ((by_frame[:, :, :3] + 1) * 127.5).round().to(torch.uint8).movedim(2, -1).contiguous()
        return frames, unscale_depth(by_frame[:, :, 3], self.near_metres, self.far_metres), by_frame[:, :, 4] > 0

    def encode_hints(self, hints: Hints) -> Tensor:
        """(N, T * HINT_CHANNELS, H, W) float32; all zero where nothing is seen."""
        if takes_kernels(hints.seen):
            return self._packed(hints)
        seen = hints.seen.float()
        channels = [
            *(hints.colour.float() / 127.5 - 1).unbind(-1),
            scale_log_depth(hints.log_depth, self.near_metres, self.far_metres),
            torch.ones_like(seen),
            hints.moving.float() * 2 - 1,
            torch.log1p(hints.age.clamp(min=0).float()) / math.log1p(AGE_SCALE_FRAMES),
            hints.same_appearance.float() * 2 - 1,
        ]
        return (torch.stack(channels, 2) * seen[:, :, None]).flatten(1, 2)

    @staticmethod
    def hint_prior(hints: Tensor) -> Tensor:
        """Channels of the frames that hints show, 0 where they show none: (..., T * 8, H, W) to (..., T * 5, H, W)."""
        by_frame = hints.unflatten(-3, (-1, HINT_CHANNELS))
        moving = torch.where(by_frame[..., 4:5, :, :] > 0, by_frame[..., 5:6, :, :], -1.0)
        return torch.cat([by_frame[..., :4, :, :], moving.to(by_frame.dtype)], -3).flatten(-4, -3)

    def _packed(self, hints: Hints) -> Tensor:
        """As `encode_hints`, by the kernel."""
        num_worlds, num_frames, *size = hints.seen.shape
        channels = torch.empty(num_worlds, num_frames, HINT_CHANNELS, *size)
        fields = hints.colour, hints.log_depth, hints.seen, hints.moving, hints.age, hints.same_appearance
        colour, log_depth, seen, moving, age, same = (field.flatten(0, 1).contiguous().numpy() for field in fields)
        logs = *self._logs, np.float32(math.log1p(AGE_SCALE_FRAMES))
        pack_hints(colour, log_depth, seen, moving, age, same, logs, channels.flatten(0, 1).numpy())
        return channels.flatten(1, 2)

    def _unpacked(self, by_frame: Tensor) -> tuple[Tensor, Tensor]:
        """Frames and depth of channels (N, T, 5, H, W), by the kernel."""
        num_worlds, num_frames, _, *size = by_frame.shape
        frames = torch.empty(num_worlds, num_frames, *size, 3, dtype=torch.uint8)
        depth = torch.empty(num_worlds, num_frames, *size)
        far = np.float32(self.far_metres)
        shown, metres = frames.flatten(0, 1).numpy(), depth.flatten(0, 1).numpy()
        unpack_frames(by_frame.flatten(0, 1).numpy(), self._logs, far, shown, metres)
        return frames, depth

    @property
    def _logs(self) -> tuple[np.float32, np.float32]:
        return np.float32(math.log(self.near_metres)), np.float32(math.log(self.far_metres))
