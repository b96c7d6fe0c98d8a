"""What memory shows of the world at given poses: the guidance of a generation step.

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
        seen: (N, T, H, W) bool: memory knows a surface here (moving things and sky included).
        moving: (N, T, H, W) bool: the surface is the latest sighting of a moving thing, where it would be by now.
        age: (N, T, H, W) int32: frames since the surface was written; 0 where nothing is seen.
        same_appearance: (N, T, H, W) bool: written under the appearance (active global events) of now.
        area: (N, T, H, W) float32, square pixels that the shown point covers: above 1 the surface is shown more closely
            than it was seen; 0 where nothing is seen.
    """

    colour: Tensor
    log_depth: Tensor
    seen: Tensor
    moving: Tensor
    age: Tensor
    same_appearance: Tensor
    area: Tensor

    def of_world(self, world: int) -> Hints:
        """The hints of one world, without the axis N: (T, ...)."""
        return Hints(**{name: value[world] for name, value in vars(self).items()})

    @classmethod
    def stack(cls, worlds: Sequence[Hints]) -> Hints:
        """Hints (N, T, ...) of N worlds' hints (T, ...)."""
        return cls(**{one.name: torch.stack([getattr(hints, one.name) for hints in worlds]) for one in fields(cls)})
