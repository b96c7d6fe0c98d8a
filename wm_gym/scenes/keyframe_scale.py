"""Keyframes that are finer than frames: memory takes them in as they are, and the model opens on them reduced.

What is seen from afar is shown coarsely when one comes near. Keyframes four times as fine as frames put that off to a
quarter of the distance, and cost no network anything: only memory knows of them. Knows nothing of simulators.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F

from wm_gym.geometry.cameras import resize_intrinsics
from wm_gym.world_model import Capture

FINER = 4
"""Rows and columns of keyframes to those of frames, where there are so many."""


def fits(size: tuple[int, int], height: int, width: int) -> bool:
    """Whether keyframes of a size can be reduced to frames: they are no smaller, and of the same proportions."""
    rows, columns = size
    return rows >= height and rows * width == columns * height


def _check_size(rows: int, columns: int, height: int, width: int) -> None:
    if not fits((rows, columns), height, width):
        raise ValueError(
            f"keyframes must be as large as {height} x {width} pixels or larger in both alike, got {rows} x {columns}"
        )


def detailed(capture: Capture, height: int, width: int, finer: int = FINER) -> Capture:
    """A capture as fine as memory takes it for frames of a size: `finer` times, or as fine as it is if that is less.

    Raises:
        ValueError: If its keyframes are smaller than frames, or of other proportions.
    """
    rows, columns = capture.depth.shape[1:]
    _check_size(rows, columns, height, width)
    return capture if rows <= finer * height else reduced(capture, finer * height, finer * width)


def reduced(capture: Capture, height: int, width: int) -> Capture:
    """A capture at a smaller size of the same proportions.

    Colours go to the mean of what a pixel covers. Depth and moving mask go to those of the pixel whose depth is the
    median, where that is a block of whole pixels, else of the pixel at the middle; so no depth arises between surfaces.

    Raises:
        ValueError: If the capture is smaller, or of other proportions.
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
    """Blocks of `down` x `across` pixels to one each."""
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
    """Mean colours of what each new pixel covers, and the rest as at its middle."""
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
