"""Pictures of things made of boxes, seen from any side: what crates and cars are drawn by.

Lengths are metres. A thing stands on the ground with its middle at x = y = 0 and faces +x. It is seen in parallel
projection, a little from above. Knows nothing of what the boxes stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.maps.paint import Drawing, canvas

Plane = NDArray[np.float64]
Pattern = Callable[[str, Plane, Plane], NDArray[np.int_]]
"""(face, u, v) to slots: u runs to the right and v upwards on a face, 0..1; slot 0 is a hole."""

PIXELS_ACROSS, PIXELS_UP = 64.0, 64.0 / 1.2
"""Pixels per metre: two for each map unit."""
_TILT_RADIANS = float(np.radians(9.0))
_MARGIN_PIXELS = 2


@dataclass(frozen=True)
class Box:
    """A block whose top may be smaller than its foot.

    Attributes:
        low: x, y, z of its lower back right corner.
        high: x, y, z of its upper front left corner.
        pattern: What is on its faces: "front", "back", "left", "right" and "top".
        inset: How far the edges of its top are drawn in along x and y.
    """

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    pattern: Pattern
    inset: tuple[float, float] = (0.0, 0.0)

    def faces(self) -> dict[str, Plane]:
        """(4, 3) corners of each face: lower left, lower right, upper right, upper left, as seen from outside."""
        (x0, y0, z0), (x1, y1, z1) = self.low, self.high
        i, j = self.inset
        feet = {"a": (x1, y0, z0), "b": (x1, y1, z0), "c": (x0, y1, z0), "d": (x0, y0, z0)}
        tops = {
            "a": (x1 - i, y0 + j, z1),
            "b": (x1 - i, y1 - j, z1),
            "c": (x0 + i, y1 - j, z1),
            "d": (x0 + i, y0 + j, z1),
        }
        sides = {"front": "ab", "left": "bc", "back": "cd", "right": "da"}
        found = {name: np.array([feet[p], feet[q], tops[q], tops[p]]) for name, (p, q) in sides.items()}
        return found | {"top": np.array([tops["a"], tops["b"], tops["c"], tops["d"]])}


def picture(boxes: Sequence[Box], quarter: int, reach_metres: float, height_metres: float) -> Drawing:
    """Boxes seen from one of eight sides: `quarter` 0 faces the viewer, 2 faces left, 4 faces away.

    Args:
        boxes: The thing.
        quarter: The side.
        reach_metres: Farthest that it reaches from its middle.
        height_metres: How tall it is.
    """
    below = int(np.ceil(reach_metres * np.sin(_TILT_RADIANS) * PIXELS_UP)) + _MARGIN_PIXELS
    middle = int(np.ceil(reach_metres * PIXELS_ACROSS)) + _MARGIN_PIXELS
    rows = int(np.ceil((height_metres + reach_metres * np.sin(_TILT_RADIANS)) * PIXELS_UP)) + _MARGIN_PIXELS + below
    pixels, nearest = canvas(rows, 2 * middle), np.full((rows, 2 * middle), np.inf)
    foot = middle, rows - 1 - below
    for box in boxes:
        for name, corners in box.faces().items():
            _draw_face(pixels, nearest, _seen(corners, quarter, foot), name, box.pattern)
    return Drawing(pixels, foot=foot)


def _seen(corners: Plane, quarter: int, foot: tuple[int, int]) -> Plane:
    """(4, 3) column, row and distance of corners."""
    turn = quarter * np.pi / 4
    ahead, left = np.array([-np.sin(turn), -np.cos(turn)]), np.array([np.cos(turn), -np.sin(turn)])
    across = corners[:, 0] * ahead[0] + corners[:, 1] * left[0]
    away = corners[:, 0] * ahead[1] + corners[:, 1] * left[1]
    up = corners[:, 2] * np.cos(_TILT_RADIANS) + away * np.sin(_TILT_RADIANS)
    nearer = away * np.cos(_TILT_RADIANS) - corners[:, 2] * np.sin(_TILT_RADIANS)
    return np.stack([foot[0] + across * PIXELS_ACROSS, foot[1] - up * PIXELS_UP, nearer], axis=1)


def _draw_face(pixels: NDArray[np.uint8], nearest: Plane, corners: Plane, name: str, pattern: Pattern) -> None:
    """Draw the two triangles of a face where they are nearest; faces that look away are left out."""
    u, v = np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0])
    for chosen in ([0, 1, 2], [0, 2, 3]):
        (ax, ay, _), (bx, by, _), (cx, cy, _) = corners[chosen]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= -1e-6:  # rows count downwards: a face that looks at the viewer turns the other way
            continue
        rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]] + 0.5
        second = ((columns - ax) * (cy - ay) - (rows - ay) * (cx - ax)) / area
        third = ((bx - ax) * (rows - ay) - (by - ay) * (columns - ax)) / area
        weights = np.stack([1.0 - second - third, second, third])
        across, up, distance = (np.tensordot(values[chosen], weights, 1) for values in (u, v, corners[:, 2]))
        slots = pattern(name, across, up)
        drawn = (weights.min(0) >= -1e-9) & (distance < nearest) & (slots > 0)
        pixels[drawn], nearest[drawn] = slots[drawn], distance[drawn]
