"""The keyframe scale: keyframes are larger than frames; memory takes them as they are, the model downsampled.

A surface seen from afar looks coarse when the camera comes near. Keyframes of four times the frames' rows and columns
put that off to a quarter of the distance at no cost to the network: only memory reads them. Knows nothing of
simulators.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F

from wm_gym.geometry.cameras import resize_intrinsics
from wm_gym.world_model import Capture

FINER = 4
"""Default keyframe scale: rows and columns of keyframes over those of frames, where a capture has so many."""


def fits(size: tuple[int, int], height: int, width: int) -> bool:
    """Whether keyframes of a size (rows, columns) can be downsampled to frames: as large, and of their aspect ratio."""
    rows, columns = size
    return rows >= height and rows * width == columns * height


def _check_size(rows: int, columns: int, height: int, width: int) -> None:
    if not fits((rows, columns), height, width):
        raise ValueError(
            f"keyframes must be as large as {height} x {width} pixels or larger in both alike, got {rows} x {columns}"
        )


def detailed(capture: Capture, height: int, width: int, finer: int = FINER) -> Capture:
    """A capture downsampled to at most `finer` times the rows and columns of frames, for memory.

    Args:
        capture: Keyframes of any larger size.
        height: Rows of a frame.
        width: Columns of a frame.
        finer: Largest keyframe scale.

    Raises:
        ValueError: If its keyframes are smaller than frames, or of another aspect ratio.
    """
    rows, columns = capture.depth.shape[1:]
    _check_size(rows, columns, height, width)
    return capture if rows <= finer * height else reduced(capture, finer * height, finer * width)


def reduced(capture: Capture, height: int, width: int) -> Capture:
    """A capture downsampled to a size of the same aspect ratio.

    A colour is the mean over the new pixel. Depth and moving mask are those of one source pixel, so that no depth lies
    between surfaces: the one of median depth where the sizes divide, else the one at the middle.

    Args:
        capture: Keyframes of that size or larger.
        height: Rows.
        width: Columns.

    Raises:
        ValueError: If the capture is smaller, or of another aspect ratio.
    """
    rows, columns = capture.depth.shape[1:]
    _check_size(rows, columns, height, width)
    if (rows, columns) == (height, width):
        return capture
    arrays = capture.frames.numpy(), capture.depth.numpy(), capture.moving.numpy()
    if rows % height == columns % width == 0:
        frames, depth, moving = _reduce(*arrays, rows // height, columns // width)
    else:
        frames, depth, moving = _sample(*arrays, height, width)
    intrinsics = resize_intrinsics(capture.intrinsics, height / rows, width / columns)
    made = map(torch.from_numpy, (frames, depth, moving))
    return replace(capture, **dict(zip(("frames", "depth", "moving"), made, strict=True)), intrinsics=intrinsics)


def _reduce(
    frames: np.ndarray, depth: np.ndarray, moving: np.ndarray, down: int, across: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each block of `down` x `across` pixels as one: its mean colour, and depth and mask of its median depth."""
    colours = _blocks(frames, down, across).mean(-2)  # (K, h, w, block, 3) -> (K, h, w, 3)
    depths, moves = (_blocks(array[..., None], down, across)[..., 0] for array in (depth, moving))
    known = (depths > 0).sum(-1, keepdims=True)
    order = np.argsort(np.where(depths > 0, depths, np.inf), axis=-1, kind="stable")
    median = np.take_along_axis(order, np.maximum(known - 1, 0) // 2, axis=-1)
    depth, moving = (np.take_along_axis(array, median, axis=-1)[..., 0] for array in (depths, moves))
    return np.rint(colours).astype(np.uint8), depth, moving


def _sample(
    frames: np.ndarray, depth: np.ndarray, moving: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean colours over each new pixel, and depth and mask at its middle."""
    planes = torch.from_numpy(frames).movedim(-1, 1).float()
    colours = F.adaptive_avg_pool2d(planes, (height, width)).round().to(torch.uint8).movedim(1, -1)
    down, across = (
        ((np.arange(count) + 0.5) * total / count).astype(int)
        for count, total in zip((height, width), depth.shape[1:], strict=True)
    )
    at = np.ix_(np.arange(len(depth)), down, across)
    return np.ascontiguousarray(colours.numpy()), depth[at], moving[at]


def _blocks(array: np.ndarray, down: int, across: int) -> np.ndarray:
    """(K, H, W, C) -> (K, H / down, W / across, down * across, C)."""
    count, rows, columns, channels = array.shape
    parts = array.reshape(count, rows // down, down, columns // across, across, channels)
    return np.moveaxis(parts, 2, 3).reshape(count, rows // down, columns // across, down * across, channels)
