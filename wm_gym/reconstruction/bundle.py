"""Poses of a camera and points such that each point lies where the pictures that show it have it.

Source: Triggs et al. 2000, "Bundle adjustment: a modern synthesis" (Levenberg-Marquardt, points eliminated). Estimated
depth holds what parallax does not tell: that keeps panning from being taken for walking round, and the scale from
collapsing. Cameras are taken to be held about as high as the first one and with as little roll, if not for good.
Knows nothing of pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_PIXELS = 0.7
_TIMES, _ENOUGH = 40, 3e-5
_NEAREST = 1e-2
_RISE_METRES, _ROLL = 0.1, 0.03


@dataclass(frozen=True, eq=False)
class Observations:
    """N sightings of points, ordered by point.

    Attributes:
        point: (N,) number of the point.
        picture: (N,) number of the picture.
        pixel: (N, 2) where it shows the point, pixels with centres at +0.5.
        told: (N,) log of the depth estimated there; NaN where none is.
    """

    point: np.ndarray
    picture: np.ndarray
    pixel: np.ndarray
    told: np.ndarray

    def of(self, kept: np.ndarray) -> Observations:
        """Some of the sightings."""
        return Observations(self.point[kept], self.picture[kept], self.pixel[kept], self.told[kept])


@dataclass(frozen=True, eq=False)
class Bundle:
    """A solution.

    Attributes:
        poses: (T, 4, 4) world_from_camera.
        points: (P, 3) in the world.
    """

    poses: np.ndarray
    points: np.ndarray


@dataclass(frozen=True)
class Lens:
    """A pinhole, and how far estimated depth is expected to be off.

    Attributes:
        focal: fx, fy in pixels.
        centre: cx, cy in pixels.
        depth_share: Share of depth; large for next to no trust in what is estimated.
    """

    focal: np.ndarray
    centre: np.ndarray
    depth_share: float

    @classmethod
    def of(cls, intrinsics: np.ndarray, depth_share: float = 1.0) -> Lens:
        """Of (4,) fx, fy, cx, cy."""
        return cls(intrinsics[:2], intrinsics[2:], depth_share)


def pixel_errors(bundle: Bundle, seen: Observations, lens: Lens) -> np.ndarray:
    """(N,) pixels between where a point lies and where it was seen; infinite behind the camera."""
    here = _in_camera(bundle, seen)
    off = np.linalg.norm(_pixels(here, lens) - seen.pixel, axis=1)
    return np.where(here[:, 2] > _NEAREST, off, np.inf)


def depth_errors(bundle: Bundle, seen: Observations) -> np.ndarray:
    """(N,) log of the depth that was estimated over that of the point."""
    return seen.told - np.log(np.maximum(_in_camera(bundle, seen)[:, 2], _NEAREST))


def adjusted(bundle: Bundle, seen: Observations, lens: Lens, *, times: int = _TIMES) -> Bundle:
    """The bundle of least error; the first pose stays. Sightings that do not fit weigh little (Cauchy).

    Args:
        bundle: Where to begin.
        seen: Sightings.
        lens: Of all pictures.
        times: Most steps.
    """
    damping, pairs = 1e-3, _pairs_of(seen.point)
    cost = _cost(bundle, seen, lens)
    for _ in range(times):
        step = _Step.of(bundle, seen, lens)
        while damping < 1e6:
            moved = step.taken(bundle, seen, pairs, damping)
            new = _cost(moved, seen, lens)
            if new < cost:
                break
            damping *= 5
        else:
            return bundle
        is_done = cost - new < _ENOUGH * cost
        bundle, cost, damping = moved, new, max(damping / 5, 1e-8)
        if is_done:
            break
    return bundle


def _in_camera(bundle: Bundle, seen: Observations) -> np.ndarray:
    """(N, 3) points in the cameras that see them."""
    pose = bundle.poses[seen.picture]
    return np.einsum("nji,nj->ni", pose[:, :3, :3], bundle.points[seen.point] - pose[:, :3, 3])


def _pixels(here: np.ndarray, lens: Lens) -> np.ndarray:
    return here[:, :2] / np.maximum(here[:, 2:], _NEAREST) * lens.focal + lens.centre


def _residuals(bundle: Bundle, seen: Observations, lens: Lens) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3) errors in pixels and in shares of depth, each over what is expected, and the points in the cameras."""
    here = _in_camera(bundle, seen)
    off = np.empty((len(here), 3))
    off[:, :2] = (_pixels(here, lens) - seen.pixel) / _PIXELS
    depth = np.log(np.maximum(here[:, 2], _NEAREST)) - seen.told
    off[:, 2] = np.where(np.isnan(seen.told), 0.0, depth) / lens.depth_share
    return off, here


def _cost(bundle: Bundle, seen: Observations, lens: Lens) -> float:
    off, _ = _residuals(bundle, seen, lens)
    held, _ = _held(bundle)
    return float(np.log1p((off[:, :2] ** 2).sum(1)).sum() + np.log1p(off[:, 2] ** 2).sum() + np.log1p(held**2).sum())


def _held(bundle: Bundle) -> tuple[np.ndarray, np.ndarray]:
    """(T, 2) how far cameras are below the first one and rolled, over what is expected, and (T, 2, 6) their slopes."""
    turn, slopes = bundle.poses[:, :3, :3], np.zeros((len(bundle.poses), 2, 6))
    off = np.stack([bundle.poses[:, 1, 3] / _RISE_METRES, turn[:, 1, 0] / _ROLL], 1)
    slopes[:, 0, 4] = 1 / _RISE_METRES
    slopes[:, 1, 1], slopes[:, 1, 2] = -turn[:, 1, 2] / _ROLL, turn[:, 1, 1] / _ROLL
    return off, slopes


