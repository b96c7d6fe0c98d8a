"""Openings of places: world frame, field of view, waypoints and caption, all of which follow from the place."""

from __future__ import annotations

import numpy as np
import torch

from wm_gym.backends.twin.site import site_of
from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.scenes.families import FAMILIES
from wm_gym.world_model import Opening, Place

_FOV_DEGREES = (55.0, 75.0)
_FOV_STREAM = 7919


def draw_fov(place: Place) -> float:
    """Horizontal field of view of a place in degrees, 55 to 75; equal places have equal ones."""
    rng = np.random.default_rng([place.seed, FAMILIES.index(place.family), _FOV_STREAM])
    return float(rng.uniform(*_FOV_DEGREES))


def open_place(place: Place, height: int, width: int) -> Opening:
    """The opening of a place that a simulator builds.

    Args:
        place: The place.
        height: Rows of a frame.
        width: Columns of a frame.

    Raises:
        ValueError: If there is no such place.
    """
    site = site_of(place.family, place.seed, place.difficulty)
    flat = np.zeros((len(site.place.waypoints), 3))
    flat[:, :2] = site.place.waypoints
    waypoints = site.frame.world_from_map(flat)[:, :2]
    return Opening(
        name=f"{place.family}/{place.seed}",
        prompt=site.place.caption,
        intrinsics=intrinsics_from_fov(draw_fov(place), height, width).to(torch.float32),
        waypoints=torch.from_numpy(waypoints).to(torch.float32),
        place=place,
        lamps=torch.from_numpy(site.frame.world_from_map(site.place.lamps.reshape(-1, 3))).to(torch.float32),
    )
