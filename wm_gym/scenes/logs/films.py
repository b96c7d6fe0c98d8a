"""Films of one camera as logs: pictures, their depth, what moves in them, and the way of the camera.

The camera of the first picture is taken to be level, at a body's height over the floor that is walked over, by which
the scale is found. Knows nothing of how depth and ways are estimated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from PIL import Image
from scipy.spatial import KDTree

from wm_gym.geometry.cameras import intrinsics_from_fov, resize_intrinsics
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import OPENING_EYE_METRES
from wm_gym.reconstruction.estimates import DepthEstimator
from wm_gym.reconstruction.film_depth import FilmDepth, reconstructed
from wm_gym.scenes.keyframe_scale import FINER
from wm_gym.scenes.logs.candidates import sharpness_of
from wm_gym.scenes.logs.convert import LogConfig, captured, target_lens
from wm_gym.scenes.logs.lenses import Lens
from wm_gym.scenes.logs.posed_log import LogFrame, PosedLog
from wm_gym.world_model import Opening

FILM_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")
PICTURES_PER_SECOND = 6.0
MOST_PICTURES = 240
OPENING_KEYFRAMES = 24
_LARGEST_ROWS = 480
_LEAST_PARALLAX = 0.03
_FLOOR_ROWS, _MOST_SCALE = 48, 2.5
_REACHES = ((1.5, 0.4), (6.0, 0.3))  # metres to a side, and the share that may lie under a floor
_LEAST_HEIGHT, _SAME_HEIGHT, _LEAST_FLOOR = 0.4, 1.06, 100


@dataclass(frozen=True, eq=False)
class _Picture:
    """One picture of a film: seconds from its start and colours (H, W, 3) uint8."""

    seconds: float
    colour: np.ndarray


def convert_film(
    path: str | Path, estimator: DepthEstimator, config: LogConfig, *, height: int, width: int, keyframes: int
) -> tuple[Opening, dict[str, Any]]:
    """The opening of a film, and a report of what was kept of it and why.

    Args:
        path: Of the film.
        estimator: Of its depth.
        config: Its lens.
        height: Rows of a key frame.
        width: Columns of a key frame.
        keyframes: Most key frames.

    Raises:
        ValueError: If the film cannot be read whole, is too short, has a cut, or its camera does not move through the
            place.
        ImportError: If neither `pycolmap` nor Open3D is installed.
    """
    path = Path(path)
    pictures = read_pictures(path)
    rows, columns = pictures[0].colour.shape[:2]
    fov = intrinsics_from_fov(config.fov_degrees, rows, columns)
    lens = Lens.of(rows, columns, config.intrinsics or [float(one) for one in fov])
    target = target_lens(lens, height, width, own_size=config.own_size)
    found = _reconstructed(pictures, estimator, lens)
    names = [Path(f"{picture.seconds:.2f} s") for picture in pictures]
    placed, lost = names[: len(found.depth)], names[len(found.depth) :]
    _check_parallax(found)
    posed = zip(placed, found.world_from_camera, strict=True)
    frames = tuple(LogFrame(name, name, pose, lens) for name, pose in posed)
    rows = {name: row for row, name in enumerate(placed)}
    left_out = {"after the way was lost": [name.name for name in lost]} if lost else {}
    log = PosedLog("film", path, frames, 1.0, left_out, _notes(found))

    def read(frame: LogFrame) -> tuple[np.ndarray, np.ndarray]:
        return pictures[rows[frame.colour]].colour, found.depth[rows[frame.colour]]

    def moving(frame: LogFrame) -> np.ndarray:
        return found.moving[rows[frame.colour]]

    return captured(log, read, target, config, keyframes, moving)


def open_film(path: str | Path, estimator: DepthEstimator, height: int, width: int, finer: int = FINER) -> Opening:
    """The opening of a world that begins with a film, for frames of a size; errors as `convert_film`.

    Args:
        path: Of the film.
        estimator: Of its depth.
        height: Rows of a frame.
        width: Columns of a frame.
        finer: Largest keyframe scale.
    """
    rows, columns = read_pictures(Path(path))[0].colour.shape[:2]
    scale = max(1, min(finer, rows // height, columns // width))
    sizes = {"height": scale * height, "width": scale * width, "keyframes": OPENING_KEYFRAMES}
    opening, _ = convert_film(path, estimator, LogConfig(), **sizes)
    return replace(opening, intrinsics=resize_intrinsics(opening.intrinsics, 1 / scale, 1 / scale))


def read_pictures(path: Path) -> list[_Picture]:
    """The sharpest picture of each sixth of a second of a film, no larger than 480 rows.

    Raises:
        ValueError: If it cannot be read whole, or has too few pictures.
    """
    kept: dict[int, tuple[float, _Picture]] = {}
    try:
        for picture in _decoded(path):
            slot, sharpness = int(picture.seconds * PICTURES_PER_SECOND + 1e-3), sharpness_of(picture.colour)
            if slot not in kept or sharpness > kept[slot][0]:
                kept[slot] = (sharpness, picture)
            if len(kept) > MOST_PICTURES:
                raise ValueError(
                    f"a film must last at most {MOST_PICTURES / PICTURES_PER_SECOND:g} s, got more: {path}"
                )
    except (OSError, av.error.FFmpegError) as error:
        reason = (error.strerror or "its end too early").lower()
        raise ValueError(f"{path} must be a film that can be read whole, got {reason}") from error
    pictures = [picture for _, picture in kept.values()]
    if len(pictures) < 3:
        raise ValueError(
            f"a film must last at least {3 / PICTURES_PER_SECOND:g} s, got {len(pictures)} pictures of {path}"
        )
    return pictures


def _decoded(path: Path) -> Iterator[_Picture]:
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise ValueError(f"{path} must be a film, got a file without pictures")
        start = None
        for frame in container.decode(video=0):
            start = (frame.time or 0.0) if start is None else start
            image = frame.to_image()
            if image.height > _LARGEST_ROWS:
                image = image.resize(
                    (round(image.width * _LARGEST_ROWS / image.height), _LARGEST_ROWS), Image.Resampling.BOX
                )
            yield _Picture(float((frame.time or 0.0) - start), np.asarray(image.convert("RGB")))


def _reconstructed(pictures: list[_Picture], estimator: DepthEstimator, lens: Lens) -> FilmDepth:
    found = reconstructed(np.stack([picture.colour for picture in pictures]), lens.pinhole(), estimator)
    if isinstance(found, FilmDepth):
        return _over_floor(found)
    raise ValueError(
        f"a film must have no cut and no turn too fast to follow, got one at {pictures[found].seconds:.1f} s"
    )


def _over_floor(found: FilmDepth) -> FilmDepth:
    """The film at the scale at which its camera is held at a body's height over the floor that it shows.

    A floor that would change the scale beyond belief is none.
    """
    points = np.concatenate(list(_points(found, max(1, found.depth.shape[1] // _FLOOR_ROWS))))
    height = height_over_floor(found.world_from_camera[:, :3, 3], points)
    scale = OPENING_EYE_METRES / height if height else 1.0
    return found.scaled(scale) if 1 / _MOST_SCALE < scale < _MOST_SCALE else found


def height_over_floor(positions: np.ndarray, points: np.ndarray) -> float | None:
    """Metres of cameras (T, 3) over the floor among points (P, 3), None where there is none; z is up.

    By what was walked over, if that was seen: streets lie lower than pavements. Else by what lies near.
    """
    away, nearest = KDTree(positions[:, :2]).query(points[:, :2])
    below = positions[nearest, 2] - points[:, 2]
    for reach, most_below in _REACHES:
        heights = np.sort(below[(away < reach) & (below > _LEAST_HEIGHT)])
        ends = np.searchsorted(heights, _SAME_HEIGHT * heights)
        if len(heights) < _LEAST_FLOOR:
            continue
        first = int(np.argmax(ends - np.arange(len(heights))))
        is_lowest = len(heights) - ends[first] < most_below * len(heights)
        if ends[first] - first >= _LEAST_FLOOR and is_lowest:
            return float(np.median(heights[first : ends[first]]))
    return None


def _points(found: FilmDepth, step: int) -> Iterator[np.ndarray]:
    """World points (P, 3) of every fifth picture, of what stands still and is no sky."""
    fx, fy, cx, cy = found.intrinsics
    for depth, moving, pose in zip(found.depth[::5], found.moving[::5], found.world_from_camera[::5], strict=True):
        small = depth[::step, ::step]
        rows, columns = np.nonzero(~moving[::step, ::step] & (small > 0) & (small < FAR_METRES))
        z = depth[step * rows, step * columns].astype(np.float64)
        rays = np.stack([(step * columns + 0.5 - cx) / fx, (step * rows + 0.5 - cy) / fy, np.ones(len(z))], 1)
        yield (rays * z[:, None]) @ pose[:3, :3].T + pose[:3, 3]


def _notes(found: FilmDepth) -> tuple[str, ...]:
    """What was found how, a sentence each."""
    scale, path = found.scale, found.path
    return (
        f"depth is estimated, scale {scale.scale:.4g} and shift {scale.shift:.4g} by the first picture's floor",
        f"the way is by {path.source}, by which {path.sameness:.0%} of each picture is in those before it",
        f"parallax confirms the depth of {found.sure.mean():.0%} of the pictures, the rest is brought to it",
        f"all is {found.rescaled:.3g} times as large as was estimated, by the floor",
    )


def _check_parallax(found: FilmDepth) -> None:
    """Refuse a camera that only turns: nothing tells then whether its depth is right."""
    positions = found.world_from_camera[:, :3, 3]
    across = float(np.linalg.norm(positions - positions[0], axis=1).max())
    known = found.depth[found.depth > 0][::97]
    median = float(np.median(known)) if len(known) else 1.0
    if across < _LEAST_PARALLAX * median:
        raise ValueError(
            f"a film must move through its place by at least {_LEAST_PARALLAX:.0%} of the depth it shows "
            f"({median:.1f} m), got {across:.2f} m: there is no parallax"
        )
