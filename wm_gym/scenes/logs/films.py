"""Films of one camera as logs: pictures, their depth, what moves in them, and the way of the camera.

The camera of the first picture is taken to be level, at a body's height over the floor; the scale of depth is found
there, once. Knows nothing of how depth and ways are estimated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
import torch
from PIL import Image

from wm_gym.geometry.cameras import intrinsics_from_fov, resize_intrinsics
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.progress import progress_bar
from wm_gym.reconstruction.alignment import DepthScale
from wm_gym.reconstruction.camera_path import PosedPath, find_path
from wm_gym.reconstruction.depth_estimator import opening_depth
from wm_gym.reconstruction.estimates import DepthEstimate, DepthEstimator, DepthQuery
from wm_gym.reconstruction.odometry import RgbdFrame
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
_GAPS = (1, 3)


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
        ImportError: If Open3D is not installed.
    """
    path = Path(path)
    pictures = read_pictures(path)
    rows, columns = pictures[0].colour.shape[:2]
    fov = intrinsics_from_fov(config.fov_degrees, rows, columns)
    lens = Lens.of(rows, columns, config.intrinsics or [float(one) for one in fov])
    target = target_lens(lens, height, width, own_size=config.own_size)
    filmed, path_found, scale = _reconstructed(pictures, estimator, lens)
    poses = [camera_pose(START_BODY_POSE) @ pose for pose in path_found.first_from_camera]
    _check_parallax(poses, [one.depth for one in filmed])
    names = [Path(f"{picture.seconds:.2f} s") for picture in pictures]
    frames = tuple(LogFrame(name, name, pose, lens) for name, pose in zip(names, poses, strict=True))
    shown = dict(zip(names, filmed, strict=True))
    notes = (
        f"depth is estimated, scale {scale.scale:.4g} and shift {scale.shift:.4g} by the first picture's floor",
        f"the way is by {path_found.source}, by which {path_found.sameness:.0%} of each picture is in those before it",
    )
    log = PosedLog("film", path, frames, 1.0, {}, notes)

    def read(frame: LogFrame) -> tuple[np.ndarray, np.ndarray]:
        return shown[frame.colour].colour, shown[frame.colour].depth

    def moving(frame: LogFrame) -> np.ndarray:
        return shown[frame.colour].moving

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
        raise ValueError(
            f"{path} must be a film that can be read whole, got {str(error) or 'its end too early'}"
        ) from error
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


@dataclass(frozen=True, eq=False)
class _Filmed:
    """A picture with its depth (H, W) in metres, 0 for the sky, and the mask (H, W) of what moves in it."""

    colour: np.ndarray
    depth: np.ndarray
    moving: np.ndarray

    def still(self) -> RgbdFrame:
        """The picture with what moves unknown."""
        return RgbdFrame(self.colour, np.where(self.moving, np.float32(0), self.depth))


def _reconstructed(
    pictures: list[_Picture], estimator: DepthEstimator, lens: Lens
) -> tuple[list[_Filmed], PosedPath, DepthScale]:
    """Depth of each picture by the scale of the first, and the way; then both again, now that parallax tells depth.

    Raises:
        ValueError: If two pictures that follow each other do not show the same place.
    """
    frames = torch.from_numpy(np.stack([picture.colour for picture in pictures]))
    query = DepthQuery.of_level(frames, torch.tensor(lens.pinhole(), dtype=torch.float32))
    first = replace(query, frames=frames[:1], world_from_camera=query.world_from_camera[:1])
    _, scale = opening_depth(estimator, first)
    bar = progress_bar(range(len(pictures)), desc="estimating depth", unit="picture")
    alone = [_filmed(estimator.estimate(_only(query, k)), 0, frames[k], scale) for k in bar]
    found = _followed(alone, pictures, lens)
    if not estimator.takes_known:
        return alone, found, scale
    poses = np.stack([camera_pose(START_BODY_POSE) @ pose for pose in found.first_from_camera])
    posed = replace(query, world_from_camera=torch.from_numpy(poses).float(), follows=True, gaps=_GAPS)
    told = estimator.estimate(posed)
    beside = [_filmed(told, k, frames[k], scale) for k in range(len(pictures))]
    again = _followed(beside, pictures, lens)
    return (beside, again, scale) if again.sameness >= found.sameness else (alone, found, scale)


def _only(query: DepthQuery, k: int) -> DepthQuery:
    return replace(query, frames=query.frames[k : k + 1], world_from_camera=query.world_from_camera[k : k + 1])


def _filmed(told: DepthEstimate, k: int, frame: torch.Tensor, scale: DepthScale) -> _Filmed:
    metres = scale.metres(told.depth[k]).numpy()
    depth = np.where(metres >= FAR_METRES, 0.0, metres).astype(np.float32)
    moving = np.zeros(depth.shape, bool) if told.moving is None else told.moving[k].numpy() > 0
    return _Filmed(frame.numpy(), depth, moving)


def _followed(filmed: list[_Filmed], pictures: list[_Picture], lens: Lens) -> PosedPath:
    found = find_path([one.still() for one in filmed], lens.pinhole())
    if isinstance(found, PosedPath):
        return found
    raise ValueError(
        f"a film must have no cut and no turn too fast to follow, got one at {pictures[found].seconds:.1f} s"
    )


def _check_parallax(poses: list[np.ndarray], depths: list[np.ndarray]) -> None:
    """Refuse a camera that only turns: nothing tells then whether its depth is right."""
    positions = np.stack([pose[:3, 3] for pose in poses])
    across = float(np.linalg.norm(positions - positions[0], axis=1).max())
    known = np.concatenate([depth[depth > 0][::97] for depth in depths])
    median = float(np.median(known)) if len(known) else 1.0
    if across < _LEAST_PARALLAX * median:
        raise ValueError(
            f"a film must move through its place by at least {_LEAST_PARALLAX:.0%} of the depth it shows "
            f"({median:.1f} m), got {across:.2f} m: there is no parallax"
        )
