"""The backend `memory_only`: what memory shows, and nothing else. The baseline that every model must beat.

Frames are the hints; where nothing was ever seen stands the colour of the nearest seen pixel, with unknown depth, so
that a guess is never remembered. Knows nothing of tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from wm_gym.memory.config import MemoryConfig
from wm_gym.scenes.openings import first_keyframes
from wm_gym.world_model import Chunk, Condition, ModelSpec, Obstacles, Opening, Packed

GREY = 127
"""Colour of a view of which nothing at all is known."""


@dataclass(frozen=True)
class MemoryOnlyConfig:
    """What frames it makes.

    Attributes:
        height: Rows.
        width: Columns.
    """

    height: int
    width: int

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


@dataclass(frozen=True)
class MemoryOnlyState:
    """Nothing but how many worlds there are: all that this model knows lies in their memories."""

    num_worlds: int


class MemoryOnlyModel:
    """Hints as frames."""

    def __init__(self, config: MemoryOnlyConfig) -> None:
        """Make frames of the configured size."""
        self.spec = ModelSpec(
            name="memory_only",
            height=config.height,
            width=config.width,
            first_frames=1,
            frames_per_step=4,
            fps=17.5,
            steered_by="pose",
            takes_text=False,
            takes_hints=True,
            takes_references=False,
            gives_depth=True,
            gives_moving=True,
            far_metres=MemoryConfig().far_metres,
            licence="Apache-2.0",
        )

    @classmethod
    def create(cls, height: int, width: int, **settings: Any) -> MemoryOnlyModel:
        """The model for frames of a size.

        Raises:
            ValueError: If a setting is given; there are none.
        """
        if settings:
            raise ValueError(f"backend 'memory_only' must be given no settings, got {sorted(settings)}")
        return cls(MemoryOnlyConfig(height, width))

    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[MemoryOnlyState, Chunk]:
        """Open on the first keyframe of each capture.

        Raises:
            ValueError: If an opening has no capture, or one of another size.
        """
        chunk = first_keyframes(openings, self.spec)
        return MemoryOnlyState(len(openings)), chunk

    def step(self, state: MemoryOnlyState, condition: Condition) -> tuple[MemoryOnlyState, Chunk]:
        """Show the hints.

        Raises:
            ValueError: If there are no hints, or not for as many worlds.
        """
        hints = condition.hints
        if hints is None or len(hints.seen) != state.num_worlds:
            came = "none" if hints is None else f"hints of {len(hints.seen)}"
            raise ValueError(f"backend 'memory_only' needs the hints of {state.num_worlds} worlds, got {came}")
        depth = torch.where(hints.seen, hints.log_depth.exp(), 0.0)
        frames = fill_from_nearest(hints.colour, hints.seen)
        return state, Chunk(frames, depth, hints.moving.clone(), condition.world_from_camera)

    def select(self, state: MemoryOnlyState, worlds: Sequence[int]) -> MemoryOnlyState:
        """As many worlds as are named."""
        return MemoryOnlyState(len(worlds))

    def cat(self, states: Sequence[MemoryOnlyState]) -> MemoryOnlyState:
        """The worlds of all states."""
        return MemoryOnlyState(sum(state.num_worlds for state in states))

    def pack(self, state: MemoryOnlyState) -> Packed:
        """The number of worlds."""
        return Packed(meta={"num_worlds": state.num_worlds})

    def unpack(self, packed: Packed) -> MemoryOnlyState:
        """The state that was packed."""
        return MemoryOnlyState(packed.meta["num_worlds"])

    def obstacles(self, state: MemoryOnlyState, world: int) -> Obstacles | None:
        """None: only the memory can tell."""
        return None

    def close(self) -> None:
        """Nothing is held."""


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