@dataclass(frozen=True, eq=False)
class _Step:
    """Normal equations: blocks (N, 6, 3) between poses and points, (T, 6, 6) of poses, (P, 3, 3) of points."""

    of_poses: np.ndarray
    mixed: np.ndarray
    of_points: np.ndarray
    right_poses: np.ndarray
    right_points: np.ndarray

    @classmethod
    def of(cls, bundle: Bundle, seen: Observations, lens: Lens) -> _Step:
        off, here = _residuals(bundle, seen, lens)
        weight = np.empty_like(off)
        weight[:, :2] = 1.0 / (1.0 + (off[:, :2] ** 2).sum(1, keepdims=True))
        weight[:, 2] = np.where(np.isnan(seen.told), 0.0, 1.0 / (1.0 + off[:, 2] ** 2))
        by_pose, by_point = _slopes(bundle, seen, lens, here)
        held = by_pose * weight[..., None], by_point * weight[..., None]
        of_poses, right_poses = np.zeros((len(bundle.poses), 6, 6)), np.zeros((len(bundle.poses), 6))
        of_points, right_points = np.zeros((len(bundle.points), 3, 3)), np.zeros((len(bundle.points), 3))
        rise, by_rise = _held(bundle)
        of_poses += np.einsum("tk,tki,tkj->tij", 1 / (1 + rise**2), by_rise, by_rise)
        right_poses -= np.einsum("tk,tki,tk->ti", 1 / (1 + rise**2), by_rise, rise)
        np.add.at(of_poses, seen.picture, np.einsum("nki,nkj->nij", held[0], by_pose))
        np.add.at(of_points, seen.point, np.einsum("nki,nkj->nij", held[1], by_point))
        np.add.at(right_poses, seen.picture, -np.einsum("nki,nk->ni", held[0], off))
        np.add.at(right_points, seen.point, -np.einsum("nki,nk->ni", held[1], off))
        return cls(of_poses, np.einsum("nki,nkj->nij", held[0], by_point), of_points, right_poses, right_points)

    def taken(self, bundle: Bundle, seen: Observations, pairs: tuple[np.ndarray, np.ndarray], damping: float) -> Bundle:
        """The bundle after a damped step: poses first, with the points eliminated (Schur), then the points."""
        count, (one, other) = len(self.of_poses), pairs
        of_points = self.of_points + damping * np.einsum("pii->pi", self.of_points)[..., None] * np.eye(3)
        back = np.linalg.inv(of_points + 1e-9 * np.eye(3))
        shared = self.mixed @ back[seen.point]
        matrix = np.zeros((count, count, 6, 6))
        np.add.at(matrix, (seen.picture[one], seen.picture[other]), -shared[one] @ self.mixed[other].transpose(0, 2, 1))
        rows = np.arange(count)
        matrix[rows, rows] += self.of_poses + damping * np.einsum("tii->ti", self.of_poses)[..., None] * np.eye(6)
        right = self.right_poses.copy()
        np.add.at(right, seen.picture, -np.einsum("nij,nj->ni", shared, self.right_points[seen.point]))
        square = matrix.transpose(0, 2, 1, 3).reshape(6 * count, 6 * count)[6:, 6:]
        moves = np.zeros((count, 6))
        moves[1:] = np.linalg.solve(square + 1e-6 * np.eye(len(square)), right.ravel()[6:]).reshape(-1, 6)
        by_points = self.right_points.copy()
        np.add.at(by_points, seen.point, -np.einsum("nji,nj->ni", self.mixed, moves[seen.picture]))
        poses = bundle.poses.copy()
        poses[:, :3, :3] = poses[:, :3, :3] @ _turns(moves[:, :3])
        poses[:, :3, 3] += moves[:, 3:]
        return Bundle(poses, bundle.points + np.einsum("pij,pj->pi", back, by_points))


def _slopes(bundle: Bundle, seen: Observations, lens: Lens, here: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How residuals change with the pose (turn, then position), (N, 3, 6), and with the point, (N, 3, 3)."""
    back = bundle.poses[seen.picture, :3, :3].transpose(0, 2, 1)
    z = np.maximum(here[:, 2], _NEAREST)
    by_here = np.zeros((len(z), 3, 3))
    for axis in range(2):
        by_here[:, axis, axis] = lens.focal[axis] / z / _PIXELS
        by_here[:, axis, 2] = -lens.focal[axis] * here[:, axis] / z**2 / _PIXELS
    by_here[:, 2, 2] = np.where(np.isnan(seen.told), 0.0, 1.0 / (z * lens.depth_share))
    by_point = by_here @ back
    return np.concatenate([by_here @ _cross(here), -by_point], 2), by_point


def _pairs_of(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of sightings of the same point, each with itself too; `point` is sorted."""
    _, start, count = np.unique(point, return_index=True, return_counts=True)
    lengths = np.repeat(count, count)
    one = np.repeat(np.arange(len(point)), lengths)
    within = np.arange(len(one)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return one, np.repeat(np.repeat(start, count), lengths) + within


def _cross(vectors: np.ndarray) -> np.ndarray:
    """(N, 3, 3) matrices of the cross product with (N, 3) vectors."""
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).reshape(-1, 3, 3)


def _turns(vectors: np.ndarray) -> np.ndarray:
    """(N, 3, 3) turns about (N, 3) vectors by their lengths in radians (Rodrigues)."""
    angle = np.maximum(np.linalg.norm(vectors, axis=1), 1e-12)[:, None, None]
    axis = _cross(vectors) / angle
    return np.eye(3) + np.sin(angle) * axis + (1 - np.cos(angle)) * axis @ axis
