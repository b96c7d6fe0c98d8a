"""Depth of posed pictures by what other pictures show of the same: multi-view stereo, held by estimated depth.

Sources: Collins 1996, "A space-sweep approach to true multi-image matching"; Hirschmueller 2008, "Stereo processing by
semiglobal matching"; Schoenberger et al. 2016, "Pixelwise view selection", section 4 (views by angle and overlap).
Knows nothing of who estimated depth, nor of how poses were found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wm_gym.progress import progress_bar
from wm_gym.reconstruction.stereo_kernels import aggregate, cheapest_planes, smooth_places, sweep_costs

_VIEWS, _LEAST_VIEWS = 6, 2
_BEST_DEGREES, _NARROW_DEGREES, _WIDE_DEGREES = 8.0, 4.0, 12.0
_LEAST_OVERLAP = 0.4
_NEAREST_METRES, _NEAR_SHARE = 0.4, 0.6
_PLANES, _PIXELS_A_PLANE = (48, 128), 1.0
_RADIUS = 2
_SMOOTH_PIXELS, _SMOOTH_PLANES = 3, 1.5
_SMALL_JUMP, _LARGE_JUMP = 0.03, 0.35
_HELD, _HELD_LOG = 0.06, 0.5
_FARTHEST_METRES = 100.0
_SAME_DEPTH, _SAME_PIXELS = 0.03, 1.0
_CONFIRMED = 2


@dataclass(frozen=True, eq=False)
class PosedPictures:
    """T pictures of one lens.

    Attributes:
        greys: (T, H, W) float32, 0..255.
        world_from_camera: (T, 4, 4) float64, metres.
        intrinsics: (4,) fx, fy, cx, cy in pixels, with pixel centres at +0.5.
        told: (T, H, W) float32 metres that are estimated, 0 where they are not.
    """

    greys: np.ndarray
    world_from_camera: np.ndarray
    intrinsics: np.ndarray
    told: np.ndarray

    def other_from(self, picture: int, other: int) -> np.ndarray:
        """(4, 4) from the camera of a picture to that of another."""
        return np.linalg.inv(self.world_from_camera[other]) @ self.world_from_camera[picture]


def stereo_depth(pictures: PosedPictures, *, title: str = "stereo") -> tuple[np.ndarray, np.ndarray]:
    """Depth (T, H, W) float32 metres by parallax, 0 where there is none, and the mask of what other pictures confirm.

    Args:
        pictures: At least two.
        title: Of the progress bar.
    """
    count = len(pictures.greys)
    views = [near_views(pictures, picture) for picture in range(count)]
    bar = progress_bar(range(count), desc=title, unit="picture")
    depth = np.stack([_swept(pictures, picture, views[picture]) for picture in bar])
    sure = np.stack([_confirmed(pictures, depth, picture, views[picture]) for picture in range(count)])
    return depth, sure


def near_views(pictures: PosedPictures, picture: int) -> list[int]:
    """Pictures that show what a picture shows from elsewhere: at a fair angle, and much of it."""
    scores = {other: _score(pictures, picture, other) for other in range(len(pictures.greys)) if other != picture}
    best = sorted(scores, key=lambda other: -scores[other])[:_VIEWS]
    return [other for other in best if scores[other] > 0.02]


def _score(pictures: PosedPictures, picture: int, other: int) -> float:
    """Share of a picture that another one shows, times how well its angle suits."""
    told = pictures.told[picture][8::16, 8::16]
    rows, columns = np.nonzero(told > 0)
    z = told[rows, columns].astype(np.float64)
    fx, fy, cx, cy = pictures.intrinsics
    points = np.stack([(16 * columns + 8.5 - cx) / fx * z, (16 * rows + 8.5 - cy) / fy * z, z], 1)
    moved = pictures.other_from(picture, other)
    there = points @ moved[:3, :3].T + moved[:3, 3]
    deep = np.maximum(there[:, 2], 1e-3)
    u, v = fx * there[:, 0] / deep + cx, fy * there[:, 1] / deep + cy
    height, width = pictures.greys.shape[1:]
    inside = (there[:, 2] > 0.1) & (u > 0) & (u < width) & (v > 0) & (v < height)
    if inside.mean() < _LEAST_OVERLAP if len(inside) else True:
        return 0.0
    back = -moved[:3, :3].T @ moved[:3, 3]  # the other camera, in this one's frame
    one, two = points[inside], points[inside] - back
    cosine = (one * two).sum(1) / np.maximum(np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1), 1e-9)
    degrees = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    spread = np.where(degrees < _BEST_DEGREES, _NARROW_DEGREES, _WIDE_DEGREES)
    return float(inside.mean() * np.exp(-((degrees - _BEST_DEGREES) ** 2) / (2 * spread**2)).mean())


def _swept(pictures: PosedPictures, picture: int, views: Sequence[int]) -> np.ndarray:
    told = pictures.told[picture]
    if len(views) < _LEAST_VIEWS:
        return np.zeros_like(told)
    moved = [pictures.other_from(picture, other) for other in views]
    planes = _inverse_depths(told, moved, pictures.intrinsics)
    fx, fy, cx, cy = pictures.intrinsics
    lens = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
    turned = np.stack([lens @ one[:3, :3] @ np.linalg.inv(lens) for one in moved]).astype(np.float32)
    shifts = np.stack([lens @ one[:3, 3] for one in moved]).astype(np.float32)
    grey = pictures.greys[picture]
    costs = np.empty((*grey.shape, len(planes)), np.float32)
    sweep_costs(grey, pictures.greys[list(views)], turned, shifts, planes, _RADIUS, costs)
    nowhere = costs.min(-1) > 1.5
    costs += _held(told, planes)
    np.minimum(costs, 1.0, out=costs)
    totals = np.empty_like(costs)
    aggregate(costs, grey, np.float32(_SMALL_JUMP), np.float32(_LARGE_JUMP), totals)
    place, margin = np.empty_like(grey), np.empty_like(grey)
    cheapest_planes(totals, 3, place, margin)
    smooth = np.empty_like(place)
    smooth_places(place, _SMOOTH_PIXELS, np.float32(_SMOOTH_PLANES), smooth)
    inverse = np.interp(smooth, np.arange(len(planes)), planes)
    depth = 1.0 / np.maximum(inverse, 1.0 / _FARTHEST_METRES)
    return np.where(nowhere, 0.0, depth).astype(np.float32)


def _inverse_depths(told: np.ndarray, moved: Sequence[np.ndarray], intrinsics: np.ndarray) -> np.ndarray:
    """(D,) float32 planes from infinity to nearer than what is estimated, about a pixel of parallax apart."""
    known = told[told > 0]
    nearest = max(_NEAREST_METRES, _NEAR_SHARE * float(np.percentile(known, 2)) if len(known) else 1.0)
    across = max(float(np.linalg.norm(one[:3, 3])) for one in moved)
    count = int(np.clip(across * intrinsics[0] / nearest / _PIXELS_A_PLANE, *_PLANES))
    return np.linspace(0.0, 1.0 / nearest, count, dtype=np.float32)


def _held(told: np.ndarray, planes: np.ndarray) -> np.ndarray:
    """(H, W, D) costs of being off from what is estimated, which decide where colours say nothing."""
    metres = np.log(np.maximum(planes, 1.0 / _FARTHEST_METRES))
    off = np.abs(metres + np.log(np.maximum(told, 1e-3))[..., None]) / _HELD_LOG
    return np.where(told[..., None] > 0, _HELD * np.minimum(off, 1.0), 0.0).astype(np.float32)


def _confirmed(pictures: PosedPictures, depth: np.ndarray, picture: int, views: Sequence[int]) -> np.ndarray:
    """(H, W) whether enough others have a pixel's point at the same depth, and lead back to the pixel."""
    own = depth[picture]
    found = np.zeros(own.shape, int)
    for other in views:
        seen_there, off = looked_up(pictures, depth[other], own, picture, other)
        found += (seen_there > 0) & (np.abs(off) < _SAME_DEPTH)
    return (own > 0) & (found >= _CONFIRMED)


