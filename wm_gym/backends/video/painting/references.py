"""References: views of other places, of which the most fitting ones show how a view may go on.

What nothing is known of has to be invented, and a small painter invents patches; a view that was seen somewhere is a
place as a whole. Source: Seoul World Model (retrieved street views as references of what is generated), here on pixels
instead of latents. Knows nothing of networks.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.backends.video.painting.known import SEEN, surface_planes
from wm_gym.backends.whole_file import npz_bytes, write_whole

COLOUR_BITS = 6
"""Of each channel that are kept: the rest is beneath notice, and costs as much as all others."""

DEPTH_STEPS = 255
PART = 256
"""Views that are described at once."""

CELL = 4
"""Rows and columns of pixels that are compared as one."""

DEPTH_WEIGHT = 1.5
"""What a difference of depth counts against one of colour."""

RIM_WEIGHT = 3.0
"""What a known cell beside unseen ones counts more than others: there both have to meet."""


class References:
    """A bank of views, each also as seen in a mirror."""

    def __init__(self, frames: np.ndarray, depth: np.ndarray, near_metres: float, far_metres: float) -> None:
        """Keep views.

        Args:
            frames: (K, H, W, 3) uint8.
            depth: (K, H, W) uint8: logarithms of metres, evenly from the near value to the far one.
            near_metres: Smallest depth that is told apart.
            far_metres: Depth that stands for the sky.
        """
        self.frames, self.depth, self.near_metres, self.far_metres = frames, depth, near_metres, far_metres
        parts = torch.arange(len(self)).split(PART)  # the planes of all at once would be 200 MB
        self._keys = torch.cat([_describe(self.planes(part)).flatten(1) for part in parts])
        self._squares = self._keys.square()

    def __len__(self) -> int:
        return 2 * len(self.frames)

    def planes(self, rows: Tensor) -> Tensor:
        """(R, 4, H, W) surface planes of some views; the second half of all are mirrored."""
        views = (rows % len(self.frames)).numpy()
        metres = self.near_metres * (self.far_metres / self.near_metres) ** (self.depth[views] / DEPTH_STEPS)
        frames, depth = torch.from_numpy(self.frames[views]), torch.from_numpy(metres).float()
        planes = surface_planes(frames, depth, self.near_metres, self.far_metres)
        return torch.where((rows >= len(self.frames))[:, None, None, None], planes.flip(-1), planes)

    def nearest(self, known: Tensor, count: int) -> Tensor:
        """(count,) rows of the views that are most like what is known of a frame, (1, KNOWN_CHANNELS, H, W)."""
        seen = (known[:, SEEN : SEEN + 1] > 0).float()
        share = F.avg_pool2d(seen, CELL)
        shown = _describe(known[:, :4].float() * seen) / share.clamp(min=1e-3)
        weight = share * (1 + RIM_WEIGHT * F.max_pool2d(1 - share, 5, 1, 2))
        weight, shown = weight.expand_as(shown).flatten(1), shown.flatten(1)
        distance = weight @ self._squares.T - 2 * (weight * shown) @ self._keys.T
        return distance[0].topk(min(count, len(self)), largest=False).indices

    def hash(self) -> str:
        """Of all that is in it."""
        digest = hashlib.sha256(self.frames.tobytes())
        digest.update(self.depth.tobytes())
        return digest.hexdigest()

    @classmethod
    def of(cls, frames: np.ndarray, metres: np.ndarray, near_metres: float, far_metres: float) -> References:
        """A bank of frames (K, H, W, 3) uint8 and depth (K, H, W) metres, as exact as a file keeps them."""
        shares = np.log(metres.clip(near_metres, far_metres).astype(np.float64) / near_metres)
        depth = np.rint(shares / math.log(far_metres / near_metres) * DEPTH_STEPS).astype(np.uint8)
        return cls(_coarse(frames), depth, near_metres, far_metres)

    def save(self, path: Path) -> None:
        """Write the bank, an `.npz`."""
        reach = np.array([self.near_metres, self.far_metres])
        data = npz_bytes({"frames": self.frames >> (8 - COLOUR_BITS), "depth": self.depth, "reach": reach})
        write_whole(path, lambda file: file.write(data))

    @classmethod
    def load(cls, path: Path) -> References:
        """The bank in a file.

        Raises:
            ValueError: If the file is missing, damaged or something else.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                frames, depth, (near, far) = file["frames"], file["depth"], file["reach"]
        except Exception as error:  # zip, LZMA, header and disk errors share no base class
            raise ValueError(f"{path} must be a bank of references (.npz), got a file that cannot be read") from error
        return cls(_coarse(frames << (8 - COLOUR_BITS)), depth, float(near), float(far))


def _coarse(frames: np.ndarray) -> np.ndarray:
    """Colours in as many steps as a file keeps, spread from 0 to 255."""
    steps = frames >> (8 - COLOUR_BITS)
    return ((steps << (8 - COLOUR_BITS)) | (steps >> (2 * COLOUR_BITS - 8))).astype(np.uint8)


def _describe(planes: Tensor) -> Tensor:
    """(N, 4, H / CELL, W / CELL) means of cells, depth weighted."""
    weight = planes.new_tensor([1.0, 1.0, 1.0, DEPTH_WEIGHT]).view(4, 1, 1)
    return F.avg_pool2d(planes, CELL) * weight
