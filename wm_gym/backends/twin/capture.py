"""Captures taken in the twin: posed RGB-D keyframes of the surroundings of a place's start.

Candidates are rendered at waypoints near the start, in all headings, and chosen greedily for the largest coverage.
Deterministic: equal places give equal captures.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wm_gym.backends.twin.model import FIRST_FRAMES, FRAMES_PER_STEP, TwinModel
from wm_gym.backends.twin.opening import open_place
from wm_gym.geometry.cameras import unproject
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import camera_pose
from wm_gym.world_model import Capture, Chunk, Condition, Opening, Place

_RADIUS_METRES = 12.0
_STANDPOINTS = 12
_HEADINGS = 8
_PITCHES_AT_START_DEGREES = (-18.0, 18.0)
_VOXEL_METRES = 0.5
_EVERY_PIXEL = 2
_SEED = 0
_KEPT_CAPTURES = 8


@lru_cache(maxsize=_KEPT_CAPTURES)
def capture_place(place: Place, height: int, width: int, num_keyframes: int = 32) -> Opening:
    """The opening of a place with a capture of it; the last few are kept.

    Args:
        place: The place.
        height: Rows of a keyframe.
        width: Columns of a keyframe.
        num_keyframes: Number K of keyframes; the first is at the opening pose.

    Raises:
        ValueError: If there is no such place, or `num_keyframes` is not at least 1.
        EngineError: If the engine process died.
    """
    if num_keyframes < 1:
        raise ValueError(f"num_keyframes must be at least 1, got {num_keyframes}")
    opening = open_place(place, height, width)
    poses = _candidate_poses(opening.waypoints.numpy().astype(np.float64))
    frames, depth, moving = _record(opening, poses, height, width)
    chosen = _choose(depth, moving, poses, opening.intrinsics, num_keyframes)
    capture = Capture(frames[chosen], depth[chosen], moving[chosen], poses[chosen], opening.intrinsics)
    return replace(opening, place=None, capture=capture)


def _candidate_poses(waypoints: NDArray[np.float64]) -> Tensor:
    """(C, 4, 4) float32: the opening pose, then every heading at every standpoint; C - 1 fills whole steps."""
    body_poses = [[0.0, 0.0, 0.0, 0.0, 0.0]]
    for x, y in _standpoints(waypoints):
        at_start = abs(x) + abs(y) < 1e-9
        for pitch in (0.0, *(_PITCHES_AT_START_DEGREES if at_start else ())):
            body_poses += [[x, y, 0.0, 2 * np.pi * k / _HEADINGS, np.radians(pitch)] for k in range(_HEADINGS)]
    return torch.from_numpy(camera_pose(np.array(body_poses))).to(torch.float32)


def _standpoints(waypoints: NDArray[np.float64]) -> NDArray[np.float64]:
    """(P, 2) the start and waypoints near it, each the one farthest from those before it (farthest-point sampling)."""
    near = waypoints[np.linalg.norm(waypoints, axis=1) < _RADIUS_METRES]
    chosen = np.zeros((1, 2))
    while len(chosen) < min(_STANDPOINTS, len(near)):
        distances = np.linalg.norm(near[:, None] - chosen, axis=-1).min(axis=1)
        chosen = np.concatenate([chosen, near[distances.argmax()][None]])
    return chosen


@lru_cache(maxsize=1)
def _simulator(height: int, width: int) -> TwinModel:
    """The twin that captures are taken with, kept until this process ends."""
    return TwinModel.create(height, width, max_processes=1)


def _record(opening: Opening, poses: Tensor, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Frames (C, H, W, 3), depth (C, H, W) in metres and moving masks (C, H, W) at C poses."""
    model = _simulator(height, width)
    state, chunk = model.start([opening], [_SEED])
    chunks: list[Chunk] = [chunk]
    for t in range(FIRST_FRAMES, len(poses), FRAMES_PER_STEP):
        condition = Condition(
            world_from_camera=poses[t : t + FRAMES_PER_STEP][None],
            intrinsics=opening.intrinsics[None],
            keys=torch.zeros(1, FRAMES_PER_STEP, 8, dtype=torch.bool),
            prompts=[[opening.prompt]],
            events=[()],
            seeds=[_SEED],
            frame_index=[t],
        )
        state, chunk = model.step(state, condition)
        chunks.append(chunk)
    depth = [chunk.depth[0] for chunk in chunks if chunk.depth is not None]
    moving = [chunk.moving[0] for chunk in chunks if chunk.moving is not None]
    return torch.cat([chunk.frames[0] for chunk in chunks]), torch.cat(depth), torch.cat(moving)


def _choose(depth: Tensor, moving: Tensor, poses: Tensor, intrinsics: Tensor, num_keyframes: int) -> list[int]:
    """Rows of the opening pose and then, greedily, of the frames that cover the most new voxels."""
    seen_by = [_voxels(*frame, intrinsics) for frame in zip(depth, moving, poses, strict=True)]
    names = {voxel: i for i, voxel in enumerate(sorted(set().union(*seen_by)))}
    covers = np.zeros((len(seen_by), len(names)), np.bool_)
    for row, voxels in zip(covers, seen_by, strict=True):
        row[[names[voxel] for voxel in voxels]] = True
    chosen, covered = [0], covers[0].copy()
    while len(chosen) < min(num_keyframes, len(seen_by)):
        gains = (covers & ~covered).sum(axis=1)
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        covered |= covers[chosen[-1]]
    return chosen


def _voxels(depth: Tensor, moving: Tensor, pose: Tensor, intrinsics: Tensor) -> set[tuple[int, int, int]]:
    """The voxels near the start in which a frame shows a static surface."""
    points = unproject(depth, intrinsics, pose)[::_EVERY_PIXEL, ::_EVERY_PIXEL]
    solid = ((depth < FAR_METRES) & ~moving)[::_EVERY_PIXEL, ::_EVERY_PIXEL]
    points = points[solid]
    near = points[points[:, :2].norm(dim=-1) < _RADIUS_METRES]
    cells = (near / _VOXEL_METRES).floor().to(torch.int64).unique(dim=0)
    return {(x, y, z) for x, y, z in cells.tolist()}
