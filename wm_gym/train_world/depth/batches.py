"""Frames of clips, others beside them and known depth, as the depth network takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import OPENING_EYE_METRES
from wm_gym.geometry.poses import inverse
from wm_gym.reconstruction.depth_network import SWEEPS, DepthInput, no_sweeps, slopes_of
from wm_gym.reconstruction.plane_sweep import PLANES, plane_sweep
from wm_gym.reconstruction.reconstructor import ground_depth
from wm_gym.train_world.depth.augment import cropped, relit
from wm_gym.train_world.depth.clips import DepthClip
from wm_gym.train_world.depth.hints import patches, reprojected, worn

GAPS = ((1, 4), (5, 16))
"""Least and most frames between a frame and the others beside it, the near one first."""

_ALONE, _NEAR_ALONE = 0.4, 0.2
_PATCHED = 0.4
_HINT_GAPS = (4, 32)
_SCORED_GAPS, _SCORED_HINT_GAP = (3, 10), 12
_METRES_OFF, _SHARE_OFF, _RADIANS_OFF = 0.004, 0.03, 0.004


@dataclass(frozen=True)
class DepthBatch:
    """N frames of one size.

    Attributes:
        given: What the network is given.
        depth: (N, H, W) metres; the sky has the far value.
        moving: (N, H, W) 0 or 1.
    """

    given: DepthInput
    depth: Tensor
    moving: Tensor

    def to(self, device: torch.device) -> DepthBatch:
        """The batch on a device."""
        return DepthBatch(self.given.to(device), self.depth.to(device), self.moving.to(device))


@dataclass(frozen=True)
class _Sample:
    """A frame with the others beside it.

    Attributes:
        frames: (1 + SWEEPS, 3, H, W) colours, the frame first.
        depth: (H, W) metres.
        moving: (H, W) 0 or 1.
        known: (H, W) metres, 0 unknown.
        lens: (4,).
        world_from_camera: (1 + SWEEPS, 4, 4).
        shown: (SWEEPS,) which of the others are given.
    """

    frames: Tensor
    depth: Tensor
    moving: Tensor
    known: Tensor
    lens: Tensor
    world_from_camera: Tensor
    shown: Tensor


def draw_batch(clips: Sequence[DepthClip], count: int, hinted: float, rng: np.random.Generator) -> DepthBatch:
    """Frames of random clips, changed at random; others are given beside more than half of them.

    Args:
        clips: Of one size.
        count: Frames.
        hinted: Share of the frames parts of whose depth are known.
        rng: Of everything random.
    """
    return _batch([_drawn(clips[int(rng.integers(len(clips)))], hinted, rng) for _ in range(count)])


def openings_of(clips: Sequence[DepthClip]) -> DepthBatch:
    """The first frame of each clip, alone: what a level camera sees where a body can start."""
    nothing = torch.zeros(SWEEPS, dtype=torch.bool)
    return _batch([replace(_sample(clip, [0] * (1 + SWEEPS)), shown=nothing) for clip in clips])


def frames_of(clips: Sequence[DepthClip], count: int, *, others: bool, hints: bool) -> DepthBatch:
    """Frames spread over the later halves of all clips, as they are.

    Args:
        clips: Of one size.
        count: Frames.
        others: Whether earlier frames are given beside them.
        hints: Whether what an earlier frame saw is known.
    """
    rng, rows = np.random.default_rng(0), []
    for index in np.linspace(0, len(clips) - 1, count).astype(int):
        clip = clips[index]
        frame = int(rng.integers(len(clip.frames) // 2, len(clip.frames)))
        picked = [frame, *(max(0, frame - gap) for gap in _SCORED_GAPS)]
        sample = _sample(clip, picked)
        known = _seen_from(clip, max(0, frame - _SCORED_HINT_GAP), frame)
        shown = torch.full((SWEEPS,), others)
        rows.append(replace(sample, known=known if hints else torch.zeros_like(known), shown=shown))
    return _batch(rows)


def _drawn(clip: DepthClip, hinted: float, rng: np.random.Generator) -> _Sample:
    frame = int(rng.integers(len(clip.frames)))
    sample = _sample(clip, [frame, *(_beside(frame, gaps, len(clip.frames), rng) for gaps in GAPS)])
    known = _known(clip, frame, sample, rng) if rng.random() < hinted else torch.zeros_like(sample.depth)
    maps = torch.stack([sample.depth, known, sample.moving])
    frames, maps, lens = cropped(sample.frames, maps, sample.lens, rng)
    frames, poses = relit(frames, rng), sample.world_from_camera
    if rng.random() < 0.5:
        frames, maps = frames.flip(-1), maps.flip(-1)
        lens, poses = _mirrored(lens, poses, frames.shape[-1])
    alone = rng.random()
    shown = torch.tensor([alone >= _ALONE, alone >= _ALONE + _NEAR_ALONE])
    return _Sample(frames, maps[0], maps[2], maps[1], lens, _jittered(poses, rng), shown)


def _beside(frame: int, gaps: tuple[int, int], length: int, rng: np.random.Generator) -> int:
    """Another frame: an earlier one, now and then a later one."""
    gap = int(rng.integers(gaps[0], gaps[1] + 1)) * (1 if rng.random() < 0.25 else -1)
    other = frame + gap
    return int(np.clip(other if 0 <= other < length else frame - gap, 0, length - 1))


def _known(clip: DepthClip, frame: int, sample: _Sample, rng: np.random.Generator) -> Tensor:
    if rng.random() < _PATCHED:
        return worn(patches(sample.depth, rng), rng)
    other = _beside(frame, _HINT_GAPS, len(clip.frames), rng)
    return worn(_seen_from(clip, other, frame), rng)


def _seen_from(clip: DepthClip, other: int, frame: int) -> Tensor:
    """What another frame saw, as the frame sees it."""
    world_from_other, world_from_camera = _poses(clip, [other, frame])
    return reprojected(_depth(clip, other), world_from_other, world_from_camera, torch.from_numpy(clip.intrinsics))


def _sample(clip: DepthClip, picked: list[int]) -> _Sample:
    frames = torch.from_numpy(clip.frames[picked]).permute(0, 3, 1, 2).float() / 255
    depth = _depth(clip, picked[0])
    moving = torch.from_numpy(clip.moving[picked[0]]).float()
    lens, shown = torch.from_numpy(clip.intrinsics), torch.ones(SWEEPS, dtype=torch.bool)
    return _Sample(frames, depth, moving, torch.zeros_like(depth), lens, _poses(clip, picked), shown)


def _depth(clip: DepthClip, frame: int) -> Tensor:
    return torch.from_numpy(clip.depth[frame].astype(np.float32)).clamp(max=FAR_METRES)


def _poses(clip: DepthClip, picked: list[int]) -> Tensor:
    return torch.from_numpy(clip.world_from_camera[picked])


def _mirrored(lens: Tensor, poses: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Lens and poses of a world that is mirrored in the plane x, z of the camera's own."""
    fx, fy, cx, cy = lens
    camera, world = torch.diag(torch.tensor([-1.0, 1, 1, 1])), torch.diag(torch.tensor([1.0, -1, 1, 1]))
    return torch.stack([fx, fy, width - cx, cy]), world @ poses @ camera


