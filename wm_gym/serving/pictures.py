"""Frames and depth as pictures for clients."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from wm_gym.choices import check_choice
from wm_gym.envs.observations import depth_image
from wm_gym.world.state import Outcome

FORMATS = ("auto", "jpeg", "webp", "png", "raw")
"""Formats of pictures. "png" and "raw" lose nothing; "auto" is "png" for small pictures, of which "jpeg" would keep too
little, and "jpeg" for others."""

_SMALL_COLUMNS = 96

_QUALITY = {
    "jpeg": {"quality": 92, "subsampling": 0},
    "webp": {"quality": 90, "method": 0},
    "png": {"compress_level": 1},
}


def encode(picture: np.ndarray, image_format: str) -> bytes | np.ndarray:
    """A picture as the bytes of a file, or as it is for "raw".

    Args:
        picture: (H, W, 3) or (H, W) uint8.
        image_format: One of `FORMATS`.

    Raises:
        ValueError: If there is no such format.
    """
    check_choice("image", image_format, FORMATS)
    if image_format == "auto":
        image_format = "png" if picture.shape[1] <= _SMALL_COLUMNS else "jpeg"
    if image_format == "raw":
        return picture
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(file, image_format.upper(), **_QUALITY[image_format])
    return file.getvalue()


def frames_of(outcome: Outcome) -> np.ndarray:
    """All T frames of one world's step, one above another, (T * H, W, 3) uint8."""
    frames = outcome.chunk.frames[0].cpu().numpy()
    return frames.reshape(-1, *frames.shape[2:])


def depth_of(outcome: Outcome, far_metres: float) -> np.ndarray:
    """Depth of the last frame, (H, W) uint8: 255 at the far value, square-root scale, 0 unknown."""
    assert outcome.chunk.depth is not None
    return depth_image(outcome.chunk.depth[0, -1].float(), far_metres).cpu().numpy()
