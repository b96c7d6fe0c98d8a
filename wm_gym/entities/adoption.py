"""People in the first picture of a world become entities, so that they swing their legs and walk on unseen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from wm_gym.appearance.sight import Sight

_FARTHEST_METRES, _LEAST_ROWS = 14.0, 12
_HEIGHTS_METRES, _MOST_WIDTH_METRES, _FLOOR_TOLERANCE_METRES = (1.2, 2.3), 1.4, 0.4


@dataclass(frozen=True)
class Sighting:
    """One person in a picture.

    Attributes:
        mask: (H, W) bool.
        foot: (3,) metres, world frame, on the floor.
    """

    mask: NDArray[np.bool_]
    foot: NDArray[np.float64]


def find_people(sight: Sight, moving: NDArray[np.bool_], floor_z: float) -> list[Sighting]:
    """The moving things in a picture that stand on the floor and are as large as people, wholly in view.

    Args:
        sight: The geometry of the picture.
        moving: (H, W) bool.
        floor_z: Height of the floor, metres.
    """
    near = moving & (sight.depth > 0) & (sight.depth < _FARTHEST_METRES)
    numbers = np.empty(near.shape, np.int32)
    label(near, structure=np.ones((3, 3)), output=numbers)
    found = [_sighting(sight, numbers == number, floor_z) for number in range(1, int(numbers.max()) + 1)]
    return [one for one in found if one is not None]


def _sighting(sight: Sight, mask: NDArray[np.bool_], floor_z: float) -> Sighting | None:
    rows, columns = np.nonzero(mask)
    if len(rows) == 0 or np.ptp(rows) + 1 < _LEAST_ROWS or columns.min() == 0 or columns.max() == mask.shape[1] - 1:
        return None
    metres = float(np.median(sight.depth[mask]))

    def point(u: float, v: float) -> NDArray[np.float64]:
        return sight.eye + metres * (sight.ray_from_pixel @ np.array([u, v, 1.0]))

    middle = float(columns.mean()) + 0.5
    top, bottom = point(middle, rows.min()), point(middle, rows.max() + 1.0)
    width = float(np.linalg.norm(point(columns.max() + 1.0, bottom[1]) - point(columns.min(), bottom[1])))
    is_person = _HEIGHTS_METRES[0] < top[2] - floor_z < _HEIGHTS_METRES[1] and width < _MOST_WIDTH_METRES
    if not is_person or abs(bottom[2] - floor_z) > _FLOOR_TOLERANCE_METRES:
        return None
    return Sighting(mask, np.array([bottom[0], bottom[1], floor_z]))
