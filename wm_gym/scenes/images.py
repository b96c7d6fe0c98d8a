"""Openings from one picture: a capture of one keyframe, with given depth or a prior.

The camera is assumed level, 1.6 m above the ground; the depth prior is flat ground up to a wall.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from wm_gym.geometry.cameras import intrinsics_from_fov, resize_intrinsics
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.reconstruction.depth_estimator import opening_depth
from wm_gym.reconstruction.estimates import DepthEstimator, DepthQuery
from wm_gym.reconstruction.one_picture import floor_positions, ground_and_wall
from wm_gym.scenes.keyframe_scale import FINER
from wm_gym.scenes.panoramas import is_panorama, open_panorama, read_panorama
from wm_gym.world_model import Capture, Opening

FOV_DEGREES = 65.0
"""Horizontal field of view assumed for a picture: that of a phone held level."""


Picture = str | Path | np.ndarray


def open_picture(
    picture: Picture,
    height: int,
    width: int,
    *,
    depth: np.ndarray | None = None,
    estimator: DepthEstimator | None = None,
    of_panoramas: bool = True,
    fov_degrees: float = FOV_DEGREES,
    prompt: str = "",
    finer: int = FINER,
) -> Opening:
    """The opening of a world that begins with a picture. An equirectangular panorama opens all round (`panoramas`).

    The picture is cropped at its centre to the aspect ratio of a frame and downsampled to a keyframe, whose size is a
    whole multiple of the frame's: a colour is the mean over the pixel, a depth the value at its centre.

    Args:
        picture: Path of a file that Pillow reads, or (H, W, 3) uint8 red, green, blue; no smaller than a frame.
        height: Rows of a frame.
        width: Columns of a frame.
        depth: (H, W) or (H, W, 1) planar z in metres, of the picture's size; 0 is unknown, 100 and more is sky. None
            for that of the estimator.
        estimator: Who estimates the depth, which the floor brings to metres; None for the prior of `ground_and_wall`.
        of_panoramas: Whether the estimator is asked for the depth of panoramas too.
        fov_degrees: Horizontal field of view of the whole picture.
        prompt: One sentence that describes the scene.
        finer: Largest keyframe scale: rows and columns of the keyframe over those of frames.

    Raises:
        ValueError: If the picture cannot be read, is too small, picture and depth are of the wrong shape or kind, or
            the estimator gives disparity and the picture shows too little floor.
    """
    colours, name = _read(picture)
    if depth is None and is_panorama(colours):
        asked = estimator if of_panoramas else None
        return open_panorama(colours, height, width, name=name, estimator=asked, prompt=prompt, finer=finer)
    rows, columns = colours.shape[:2]
    if rows < height or columns < width:
        raise ValueError(f"image must be at least {height} x {width} pixels, got {rows} x {columns}")
    keyframe_scale = min(finer, rows // height, columns // width)
    height, width = keyframe_scale * height, keyframe_scale * width
    scale = min(rows / height, columns / width)
    top, left = (rows - height * scale) / 2, (columns - width * scale) / 2
    box = (left, top, left + width * scale, top + height * scale)
    frame = np.asarray(Image.fromarray(colours).resize((width, height), Image.Resampling.BOX, box=box))
    focal = intrinsics_from_fov(fov_degrees, rows, columns)[0] / scale
    intrinsics = torch.tensor([focal, focal, width / 2, height / 2], dtype=torch.float32)
    image = torch.from_numpy(frame.copy())
    moving = torch.zeros(height, width, dtype=torch.bool)
    if depth is None and estimator is None:
        metres = ground_and_wall(intrinsics, height, width)
    elif depth is None:
        assert estimator is not None
        estimate, _ = opening_depth(estimator, DepthQuery.of_level(image[None], intrinsics))
        metres = estimate.depth[0]
        moving = moving if estimate.moving is None else estimate.moving[0] > 0
    else:
        at_rows = (top + (np.arange(height) + 0.5) * scale).astype(int)
        at_columns = (left + (np.arange(width) + 0.5) * scale).astype(int)
        metres = torch.from_numpy(_checked(depth, (rows, columns))[np.ix_(at_rows, at_columns)])
    capture = Capture(
        frames=image[None],
        depth=metres[None],
        moving=moving[None],
        world_from_camera=torch.from_numpy(camera_pose(START_BODY_POSE)).float()[None],
        intrinsics=intrinsics,
    )
    return Opening(
        name=name,
        prompt=prompt,
        intrinsics=resize_intrinsics(intrinsics, 1 / keyframe_scale, 1 / keyframe_scale),
        waypoints=floor_positions(metres, intrinsics),
        capture=capture,
        image=image if depth is None and estimator is None else None,
    )


def _read(picture: Picture) -> tuple[np.ndarray, str]:
    if isinstance(picture, str | Path):
        if Path(picture).suffix.lower() == ".exr":
            return read_panorama(picture), Path(picture).stem
        try:
            with Image.open(picture) as file:
                # phones store portraits rotated, with a tag
                return np.asarray(ImageOps.exif_transpose(file).convert("RGB")), Path(picture).stem
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise ValueError(f"image must be a picture file that can be read, got {str(picture)!r}") from error
    array = np.asarray(picture)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
        raise ValueError(f"image must be a path or (H, W, 3) uint8, got {array.shape} {array.dtype}")
    return np.ascontiguousarray(array), "picture"


def _checked(depth: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    array = np.asarray(depth)
    array = array[..., 0] if array.shape == (*shape, 1) else array
    if array.shape != shape or not np.issubdtype(array.dtype, np.floating):
        raise ValueError(
            f"depth must be {shape} floating point, as large as the image, got {array.shape} {array.dtype}"
        )
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError(f"depth must be finite metres from 0, got {array.min()} to {array.max()}")
    return np.minimum(array, FAR_METRES).astype(np.float32)
