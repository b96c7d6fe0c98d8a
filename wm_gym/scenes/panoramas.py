"""Openings from one panorama: an equirectangular picture becomes perspective key frames all round one camera.

The camera is assumed level, 1.6 m above the ground. Depth is one map of distances for the whole panorama, so that key
frames agree: estimated view by view where there is an estimator, else flat ground and a wall all round.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from scipy.ndimage import map_coordinates, maximum_filter

from wm_gym.geometry.cameras import rays, resize_intrinsics
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.reconstruction.depth_estimator import opening_depth
from wm_gym.reconstruction.estimates import DepthEstimator, DepthQuery
from wm_gym.reconstruction.one_picture import EYE_HEIGHT_METRES, WALL_METRES, floor_positions
from wm_gym.scenes.keyframe_scale import FINER
from wm_gym.world_model import Capture, Opening

PANORAMA_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".exr")
FOV_DEGREES = 90.0
LEVEL_VIEWS, TILTED_VIEWS, TILT_DEGREES = 8, 6, 50.0
"""Views round the horizon, and as many again looking down and up."""
_KNOWN_SIZE = (360, 720)
_SKY = 0.99 * FAR_METRES
_WHITE_PERCENTILE, _WHITE = 90.0, 0.8
_RINGING, _NEAR, _MOST_LIGHT = 0.1, 7, 1e6
_LARGEST_STEP = 1.5


def is_panorama(colours: np.ndarray) -> bool:
    """Whether a picture is an equirectangular panorama: twice as wide as high, and its left edge goes on at its right.

    Args:
        colours: (H, W, 3) uint8.
    """
    rows, columns = colours.shape[:2]
    if columns != 2 * rows or rows < 4:
        return False
    edge = colours[:, [-1, 0, 1]].astype(np.float32)
    across, beside = (float(np.abs(edge[:, k] - edge[:, k + 1]).mean()) for k in (0, 1))
    return across <= _LARGEST_STEP * beside + 1.0


def read_panorama(path: str | Path) -> np.ndarray:
    """(H, 2 H, 3) uint8 of a file; the light of an `.exr` is scaled until its bright parts are nearly white.

    Raises:
        ValueError: If it cannot be read, or is not twice as wide as high.
        ImportError: If an `.exr` is to be read and OpenEXR is not installed.
    """
    path = Path(path)
    if path.suffix.lower() == ".exr":
        colours = developed(_read_exr(path))
    else:
        try:
            with Image.open(path) as file:
                colours = np.asarray(file.convert("RGB"))
        except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise ValueError(f"from must be a panorama that can be read whole, got {str(path)!r}") from error
    rows, columns = colours.shape[:2]
    if columns != 2 * rows:
        raise ValueError(f"a panorama must be twice as wide as high, got {rows} x {columns} pixels in {str(path)!r}")
    return colours


def developed(light: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 sRGB of linear light: nine of ten pixels are darker than 80 % of white. Source: IEC 61966-2-1.

    Beside lamps and the sun, files that were reduced or compressed hold light far below 0: it takes the brightest light
    near it.

    Args:
        light: (H, W, 3) floating point; NaN is black.
    """
    light = np.nan_to_num(light.astype(np.float64), nan=0.0, posinf=_MOST_LIGHT, neginf=0.0)
    white = max(float(np.percentile(light.mean(-1), _WHITE_PERCENTILE)), 1e-6)
    rings = (light < -_RINGING * white).any(-1, keepdims=True)
    light = np.where(rings, maximum_filter(light.max(-1), _NEAR)[..., None], light)
    linear = (light * (_WHITE / white)).clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * encoded).astype(np.uint8)