def _jittered(poses: Tensor, rng: np.random.Generator) -> Tensor:
    """Poses (1 + SWEEPS, 4, 4), those of the others a little off half of the time, as where they are estimated."""
    if rng.random() < 0.5:
        return poses
    moved = poses.clone()
    for k in range(1, len(poses)):
        away = (poses[k] - poses[0])[:3, 3]
        step = _METRES_OFF * rng.standard_normal(3) + _SHARE_OFF * float(away.norm()) * rng.standard_normal(3)
        x, y, z = _RADIANS_OFF * rng.standard_normal(3)
        turn = torch.tensor([[1, -z, y], [z, 1, -x], [-y, x, 1]], dtype=torch.float32)
        moved[k, :3, 3] += torch.from_numpy(step.astype(np.float32))
        moved[k, :3, :3] = turn @ moved[k, :3, :3]
    return moved


def _batch(samples: list[_Sample]) -> DepthBatch:
    frames, lens, poses = (
        torch.stack([getattr(one, name) for one in samples]) for name in ("frames", "lens", "world_from_camera")
    )
    height, width = frames.shape[-2:]
    shown = torch.stack([one.shown for one in samples])
    sweeps = no_sweeps(len(frames), height, width)
    for k in range(SWEEPS):
        rows = shown[:, k].nonzero()[:, 0]
        other_from_frame = inverse(poses[rows, 1 + k]) @ poses[rows, 0]
        costs = plane_sweep(frames[rows, 0], frames[rows, 1 + k], other_from_frame, lens[rows])
        sweeps[rows, k * PLANES : (k + 1) * PLANES] = costs
    ground = ground_depth(poses[:, :1], lens, (height, width), -OPENING_EYE_METRES, FAR_METRES)[:, 0]
    known = torch.stack([one.known for one in samples])
    slopes = slopes_of(lens, poses[:, 0], height, width)
    given = DepthInput(frames[:, 0], ground, slopes, known, sweeps)
    return DepthBatch(given, torch.stack([one.depth for one in samples]), torch.stack([one.moving for one in samples]))
