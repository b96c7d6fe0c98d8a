"""Lenses of logs, and pictures as another lens would have taken them from the same place.

A lens is a pinhole with the distortion of Brown and Conrady; pixel centres lie at +0.5. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image
from scipy.ndimage import map_coordinates

_FOV_DEGREES = (5.0, 160.0)


@dataclass(frozen=True)
class Lens:
    """A camera's lens.

    Attributes:
        width: Columns of its pictures.
        height: Rows of its pictures.
        fx: Focal length in columns.
        fy: Focal length in rows.
        cx: Column of the principal point.
        cy: Row of the principal point.
        distortion: k1, k2, p1, p2 of Brown and Conrady, as OpenCV and COLMAP order them.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        numbers = (self.fx, self.fy, self.cx, self.cy, *self.distortion)
        told = f"fx {self.fx:g}, fy {self.fy:g}, cx {self.cx:g}, cy {self.cy:g}"
        size = f"{self.height} x {self.width} pixels"
        if not np.isfinite(numbers).all() or not (0 < self.cx < self.width and 0 < self.cy < self.height):
            raise ValueError(f"intrinsics must have their principal point inside of {size}, got {told}")
        if self.fx <= 0 or self.fy <= 0 or not all(_FOV_DEGREES[0] <= one <= _FOV_DEGREES[1] for one in self.fov()):
            low, high = _FOV_DEGREES
            raise ValueError(f"intrinsics must give {size} a field of view of {low:g} to {high:g} degrees, got {told}")

    @staticmethod
    def of(height: int, width: int, pinhole: Sequence[float], distortion: Sequence[float] = ()) -> Lens:
        """The lens of pictures of a size; arguments as the attributes, of the distortion as many as there are.

        Raises:
            ValueError: If it is none that pictures of this size are taken with.
        """
        fx, fy, cx, cy = pinhole
        k1, k2, p1, p2 = [*distortion, 0.0, 0.0, 0.0, 0.0][:4]
        return Lens(width, height, fx, fy, cx, cy, (k1, k2, p1, p2))

    def fov(self) -> tuple[float, float]:
        """Horizontal and vertical field of view in degrees, without distortion."""
        across, down = (
            float(np.degrees(2 * np.arctan(size / 2 / focal)))
            for size, focal in ((self.width, self.fx), (self.height, self.fy))
        )
        return across, down

    def pinhole(self) -> np.ndarray:
        """(4,) float64 fx, fy, cx, cy."""
        return np.array([self.fx, self.fy, self.cx, self.cy])

    def resized(self, height: int, width: int) -> Lens:
        """The lens of the same pictures at another size."""
        down, across = height / self.height, width / self.width
        return replace(
            self, height=height, width=width, fx=self.fx * across, fy=self.fy * down, cx=self.cx * across,
            cy=self.cy * down,
        )  # fmt: skip

    def cropped(self, height: int, width: int) -> Lens:
        """The pinhole that shows the middle of the picture in the proportions of `height` x `width`, at that size."""
        scale = min(self.height / height, self.width / width)
        left, top = (self.width - width * scale) / 2, (self.height - height * scale) / 2
        focal_x, focal_y = self.fx / scale, self.fy / scale
        return Lens(width, height, focal_x, focal_y, (self.cx - left) / scale, (self.cy - top) / scale)


def colour_as(colour: np.ndarray, lens: Lens, target: Lens) -> np.ndarray:
    """A picture as another lens takes it, (h, w, 3) uint8; what is beyond its edge repeats the edge.

    Args:
        colour: (H, W, 3) uint8.
        lens: That it was taken with.
        target: Without distortion.
    """
    factor = max(1, int(min(lens.fx / target.fx, lens.fy / target.fy) + 1e-6))
    if factor > 1:  # means over whole blocks of pixels first, or else fine patterns alias
        rows, columns = lens.height // factor, lens.width // factor
        box = (0, 0, columns * factor, rows * factor)
        colour = np.asarray(Image.fromarray(colour).reduce(factor, box=box))
        lens = replace(
            lens, width=columns, height=rows, fx=lens.fx / factor, fy=lens.fy / factor, cx=lens.cx / factor,
            cy=lens.cy / factor,
        )  # fmt: skip
    at = _positions(lens, target) - 0.5
    planes = [map_coordinates(colour[..., c].astype(np.float32), at, order=1, mode="nearest") for c in range(3)]
    return np.rint(np.stack(planes, -1)).astype(np.uint8)


def depth_as(depth: np.ndarray, lens: Lens, target: Lens) -> np.ndarray:
    """Planar depth as another lens sees it, (h, w) float32: of the nearest pixel; 0 beyond the edge.

    Args:
        depth: (H, W) metres, 0 unknown.
        lens: That it was taken with.
        target: Without distortion.
    """
    rows, columns = np.floor(_positions(lens, target) + 1e-6).astype(int)
    inside = (rows >= 0) & (rows < lens.height) & (columns >= 0) & (columns < lens.width)
    return np.where(inside, depth[rows.clip(0, lens.height - 1), columns.clip(0, lens.width - 1)], 0.0).astype(
        np.float32
    )


def _positions(lens: Lens, target: Lens) -> np.ndarray:
    """(2, h, w) row and column in a lens's picture of every pixel centre of a pinhole."""
    y, x = np.meshgrid(
        (np.arange(target.height) + 0.5 - target.cy) / target.fy,
        (np.arange(target.width) + 0.5 - target.cx) / target.fx,
        indexing="ij",
    )
    k1, k2, p1, p2 = lens.distortion
    if any(lens.distortion):  # Source: Brown 1966, in the form of OpenCV's documentation
        square = x * x + y * y
        radial = 1 + square * (k1 + square * k2)
        x, y = (
            x * radial + 2 * p1 * x * y + p2 * (square + 2 * x * x),
            y * radial + p1 * (square + 2 * y * y) + 2 * p2 * x * y,
        )
    return np.stack([y * lens.fy + lens.cy, x * lens.fx + lens.cx])
