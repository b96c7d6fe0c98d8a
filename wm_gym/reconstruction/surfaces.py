"""What frames show, as surfaces that can be seen from elsewhere: how depth of one frame becomes a hint for the next.

Knows nothing of networks or of memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from wm_gym.geometry.cameras import project, unproject
from wm_gym.geometry.poses import inverse, transform

MOST_CARRIED = 6
"""Earlier estimates that the next frame of a walk is given."""

_NEAREST_METRES = 0.05


@dataclass(frozen=True)
class Surfaces:
    """What N frames of one size show.

    Attributes:
        depth: (N, H, W) metres, 0 where nothing is known.
        error: (N, H, W) expected error as a share of depth.
        colours: (N, 3, H, W), 0..1.
        world_from_camera: (N, 4, 4).
        intrinsics: (N, 4) fx, fy, cx, cy in pixels.
    """

    depth: Tensor
    error: Tensor
    colours: Tensor
    world_from_camera: Tensor
    intrinsics: Tensor

    def seen_from(self, world_from_camera: Tensor) -> Surfaces:
        """The same through cameras at other poses (N, 4, 4): of what falls on one pixel the nearest."""
        count, height, width = self.depth.shape
        points = unproject(self.depth, self.intrinsics, self.world_from_camera).flatten(1, 2)
        lens = self.intrinsics[:, None]
        pixels, far = project(transform(inverse(world_from_camera), points), lens)
        columns, rows = pixels.nan_to_num(-1.0, -1.0, -1.0).clamp(-1, 1e6).floor().long().unbind(-1)
        inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        inside &= (self.depth.flatten(1) > 0) & (far > _NEAREST_METRES)
        frames = torch.arange(count)[:, None].expand_as(columns)
        cells = ((frames * height + rows) * width + columns)[inside]
        drawn = torch.full((count * height * width,), torch.inf).scatter_reduce(0, cells, far[inside], "amin")
        is_nearest = drawn[cells] == far[inside]
        shown = torch.cat([self.error[:, None], self.colours], 1).flatten(2).movedim(1, 2)[inside][is_nearest]
        maps = torch.zeros(count * height * width, 4)
        maps[cells[is_nearest]] = shown
        maps = maps.view(count, height, width, 4).movedim(3, 1)
        depth = torch.where(drawn.isfinite(), drawn, 0.0).view(count, height, width)
        return Surfaces(depth, maps[:, 0], maps[:, 1:], world_from_camera, self.intrinsics)

    def repeated(self, count: int) -> Surfaces:
        """The same frame, the only one, `count` times."""
        each = (self.depth, self.error, self.colours, self.world_from_camera, self.intrinsics)
        return Surfaces(*(one.expand(count, *one.shape[1:]) for one in each))

    def over(self, behind: Surfaces) -> Surfaces:
        """These where they show something, else others of the same cameras."""
        is_shown = self.depth > 0
        return Surfaces(
            torch.where(is_shown, self.depth, behind.depth),
            torch.where(is_shown, self.error, behind.error),
            torch.where(is_shown[:, None], self.colours, behind.colours),
            self.world_from_camera,
            self.intrinsics,
        )


def laid_together(surfaces: Sequence[Surfaces], world_from_camera: Tensor) -> Surfaces:
    """What several frames show, seen by cameras at poses (N, 4, 4): the first of them that shows something there."""
    first, *others = (one.seen_from(world_from_camera) for one in surfaces)
    for one in others:
        first = first.over(one)
    return first
