"""Poses and depth of the pictures of a film, whose colours alone are known: estimated, then by parallax.

Depth is estimated of each picture alone, which tells the way of the camera; both once more, now that it is known how
each picture was tilted. The way and other pictures tell depth by parallax; what that is sure of is told to the
estimator, whose answer fills the rest. Knows nothing of files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.progress import progress_bar
from wm_gym.reconstruction.alignment import DepthScale
from wm_gym.reconstruction.camera_path import PosedPath, find_path
from wm_gym.reconstruction.depth_estimator import opening_depth
from wm_gym.reconstruction.estimates import DepthEstimator, DepthQuery
from wm_gym.reconstruction.joined_depth import believable, enlarged, joined, without_contradicted
from wm_gym.reconstruction.multiview import PosedPictures, stereo_depth
from wm_gym.reconstruction.odometry import RgbdFrame
from wm_gym.reconstruction.tracks import find_tracks, has_colmap

_FIRST_ROWS, _ROWS = 48, 96
_SKY_METRES = 70.0
_GAPS = (1, 3)


@dataclass(frozen=True, eq=False)
class FilmDepth:
    """T pictures of a film, as far as its way could be followed.

    Attributes:
        depth: (T, H, W) float32 metres, 0 unknown.
        moving: (T, H, W) bool.
        world_from_camera: (T, 4, 4) float64; the first is level, at a body's height.
        path: How the way was found.
        scale: Of what the estimator gives.
        sure: (T, H, W) bool, where other pictures confirm the depth.
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        rescaled: Times that poses and depth were since made larger.
    """

    depth: np.ndarray
    moving: np.ndarray
    world_from_camera: np.ndarray
    path: PosedPath
    scale: DepthScale
    sure: np.ndarray
    intrinsics: np.ndarray
    rescaled: float = 1.0

    def scaled(self, times: float) -> FilmDepth:
        """The same, larger about the first camera."""
        poses = self.world_from_camera.copy()
        poses[:, :3, 3] = poses[0, :3, 3] + times * (poses[:, :3, 3] - poses[0, :3, 3])
        depth = np.where(self.depth < FAR_METRES, np.minimum(times * self.depth, FAR_METRES), self.depth)
        return replace(self, world_from_camera=poses, depth=depth.astype(np.float32), rescaled=times * self.rescaled)


def reconstructed(frames: np.ndarray, intrinsics: np.ndarray, estimator: DepthEstimator) -> FilmDepth | int:
    """Poses and depth of pictures that follow each other, or the number of the one at which the way is lost.

    Args:
        frames: (T, H, W, 3) uint8.
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        estimator: Of depth.

    Raises:
        ValueError: If the estimator gives no metres, and the first picture shows too little floor.
        ImportError: If neither `pycolmap` nor Open3D is installed.
    """
    query = DepthQuery.of_level(torch.from_numpy(frames), torch.from_numpy(intrinsics).float())
    _, scale = opening_depth(estimator, _only(query, 0))
    bar = progress_bar(range(len(frames)), desc="estimating depth", unit="picture")
    told = _Told.joined([_told(_only(query, k), estimator, scale) for k in bar])
    tracks = find_tracks(list(frames), intrinsics) if has_colmap() else None
    path = find_path(_still(frames, told), intrinsics, tracks)
    if not isinstance(path, PosedPath):
        return path
    if estimator.takes_known:
        better = _tilted(query, path, estimator, scale)
        again = find_path(_still(frames, better), intrinsics, tracks)
        if isinstance(again, PosedPath) and len(again.first_from_camera) >= len(path.first_from_camera):
            path, told = again, better
    count = len(path.first_from_camera)
    frames, told = frames[:count], _Told(told.depth[:count], told.moving[:count])
    poses = _poses(path)
    if estimator.takes_known:
        depth, sure = _by_parallax(frames, poses, intrinsics, told, _FIRST_ROWS)
        known = torch.from_numpy(np.where(sure, depth, np.float32(0)))
        posed = replace(query, frames=query.frames[:count], world_from_camera=torch.from_numpy(poses).float(),
                        known_depth=known, follows=True, gaps=_GAPS)  # fmt: skip
        told = _told(posed, estimator, scale)
    depth, sure = _by_parallax(frames, poses, intrinsics, told, _ROWS)
    return FilmDepth(depth, told.moving, poses, path, scale, sure, intrinsics)


def _poses(path: PosedPath) -> np.ndarray:
    """(T, 4, 4) world_from_camera of a way that begins where worlds open."""
    return camera_pose(START_BODY_POSE) @ np.stack(path.first_from_camera)


def _tilted(query: DepthQuery, path: PosedPath, estimator: DepthEstimator, scale: DepthScale) -> _Told:
    """What is told of each picture alone, now that it is known how each was tilted."""
    poses = _poses(path)
    poses[:, :3, 3] = poses[0, :3, 3]  # at one height: only the tilt is believed
    tilted = replace(query, world_from_camera=query.world_from_camera.clone())
    tilted.world_from_camera[: len(poses)] = torch.from_numpy(poses).float()
    return _Told.joined([_told(_only(tilted, k), estimator, scale) for k in range(len(query.frames))])


@dataclass(frozen=True, eq=False)
class _Told:
    """Depth (T, H, W) in metres that an estimator tells, and what moves."""

    depth: np.ndarray
    moving: np.ndarray

    @classmethod
    def joined(cls, parts: list[_Told]) -> _Told:
        return cls(np.concatenate([one.depth for one in parts]), np.concatenate([one.moving for one in parts]))


def _only(query: DepthQuery, k: int) -> DepthQuery:
    return replace(query, frames=query.frames[k : k + 1], world_from_camera=query.world_from_camera[k : k + 1])


def _told(query: DepthQuery, estimator: DepthEstimator, scale: DepthScale) -> _Told:
    given = estimator.estimate(query)
    depth = scale.metres(given.depth).numpy().astype(np.float32)
    return _Told(depth, np.zeros(depth.shape, bool) if given.moving is None else given.moving.numpy() > 0)


def _still(frames: np.ndarray, told: _Told) -> list[RgbdFrame]:
    """Pictures in which the sky and what moves are unknown."""
    still = np.where(told.moving | (told.depth >= FAR_METRES), np.float32(0), told.depth)
    return [RgbdFrame(*one) for one in zip(frames, still, strict=True)]


def _by_parallax(
    frames: np.ndarray, poses: np.ndarray, intrinsics: np.ndarray, told: _Told, rows_at: int
) -> tuple[np.ndarray, np.ndarray]:
    """Depth (T, H, W) by parallax, filled by what is told, and the mask of where other pictures confirm it.

    Pictures are reduced to about `rows_at` rows for it.
    """
    factor = max(1, round(frames.shape[1] / rows_at))
    small = _block_means(frames, factor)
    middle = slice(factor // 2, None, factor)
    rows, columns = small.shape[1:3]
    near, still = (
        np.ascontiguousarray(one[:, middle, middle][:, :rows, :columns]) for one in (told.depth, ~told.moving)
    )
    pictures = PosedPictures(
        np.ascontiguousarray(small.mean(-1)), poses, intrinsics / factor, np.where(still, near, np.float32(0))
    )
    depth, sure = stereo_depth(pictures, title="depth by parallax")
    sure &= still
    filled = np.stack([joined(*one) for one in zip(near, depth, sure, strict=True)])
    kept = believable(pictures.greys, filled, sure)
    filled = np.where(kept, without_contradicted(pictures, filled, sure), np.float32(0))
    filled[filled > _SKY_METRES] = FAR_METRES
    large = np.stack([enlarged(one, *of) for one, *of in zip(filled, small, frames, strict=True)])
    height, width = frames.shape[1:3]
    y, x = (np.arange(size) // factor for size in (height, width))
    return large, sure[:, y.clip(0, rows - 1)][:, :, x.clip(0, columns - 1)]


def _block_means(frames: np.ndarray, factor: int) -> np.ndarray:
    """(T, H / factor, W / factor, 3) float32 means of blocks."""
    count, height, width = frames.shape[:3]
    rows, columns = height // factor, width // factor
    cut = frames[:, : rows * factor, : columns * factor].reshape(count, rows, factor, columns, factor, 3)
    return cut.mean((2, 4), dtype=np.float32)
