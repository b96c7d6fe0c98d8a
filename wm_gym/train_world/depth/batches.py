"""Frames of recordings with their depth, as the depth network takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import OPENING_EYE_METRES
from wm_gym.reconstruction.reconstructor import ground_depth
from wm_gym.train_world.data.recordings import Recordings

_PATCHES = 4
_HINT_NOISE = 0.03
_GAIN, _TINT = (0.7, 1.3), (0.85, 1.15)


@dataclass(frozen=True)
class DepthBatch:
    """N frames of one size.

    Attributes:
        frames: (N, 3, H, W) colours, 0..1.
        ground: (N, H, W) metres at which flat ground lies.
        known_depth: (N, H, W) metres, 0 where nothing is known.
        depth: (N, H, W) metres; the sky has the far value.
    """

    frames: Tensor
    ground: Tensor
    known_depth: Tensor
    depth: Tensor

    def to(self, device: torch.device) -> DepthBatch:
        """The batch on a device."""
        return DepthBatch(*(one.to(device) for one in (self.frames, self.ground, self.known_depth, self.depth)))


def draw_batch(recordings: Sequence[Recordings], count: int, hinted: float, rng: np.random.Generator) -> DepthBatch:
    """Frames of random clips, mirrored and of other colours at random.

    Args:
        recordings: Of one size.
        count: Frames.
        hinted: Share of the frames parts of whose depth are known.
        rng: Of everything random.
    """
    rows = [_drawn(recordings[int(rng.integers(len(recordings)))], hinted, rng) for _ in range(count)]
    return DepthBatch(*(torch.stack([row[k] for row in rows]) for k in range(4)))


def frames_of(recordings: Recordings, count: int) -> DepthBatch:
    """Frames spread over all clips, of which nothing is known."""
    rng = np.random.default_rng(0)
    clips = np.linspace(0, len(recordings) - 1, count).astype(int)
    rows = [_row(recordings, int(clip), float(rng.random())) for clip in clips]
    frames, depth, ground = (torch.stack([row[k] for row in rows]) for k in range(3))
    return DepthBatch(frames, ground, torch.zeros_like(depth), depth)


def _drawn(recordings: Recordings, hinted: float, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    frame, depth, ground = _row(recordings, int(rng.integers(len(recordings))), float(rng.random()))
    gains = rng.uniform(*_GAIN) * rng.uniform(*_TINT, (3, 1, 1))
    frame = (frame[torch.from_numpy(rng.permutation(3))] * torch.from_numpy(gains.astype(np.float32))).clamp(0, 1)
    if rng.random() < 0.5:
        frame, depth, ground = frame.flip(-1), depth.flip(-1), ground.flip(-1)
    known = _hints(depth, rng) if rng.random() < hinted else torch.zeros_like(depth)
    return frame, ground, known, depth


def _row(recordings: Recordings, clip_index: int, when: float) -> tuple[Tensor, Tensor, Tensor]:
    """Colours (3, H, W), depth and flat ground (H, W) of a frame at a share of a clip's length."""
    clip = recordings.clip(clip_index)
    t = int(when * len(clip.frames))
    pose = torch.from_numpy(clip.world_from_camera[t])[None, None]
    lens, size = torch.from_numpy(clip.intrinsics)[None], clip.depth.shape[1:]
    ground = ground_depth(pose, lens, (size[0], size[1]), -OPENING_EYE_METRES, FAR_METRES)[0, 0]
    colours = torch.from_numpy(clip.frames[t]).permute(2, 0, 1).float() / 255
    return colours, torch.from_numpy(clip.depth[t].astype(np.float32)).clamp(max=FAR_METRES), ground


def _hints(depth: Tensor, rng: np.random.Generator) -> Tensor:
    """Depth as memory knows it: in patches, and a little off."""
    height, width = depth.shape
    coarse = torch.from_numpy(rng.random((_PATCHES, _PATCHES)) < rng.uniform(0.2, 0.9)).float()
    where = functional.interpolate(coarse[None, None], size=(height, width), mode="bilinear")[0, 0] > 0.5
    off = torch.from_numpy(np.exp(_HINT_NOISE * rng.standard_normal((height, width))).astype(np.float32))
    return torch.where(where & (depth < FAR_METRES), depth * off, 0.0)