def largest_width(colours: np.ndarray) -> int:
    """Columns of the widest view that is not finer than a panorama (H, 2 H, 3) at its middle, a multiple of 4."""
    return max(4, int(colours.shape[1] / np.pi) // 4 * 4)


def open_panorama(
    colours: np.ndarray,
    height: int,
    width: int,
    *,
    name: str,
    estimator: DepthEstimator | None = None,
    prompt: str = "",
    finer: int = FINER,
) -> Opening:
    """The opening of a world that begins inside of a panorama, looking at its middle.

    Args:
        colours: (H, 2 H, 3) uint8.
        height: Rows of a frame.
        width: Columns of a frame.
        name: Of the opening.
        estimator: Who estimates the depth; None for flat ground and a wall.
        prompt: One sentence that describes the scene.
        finer: Largest keyframe scale: rows and columns of the keyframes over those of frames.

    Raises:
        ValueError: If the panorama is too small for frames of this size.
    """
    columns = colours.shape[1]
    scale = min(finer, int(columns / np.pi / width))
    if scale < 1:
        raise ValueError(
            f"a panorama of {columns} columns gives pictures of at most {int(columns / np.pi)} columns, got {width}"
        )
    capture = _captured(colours, scale * height, scale * width, estimator)
    lens = resize_intrinsics(capture.intrinsics, 1 / scale, 1 / scale)
    return Opening(
        name,
        prompt,
        lens,
        floor_positions(capture.depth, capture.intrinsics, capture.world_from_camera),
        capture=capture,
    )


def _captured(colours: np.ndarray, height: int, width: int, estimator: DepthEstimator | None) -> Capture:
    focal = width / 2 / np.tan(np.radians(FOV_DEGREES) / 2)
    lens = torch.tensor([focal, focal, width / 2, height / 2], dtype=torch.float32)
    poses = camera_pose(_body_poses())
    directions = rays(lens, height, width).double().numpy()  # (h, w, 3), z is 1
    turned = [directions @ pose[:3, :3].T for pose in poses]
    frames = np.stack([_colours_at(colours, one, focal) for one in turned])
    lengths = np.linalg.norm(directions, axis=-1)
    if estimator is None:
        ranges = np.stack([_ground_and_wall(one / lengths[..., None]) for one in turned])
    else:
        known = _estimated(frames, poses, lengths, lens, estimator)
        ranges = np.stack([_sampled(known, one, order=1) for one in turned])
    return Capture(
        frames=torch.from_numpy(frames),
        depth=torch.from_numpy(np.where(ranges >= _SKY, FAR_METRES, ranges / lengths).astype(np.float32)),
        moving=torch.zeros(ranges.shape, dtype=torch.bool),
        world_from_camera=torch.from_numpy(poses).float(),
        intrinsics=lens,
    )


def _body_poses() -> np.ndarray:
    """(K, 5), the first one that of the world."""
    poses = [START_BODY_POSE]
    poses += [[0, 0, 0, 2 * np.pi * k / LEVEL_VIEWS, 0] for k in range(1, LEVEL_VIEWS)]
    for pitch in (-np.radians(TILT_DEGREES), np.radians(TILT_DEGREES)):
        poses += [[0, 0, 0, 2 * np.pi * k / TILTED_VIEWS, pitch] for k in range(TILTED_VIEWS)]
    return np.array(poses, np.float64)


def _estimated(
    frames: np.ndarray, poses: np.ndarray, lengths: np.ndarray, lens: torch.Tensor, estimator: DepthEstimator
) -> np.ndarray:
    """Metres along the rays of a panorama of `_KNOWN_SIZE`: the median of what level views say, else the prior.

    Args:
        frames: (K, h, w, 3), the level ones first.
        poses: (K, 4, 4).
        lengths: (h, w) of rays whose z is 1.
        lens: (4,).
        estimator: Of each level view on its own.

    Raises:
        ValueError: If no view shows floor enough to find its scale.
    """
    prior = _ground_and_wall(_directions(*_KNOWN_SIZE))
    found = np.full((LEVEL_VIEWS, *_KNOWN_SIZE), np.nan)
    for k in range(LEVEL_VIEWS):
        query = DepthQuery.of_level(torch.from_numpy(frames[k])[None], lens)
        try:
            metres = opening_depth(estimator, query)[0].depth[0].double().numpy()
        except ValueError:
            continue  # too little floor in this view: those beside it say more
        ranges = np.where(metres >= FAR_METRES, FAR_METRES, metres * lengths)
        found[k] = _seen_by(ranges, poses[k], lens)
    if not np.isfinite(found).any():
        raise ValueError("a panorama must show some floor to tell how large it is, got none in any of its views")
    with warnings.catch_warnings():  # where no view looks
        warnings.simplefilter("ignore", RuntimeWarning)
        middle = np.nanmedian(found, axis=0)
    return np.where(np.isfinite(middle), np.minimum(middle, FAR_METRES), prior)


def _seen_by(ranges: np.ndarray, pose: np.ndarray, lens: torch.Tensor) -> np.ndarray:
    """What a view says of each direction of a panorama of `_KNOWN_SIZE`, NaN where it does not look."""
    fx, fy, cx, cy = (float(one) for one in lens)
    x, y, z = np.moveaxis(_directions(*_KNOWN_SIZE) @ pose[:3, :3], -1, 0)
    ahead = z > 1e-3
    safe = np.where(ahead, z, 1.0)
    rows, columns = np.floor(fy * y / safe + cy), np.floor(fx * x / safe + cx)
    height, width = ranges.shape
    inside = ahead & (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    at = rows.clip(0, height - 1).astype(int), columns.clip(0, width - 1).astype(int)
    return np.where(inside, ranges[at], np.nan)


def _ground_and_wall(directions: np.ndarray) -> np.ndarray:
    """Metres along directions (..., 3) to flat ground, or a wall all round; sky where neither is hit."""
    across = np.hypot(directions[..., 0], directions[..., 1])
    down = -directions[..., 2]
    wall = WALL_METRES / np.maximum(across, 1e-9)
    ground = np.where(down > 0, EYE_HEIGHT_METRES / np.maximum(down, 1e-9), np.inf)
    return np.minimum(np.minimum(wall, ground), FAR_METRES)


def _directions(rows: int, columns: int) -> np.ndarray:
    """(rows, columns, 3) unit vectors of a panorama's pixels in the world: its middle looks along x, its left to y."""
    yaw = np.pi - 2 * np.pi * (np.arange(columns) + 0.5) / columns
    pitch = np.pi / 2 - np.pi * (np.arange(rows) + 0.5) / rows
    flat = np.cos(pitch)[:, None]
    up = np.broadcast_to(np.sin(pitch)[:, None], (rows, columns))
    return np.stack([flat * np.cos(yaw), flat * np.sin(yaw), up], -1)


def _colours_at(colours: np.ndarray, directions: np.ndarray, focal: float) -> np.ndarray:
    """(h, w, 3) uint8 of a panorama along directions, blurred first where its pixels are finer than the view's."""
    factor = max(1, int(colours.shape[1] / (2 * np.pi) / focal + 1e-6))
    if factor > 1:
        colours = np.asarray(Image.fromarray(colours).reduce(factor))
    planes = [_sampled(colours[..., c].astype(np.float32), directions, order=1) for c in range(3)]
    return np.rint(np.stack(planes, -1)).clip(0, 255).astype(np.uint8)


def _sampled(panorama: np.ndarray, directions: np.ndarray, order: int) -> np.ndarray:
    """(h, w) values of a panorama (H, W) along directions (h, w, 3)."""
    rows, columns = panorama.shape
    unit = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    row = (np.pi / 2 - np.arcsin(unit[..., 2].clip(-1, 1))) / np.pi * rows - 0.5
    column = (np.pi - np.arctan2(unit[..., 1], unit[..., 0])) / (2 * np.pi) * columns - 0.5
    wrapped = np.concatenate([panorama[:, -1:], panorama, panorama[:, :1]], axis=1)
    return map_coordinates(wrapped, [row, column + 1], order=order, mode="nearest")


def _read_exr(path: Path) -> np.ndarray:
    """(H, W, 3) float32 linear light."""
    try:
        import OpenEXR  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError("panoramas in .exr need OpenEXR: pip install 'wm-gym[exr]'") from error
    try:
        with OpenEXR.File(str(path)) as file:
            channels = file.channels()
            pixels = channels["RGB"].pixels if "RGB" in channels else channels["RGBA"].pixels
            return np.asarray(pixels[..., :3], np.float32)
    except Exception as error:  # damaged files end in errors of many kinds
        raise ValueError(f"from must be a panorama that can be read whole, got {str(path)!r}") from error
