"""Hints: memory rendered at given poses, the guidance of a generation step.

Knows nothing of how points are stored or who reads the hints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True)
class Hints:
    """Memory rendered at T poses of N worlds.

    Attributes:
        colour: (N, T, H, W, 3) uint8; 0 where nothing is seen.
        log_depth: (N, T, H, W) float32, natural logarithm of planar z in metres; 0 where nothing is seen.
        seen: (N, T, H, W) bool, whether memory has a point here (moving objects and sky included).
        moving: (N, T, H, W) bool, whether it is of a moving object, at its extrapolated position.
        age: (N, T, H, W) int32, frames since the point was written; 0 where nothing is seen.
        same_appearance: (N, T, H, W) bool, whether it was written under the current appearance (active global events).
        area: (N, T, H, W) float32, square pixels that the splat covers: above 1 the surface is seen from nearer than
            when it was written; 0 where nothing is seen.
        from_behind: (N, T, H, W) bool, whether a surface is seen from the side that no frame has shown: what stands
            before it may be missing, as the near side of a wall that was seen from the next room.
    """

    colour: Tensor
    log_depth: Tensor
    seen: Tensor
    moving: Tensor
    age: Tensor
    same_appearance: Tensor
    area: Tensor
    from_behind: Tensor

    def of_world(self, world: int) -> Hints:
        """The hints of one world, without the axis N: (T, ...)."""
        return Hints(**{name: value[world] for name, value in vars(self).items()})

    @classmethod
    def stack(cls, worlds: Sequence[Hints]) -> Hints:
        """Hints (N, T, ...) of N worlds' hints (T, ...)."""
        return cls(**{one.name: torch.stack([getattr(hints, one.name) for hints in worlds]) for one in fields(cls)})
