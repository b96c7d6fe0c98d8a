"""A backend whose memory is hidden from it: what the same model makes of poses, text and its own past alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wm_gym.backends.seam import Chunk, Condition, Obstacles, Opening, Packed, WorldModel
from wm_gym.memory.render import blank_hints


class WithoutHints:
    """Any backend that takes hints, given blank ones."""

    def __init__(self, model: WorldModel[Any]) -> None:
        """Hide the memory from `model`."""
        self.model, self.spec = model, model.spec

    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[Any, Chunk]:
        """Open as the model does."""
        return self.model.start(openings, seeds)

    def step(self, state: Any, condition: Condition) -> tuple[Any, Chunk]:
        """Go on with hints of a memory that knows nothing."""
        count, length = condition.world_from_camera.shape[:2]
        device = condition.world_from_camera.device
        nothing = blank_hints(count, length, self.spec.height, self.spec.width, device)
        return self.model.step(state, replace(condition, hints=nothing))

    def select(self, state: Any, worlds: Sequence[int]) -> Any:
        """As the model does."""
        return self.model.select(state, worlds)

    def cat(self, states: Sequence[Any]) -> Any:
        """As the model does."""
        return self.model.cat(states)

    def pack(self, state: Any) -> Packed:
        """As the model does."""
        return self.model.pack(state)

    def unpack(self, packed: Packed) -> Any:
        """As the model does."""
        return self.model.unpack(packed)

    def obstacles(self, state: Any, world: int) -> Obstacles | None:
        """As the model does."""
        return self.model.obstacles(state, world)

    def close(self) -> None:
        """As the model does."""
        self.model.close()
