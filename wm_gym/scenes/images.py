"""Openings from one picture: a capture of one keyframe, with given depth or a prior.

The camera is assumed level, 1.6 m above the ground; the depth prior is flat ground up to a wall.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

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
    crop = _Crop.of(colours.shape[:2], height, width, finer)
    image, intrinsics = crop.of_colours(colours), crop.intrinsics(fov_degrees)
    metres, moving = _depth_of(crop, image, intrinsics, depth, estimator)
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
        intrinsics=resize_intrinsics(intrinsics, 1 / crop.keyframe_scale, 1 / crop.keyframe_scale),
        waypoints=floor_positions(metres, intrinsics),
        capture=capture,
        image=image if depth is None and estimator is None else None,
    )


@dataclass(frozen=True)
class _Crop:
    """The middle of a picture, of a frame's proportions, and the keyframe of it.

    Attributes:
        shape: Rows and columns of the picture.
        keyframe_scale: Rows of the keyframe over those of a frame.
        height: Rows of the keyframe.
        width: Columns of the keyframe.
    """

    shape: tuple[int, int]
    keyframe_scale: int
    height: int
    width: int

    @staticmethod
    def of(shape: tuple[int, int], height: int, width: int, finer: int) -> _Crop:
        """The crop for frames of `height` x `width`, its keyframe as large as the picture and `finer` allow."""
        rows, columns = shape
        if rows < height or columns < width:
            raise ValueError(f"image must be at least {height} x {width} pixels, got {rows} x {columns}")
        keyframe_scale = min(finer, rows // height, columns // width)
        return _Crop(shape, keyframe_scale, keyframe_scale * height, keyframe_scale * width)

    @property
    def scale(self) -> float:
        """Pixels of the picture for one of the keyframe, along either axis."""
        return min(self.shape[0] / self.height, self.shape[1] / self.width)

    @property
    def corner(self) -> tuple[float, float]:
        """Row and column of the picture at which the crop begins."""
        return (self.shape[0] - self.height * self.scale) / 2, (self.shape[1] - self.width * self.scale) / 2

    def of_colours(self, colours: np.ndarray) -> Tensor:
        """(height, width, 3) uint8 keyframe: means of the picture's pixels."""
        top, left = self.corner
        box = (left, top, left + self.width * self.scale, top + self.height * self.scale)
        size = (self.width, self.height)
        return torch.from_numpy(np.array(Image.fromarray(colours).resize(size, Image.Resampling.BOX, box=box)))

    def of_depth(self, depth: np.ndarray) -> Tensor:
        """(height, width) metres of the keyframe: values at the centres of its pixels."""
        top, left = self.corner
        rows = (top + (np.arange(self.height) + 0.5) * self.scale).astype(int)
        columns = (left + (np.arange(self.width) + 0.5) * self.scale).astype(int)
        return torch.from_numpy(_checked(depth, self.shape)[np.ix_(rows, columns)])

    def intrinsics(self, fov_degrees: float) -> Tensor:
        """(4,) pinhole of the keyframe, for the horizontal field of view of the whole picture."""
        focal = intrinsics_from_fov(fov_degrees, *self.shape)[0] / self.scale
        return torch.tensor([focal, focal, self.width / 2, self.height / 2], dtype=torch.float32)


def _depth_of(
    crop: _Crop, image: Tensor, intrinsics: Tensor, depth: np.ndarray | None, estimator: DepthEstimator | None
) -> tuple[Tensor, Tensor]:
    """(H, W) metres of a keyframe, and its (H, W) bool mask of moving pixels, of which only an estimator knows."""
    still = torch.zeros(crop.height, crop.width, dtype=torch.bool)
    if depth is not None:
        return crop.of_depth(depth), still
    if estimator is None:
        return ground_and_wall(intrinsics, crop.height, crop.width), still
    estimate, _ = opening_depth(estimator, DepthQuery.of_level(image[None], intrinsics))
    return estimate.depth[0], still if estimate.moving is None else estimate.moving[0] > 0


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