def looked_up(
    pictures: PosedPictures, there: np.ndarray, own: np.ndarray, picture: int, other: int
) -> tuple[np.ndarray, np.ndarray]:
    """Depth (H, W) that another picture has where the points of a picture lie, 0 for none, and its log ratio to theirs.

    Args:
        pictures: All of them.
        there: (H, W) depth of the other picture.
        own: (H, W) depth of the picture.
        picture: Number of the picture.
        other: Number of the other one.
    """
    height, width = own.shape
    fx, fy, cx, cy = pictures.intrinsics
    v, u = np.mgrid[:height, :width] + 0.5
    points = np.stack([(u - cx) / fx * own, (v - cy) / fy * own, own], -1)
    moved = pictures.other_from(picture, other)
    at = points @ moved[:3, :3].T + moved[:3, 3]
    z = np.maximum(at[..., 2], 1e-3)
    columns, rows = np.floor(fx * at[..., 0] / z + cx), np.floor(fy * at[..., 1] / z + cy)
    inside = (at[..., 2] > 0.05) & (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height) & (own > 0)
    found = there[rows.clip(0, height - 1).astype(int), columns.clip(0, width - 1).astype(int)]
    found = np.where(inside, found, 0.0)
    return found, np.where(found > 0, np.log(np.maximum(found, 1e-3) / z), 0.0)
