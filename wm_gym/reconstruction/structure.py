"""The way of a camera by the points that its pictures share, with estimated depth to begin at. Knows nothing of films.

Each picture is placed by the points of those before it at their estimated depth (PnP); then poses and depths are
adjusted together, at first close to what was estimated, at last by parallax alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wm_gym.reconstruction.bundle import Bundle, Lens, Observations, adjusted, depth_errors, pixel_errors
from wm_gym.reconstruction.sameness import Rgbd
from wm_gym.reconstruction.tracks import Tracks, find_tracks, pycolmap_of

_LEAST_POINTS, _LEAST_PICTURES = 12, 3
_TRUSTED, _FREE, _SLACK = 0.25, 3.0, 20.0
_MOST_PIXELS, _LAST_PIXELS = 8.0, 2.0
_TOGETHER, _STEPS = 6, 8


def camera_path(frames: Sequence[Rgbd], intrinsics: np.ndarray, tracks: Tracks | None = None) -> list[np.ndarray]:
    """(4, 4) pose of each camera in the first one's frame, metres, up to the first picture that cannot be placed.

    Args:
        frames: Pictures with their estimated depth; what moves is unknown.
        intrinsics: (4,) fx, fy, cx, cy in pixels, with pixel centres at +0.5.
        tracks: Points that the pictures share, where they are found already.

    Raises:
        ImportError: If `pycolmap` is not installed.
    """
    seen = _observations(tracks or find_tracks([frame.colour for frame in frames], intrinsics), frames)
    bundle, count = _placed(seen, len(frames), intrinsics)
    if count < _LEAST_PICTURES:
        return []
    bundle, seen, _ = _part(bundle, seen, count)
    trusted = Lens.of(intrinsics, _TRUSTED)
    for most in (_MOST_PIXELS, _LAST_PIXELS):
        bundle = adjusted(bundle, seen, trusted)
        seen = seen.of(pixel_errors(bundle, seen, trusted) < most)
    off = depth_errors(bundle, seen)
    spread = float(np.median(np.abs(off - np.median(off))))
    free = Lens.of(intrinsics, float(np.clip(_SLACK * spread, _TRUSTED, _FREE)))  # errors of neighbours are alike
    for _ in range(2):
        bundle = adjusted(bundle, seen, free)
        seen = seen.of(pixel_errors(bundle, seen, free) < _LAST_PIXELS)
    bundle.poses[:, :3, 3] *= np.exp(float(np.median(depth_errors(bundle, seen))))  # parallax alone knows no metres
    return list(bundle.poses)


def _observations(tracks: Tracks, frames: Sequence[Rgbd]) -> Observations:
    """Sightings, ordered by point and picture, with the depth that is estimated there; not of what is unknown."""
    depth = np.stack([frame.depth for frame in frames])
    columns, rows = tracks.pixel.astype(int).T
    told = depth[tracks.picture, rows.clip(0, depth.shape[1] - 1), columns.clip(0, depth.shape[2] - 1)]
    order = np.lexsort([tracks.picture, tracks.point])
    order = order[told[order] > 0]
    point, picture, pixel = (one[order] for one in (tracks.point, tracks.picture, tracks.pixel))
    _, number, count = np.unique(point, return_inverse=True, return_counts=True)
    seen = Observations(number, picture, pixel.astype(np.float64), np.log(told[order].astype(np.float64)))
    return _renumbered(seen.of(count[number] > 1))


def _renumbered(seen: Observations) -> Observations:
    return replace(seen, point=np.unique(seen.point, return_inverse=True)[1])


def _placed(seen: Observations, count: int, intrinsics: np.ndarray) -> tuple[Bundle, int]:
    """Pictures placed one after another by points that earlier ones show; and how many could be."""
    colmap = pycolmap_of()
    width, height = (2 * intrinsics[2:]).round().astype(int).tolist()
    lens = colmap.Camera(model="PINHOLE", width=width, height=height, params=intrinsics)
    options = colmap.AbsolutePoseEstimationOptions()
    options.ransac.max_error, options.ransac.random_seed = _MOST_PIXELS, 0
    points = int(seen.point.max(initial=-1)) + 1
    bundle = Bundle(np.tile(np.eye(4), (count, 1, 1)), np.full((points, 3), np.nan))
    _add_points(bundle, seen, 0, intrinsics)
    for k in range(1, count):
        here = np.flatnonzero(seen.picture == k)
        here = here[~np.isnan(bundle.points[seen.point[here], 0])]
        if len(here) < _LEAST_POINTS:
            return bundle, k
        found = colmap.estimate_and_refine_absolute_pose(
            seen.pixel[here], bundle.points[seen.point[here]], lens, options
        )
        if found is None or found["num_inliers"] < _LEAST_POINTS:
            return bundle, k
        bundle.poses[k, :3] = found["cam_from_world"].inverse().matrix()
        _add_points(bundle, seen, k, intrinsics)
        if k % _TOGETHER == 0:
            bundle = _adjusted_so_far(bundle, seen, k + 1, intrinsics)
    return bundle, count


def _add_points(bundle: Bundle, seen: Observations, picture: int, intrinsics: np.ndarray) -> None:
    """Put the points that a picture is the first to show where its estimated depth has them."""
    here = np.flatnonzero(seen.picture == picture)
    here = here[np.isnan(bundle.points[seen.point[here], 0])]
    rays = np.concatenate([(seen.pixel[here] - intrinsics[2:]) / intrinsics[:2], np.ones((len(here), 1))], 1)
    pose = bundle.poses[picture]
    bundle.points[seen.point[here]] = (rays * np.exp(seen.told[here])[:, None]) @ pose[:3, :3].T + pose[:3, 3]


def _part(bundle: Bundle, seen: Observations, count: int) -> tuple[Bundle, Observations, np.ndarray]:
    """The first `count` pictures, the points that two of them show, and the numbers that these had."""
    near = seen.of(seen.picture < count)
    often = np.bincount(near.point, minlength=len(bundle.points)) > 1
    near = near.of(often[near.point])
    shown = np.unique(near.point)
    return Bundle(bundle.poses[:count], bundle.points[shown]), _renumbered(near), shown


def _adjusted_so_far(bundle: Bundle, seen: Observations, count: int, intrinsics: np.ndarray) -> Bundle:
    part, near, shown = _part(bundle, seen, count)
    solved = adjusted(part, near, Lens.of(intrinsics, _TRUSTED), times=_STEPS)
    poses, points = bundle.poses.copy(), bundle.points.copy()
    poses[:count], points[shown] = solved.poses, solved.points
    return Bundle(poses, points)
