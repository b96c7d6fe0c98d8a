"""The backend `memory_only`: what memory shows, and nothing else. The baseline that every model must beat.

Frames are the hints; where nothing was ever seen stands the colour of the nearest seen pixel, with unknown depth, so
that a guess is never remembered. Knows nothing of tasks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from wm_gym.backends.base import BaseModel
from wm_gym.memory.config import MemoryConfig
from wm_gym.scenes.openings import first_keyframes
from wm_gym.world_model import Chunk, Condition, ModelSpec, Opening

GREY = 127
"""Colour of a view of which nothing at all is known."""


class MemoryOnlyModel(BaseModel):
    """Hints as frames. Of each world it keeps nothing: all that it knows lies in their memories."""

    def __init__(self, height: int, width: int) -> None:
        """Make frames of a size."""
        self.spec = ModelSpec(
            name="memory_only", height=height, width=width, frames_per_step=4, fps=17.5, opens_from=("capture",),
            takes_guidance=True, gives_depth=True, gives_moving=True, far_metres=MemoryConfig().far_metres,
            licence="Apache-2.0",
        )  # fmt: skip

    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[tuple[None, ...], Chunk]:
        """Open on the first keyframe of each capture.

        Raises:
            ValueError: If an opening has no capture, or one of another size.
        """
        return (None,) * len(openings), first_keyframes(openings, self.spec)

    def step(self, state: tuple[None, ...], condition: Condition) -> tuple[tuple[None, ...], Chunk]:
        """Show the hints.

        Raises:
            ValueError: If there are no hints, or not for as many worlds.
        """
        guidance = condition.guidance
        if guidance is None or len(guidance.hints.seen) != len(state):
            came = "none" if guidance is None else f"hints of {len(guidance.hints.seen)}"
            raise ValueError(f"backend 'memory_only' needs the hints of {len(state)} worlds, got {came}")
        hints = guidance.hints
        depth = torch.where(hints.seen, hints.log_depth.exp(), 0.0)
        frames = fill_from_nearest(hints.colour, hints.seen)
        return state, Chunk(frames, depth, hints.moving.clone(), condition.world_from_camera)


def fill_from_nearest(colour: Tensor, seen: Tensor) -> Tensor:
    """Frames in which every unseen pixel has the colour of the nearest seen one, or grey if none is.

    Args:
        colour: (..., H, W, 3) uint8.
        seen: (..., H, W) bool.
    """
    frames = colour.cpu().clone()
    flat, masks = frames.view(-1, *colour.shape[-3:]).numpy(), seen.cpu().reshape(-1, *seen.shape[-2:]).numpy()
    for image, mask in zip(flat, masks, strict=True):
        if not mask.any():
            image[:] = GREY
        elif not mask.all():
            nearest = np.empty((2, *mask.shape), np.int32)
            distance_transform_edt(~mask, return_distances=False, return_indices=True, indices=nearest)
            holes = np.nonzero(~mask)
            image[holes] = image[nearest[0][holes], nearest[1][holes]]
    return frames.to(colour.device)
