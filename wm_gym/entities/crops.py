"""The window of the picture that shows one thing, and its pose as networks read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROWS, COLUMNS = 48, 32
"""Texels of a crop."""


@dataclass(frozen=True)
class Window:
    """What a crop of one kind spans.

    Attributes:
        height_metres: Height.
        width_metres: Width.
        below_share: Share of the height that lies under the foot.
        period_frames: Frames of one cycle of its motion.
        states: Pictures of that cycle, each shown for as long; a new one is seen a frame before its time.
    """

    height_metres: float
    width_metres: float
    below_share: float
    period_frames: float
    states: int = 1

    def state_at(self, phase_frames: int) -> int:
        """Which picture of its cycle is shown."""
        return int((phase_frames + 1) * self.states / self.period_frames) % self.states


WINDOWS = {
    "walker": Window(1.96, 1.30, 0.06, 16.0, 4),
    "bonfire": Window(2.30, 1.60, 0.06, 8.0, 4),
    "crate": Window(1.40, 1.60, 0.12, 1.0),
    "car": Window(2.20, 4.80, 0.20, 1.0),
    "birds": Window(0.84, 1.24, 0.04, 4.0, 2),
    "lamp_post": Window(4.00, 0.90, 0.02, 1.0),
    "tree": Window(5.80, 3.70, 0.02, 1.0),
}
"""Kinds that are drawn as things, in the order in which networks number them."""


def box_of(
    kind: str, foot: NDArray[np.float64], eye: NDArray[np.float64], ray_from_pixel: NDArray[np.float64]
) -> tuple[tuple[float, float, float, float], float] | None:
    """Left, top, right and bottom of a thing's window in pixels, and its planar depth; None within 0.4 m or behind.

    Args:
        kind: A key of `WINDOWS`.
        foot: (3,) metres.
        eye: (3,) metres.
        ray_from_pixel: (3, 3), as in `appearance.sight.Sight`.
    """
    u, v, depth = np.linalg.inv(ray_from_pixel) @ (foot - eye)
    if depth < 0.4:
        return None
    window, pixels = WINDOWS[kind], 1.0 / float(np.linalg.norm(ray_from_pixel[:, 0])) / depth
    height, width = window.height_metres * pixels, window.width_metres * pixels
    bottom, left = v / depth + window.below_share * height, u / depth - width / 2
    return (float(left), float(bottom - height), float(left + width), float(bottom)), float(depth)


def crop_of(
    frame: NDArray[np.uint8], mask: NDArray[np.bool_], box: tuple[float, float, float, float]
) -> NDArray[np.uint8]:
    """(48, 32, 4) uint8 of what a mask shows within a box in pixels: mean colours, and its share of each texel.

    Beyond the frame there is nothing.
    """
    left, top, right, bottom = box
    beyond = int(np.ceil(max(0.0, -left, -top, right - mask.shape[1], bottom - mask.shape[0])))
    inside = left + beyond, top + beyond, right + beyond, bottom + beyond

    def mean(plane: NDArray[Any]) -> NDArray[np.float32]:
        image = Image.fromarray(np.pad(plane.astype(np.float32), beyond))
        return np.asarray(image.resize((COLUMNS, ROWS), Image.Resampling.BOX, inside))

    alpha = mean(mask)
    colours = np.stack([mean(frame[..., c] * mask) for c in range(3)], -1) / np.maximum(alpha, 1e-4)[..., None]
    return np.concatenate([np.clip(colours, 0, 255), 255 * alpha[..., None]], -1).round().astype(np.uint8)


def premultiplied(rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(..., 4) float32 in 0..1, colour times alpha, of crops as `crop_of` gives them."""
    crop = rgba.astype(np.float32) / 255.0
    crop[..., :3] *= crop[..., 3:]
    return crop


def viewing_angle(heading_radians: float, foot: NDArray[np.float64], eye: NDArray[np.float64]) -> float:
    """From where a thing is seen, radians: 0 from the front, counter-clockwise from above."""
    return float((np.arctan2(eye[1] - foot[1], eye[0] - foot[0]) - heading_radians) % (2.0 * np.pi))
