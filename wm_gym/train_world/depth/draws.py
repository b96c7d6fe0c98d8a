"""Random short walks through clips: frames, others beside them and what is known, as other cameras would see it all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.reconstruction.depth_network import EXACT
from wm_gym.reconstruction.surfaces import Surfaces, laid_together
from wm_gym.train_world.depth.augment import cropped, relit
from wm_gym.train_world.depth.batches import DepthBatch, Frames, Walks
from wm_gym.train_world.depth.clips import DepthClip
from wm_gym.train_world.depth.hints import patches, worn

GAPS = ((1, 3), (3, 6), (6, 12), (12, 24))
"""Least and most frames between a frame and the others beside it."""

_STEP = (3, 8)
_FROM_OPENING, _WITH_MOVING, _LATER = 0.25, 0.5, 0.25
_ALONE, _NEAR_ALONE = 0.3, 0.2
_PATCHED = 0.2
_MOST_SOURCES, _REMEMBERED = 3, 32
_METRES_OFF, _SHARE_OFF, _RADIANS_OFF = 0.004, 0.03, 0.004


def draw_walks(clips: Sequence[DepthClip], count: int, length: int, hinted: float, rng: np.random.Generator) -> Walks:
    """Short walks through random clips, changed at random; others are given beside most of their frames.

    Half of the walks end with a frame in which something moves, where the clip that was drawn has one.

    Args:
        clips: Of one size.
        count: Walks.
        length: Frames of each.
        hinted: Share of the walks parts of whose depth are known.
        rng: Of everything random.
    """
    drawn = [_walk(clips[int(rng.integers(len(clips)))], length, hinted, rng) for _ in range(count)]
    return Walks(tuple(DepthBatch.of(Frames.stack(list(frames))) for frames in zip(*drawn, strict=True)))


def _walk(clip: DepthClip, length: int, hinted: float, rng: np.random.Generator) -> list[Frames]:
    rows = _rows(clip, length, rng)
    others = [[_beside(row, gaps, len(clip.frames), rng) for gaps in GAPS] for row in rows]
    picked = rows + [one for beside in others for one in beside]
    known = _known(clip, rows, hinted, rng)
    colours = torch.cat([colours_of(clip, picked), known.colours])
    maps = torch.cat([depth_of(clip, rows), moving_of(clip, rows), known.depth, known.error])
    poses, lens = _jittered(poses_of(clip, picked), rng), torch.from_numpy(clip.intrinsics)
    colours, maps, lens = cropped(colours, maps, lens, rng)
    colours = relit(colours, rng)
    if rng.random() < 0.5:
        colours, maps = colours.flip(-1), maps.flip(-1)
        lens, poses = _mirrored(lens, poses, maps.shape[-1])
    shown = _shown(rng)
    walk, first_known = [], len(picked)
    for k in range(length):
        depth, moving, known_depth, known_error = (maps[k + part * length][None] for part in range(4))
        beside = slice(length + k * len(GAPS), length + (k + 1) * len(GAPS))
        told = Surfaces(known_depth, known_error, colours[first_known + k][None], poses[k][None], lens[None])
        walk.append(Frames(colours[k][None], depth, moving, told, colours[beside][None], poses[beside][None], shown))
    return walk


def _rows(clip: DepthClip, length: int, rng: np.random.Generator) -> list[int]:
    """Frames of a walk, about a step apart."""
    gaps = rng.integers(_STEP[0], _STEP[1] + 1, length - 1)
    span = int(gaps.sum())
    first = int(rng.integers(max(1, len(clip.frames) - span)))
    if rng.random() < _FROM_OPENING:
        first = 0
    elif rng.random() < _WITH_MOVING and len(moves := np.flatnonzero(clip.moving[span:].any((1, 2)))):
        first = int(rng.choice(moves))
    return [min(len(clip.frames) - 1, first + int(gap)) for gap in (0, *gaps.cumsum())]


def _beside(frame: int, gaps: tuple[int, int], length: int, rng: np.random.Generator) -> int:
    """Another frame: an earlier one, now and then a later one."""
    gap = int(rng.integers(gaps[0], gaps[1] + 1)) * (1 if rng.random() < _LATER else -1)
    other = frame + gap
    return int(np.clip(other if 0 <= other < length else frame - gap, 0, length - 1))


def _shown(rng: np.random.Generator) -> Tensor:
    """(1, K) which of the others are given: none, near ones, or all."""
    chance = rng.random()
    count = 0 if chance < _ALONE else 2 if chance < _ALONE + _NEAR_ALONE else len(GAPS)
    return torch.arange(len(GAPS))[None] < count


def _known(clip: DepthClip, rows: list[int], hinted: float, rng: np.random.Generator) -> Surfaces:
    """What is known of the frames: nothing, patches, or what earlier frames saw."""
    poses, lens = poses_of(clip, rows), torch.from_numpy(clip.intrinsics).expand(len(rows), 4)
    depth, colours = depth_of(clip, rows), colours_of(clip, rows)
    error = torch.full_like(depth, EXACT)
    if rng.random() >= hinted:
        return Surfaces(torch.zeros_like(depth), error, torch.zeros_like(colours), poses, lens)
    if rng.random() < _PATCHED:
        known = torch.stack([worn(patches(one, rng), rng) for one in depth])
        return Surfaces(known, error, colours * (known > 0)[:, None], poses, lens)
    lowest = max(0, rows[0] - _REMEMBERED)
    sources = {int(rng.integers(lowest, rows[-1] + 1)) for _ in range(int(rng.integers(1, _MOST_SOURCES + 1)))}
    return remembered(clip, sorted(sources - set(rows), reverse=True) or [max(0, rows[0] - 2)], rows)


def remembered(clip: DepthClip, sources: Sequence[int], rows: Sequence[int]) -> Surfaces:
    """What frames of a clip saw that stands still, as others of it see it."""
    lens = torch.from_numpy(clip.intrinsics).expand(len(rows), 4)
    seen = []
    for source in sources:
        still = torch.where(moving_of(clip, [source]) > 0, 0.0, depth_of(clip, [source]))
        colours, pose = colours_of(clip, [source]), poses_of(clip, [source])
        shown = Surfaces(still, torch.full_like(still, EXACT), colours, pose, lens[:1])
        seen.append(shown.repeated(len(rows)))
    return laid_together(seen, poses_of(clip, rows))


def colours_of(clip: DepthClip, rows: Sequence[int]) -> Tensor:
    """(F, 3, H, W) colours of frames, 0..1."""
    return torch.from_numpy(clip.frames[list(rows)]).permute(0, 3, 1, 2).float() / 255


def depth_of(clip: DepthClip, rows: Sequence[int]) -> Tensor:
    """(F, H, W) metres of frames."""
    return torch.from_numpy(clip.depth[list(rows)].astype(np.float32)).clamp(max=FAR_METRES)


def moving_of(clip: DepthClip, rows: Sequence[int]) -> Tensor:
    """(F, H, W) 0 or 1 of frames."""
    return torch.from_numpy(clip.moving[list(rows)]).float()


def poses_of(clip: DepthClip, rows: Sequence[int]) -> Tensor:
    """(F, 4, 4) world_from_camera of frames."""
    return torch.from_numpy(clip.world_from_camera[list(rows)])


def _mirrored(lens: Tensor, poses: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Lens and poses of a world that is mirrored in the plane x, z of the camera's own."""
    fx, fy, cx, cy = lens
    camera, world = torch.diag(torch.tensor([-1.0, 1, 1, 1])), torch.diag(torch.tensor([1.0, -1, 1, 1]))
    return torch.stack([fx, fy, width - cx, cy]), world @ poses @ camera


def _jittered(poses: Tensor, rng: np.random.Generator) -> Tensor:
    """Poses (F, 4, 4), all but the first a little off half of the time, as where they are estimated."""
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
