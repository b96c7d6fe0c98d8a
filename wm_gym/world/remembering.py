"""What a chunk teaches: to the 4D memories of N worlds, and to the keyframes that references are chosen from."""

from __future__ import annotations

import torch
from torch import Tensor

from wm_gym.completion.pipeline import Completed
from wm_gym.events.kinds import appearance_of
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.write import write
from wm_gym.world.guiding import Events
from wm_gym.world.references import Keyframes
from wm_gym.world.state import WorldState
from wm_gym.world_model import Chunk, ModelSpec


def write_mask_of(chunk: Chunk, hints: Hints, completed: Completed) -> Tensor:
    """Pixels that may be remembered, (N, T, H, W) bool."""
    # what completion shows instead of what is known it will show again: memory would only grow by edges
    may = torch.ones_like(hints.seen) if chunk.write_mask is None else chunk.write_mask
    return may & ~(completed.where & hints.seen & ~completed.overwritten) & ~completed.provisional


def written(
    spec: ModelSpec, state: WorldState, chunk: Chunk, hints: Hints, completed: Completed | None, events: Events
) -> tuple[Memory, ...]:
    """The memories of a state after a chunk of a model (with depth, moving masks and poses), in the order of views."""
    assert chunk.depth is not None and chunk.moving is not None and chunk.world_from_camera is not None
    depth = chunk.depth if chunk.write_mask is None else torch.where(chunk.write_mask, chunk.depth, 0.0)
    memories = list(state.memories)
    for n, w in enumerate(state.world_of_view):
        memories[w] = write(
            memories[w],
            chunk.frames[n],
            depth[n],
            chunk.moving[n],
            chunk.world_from_camera[n],
            state.openings[n].intrinsics.float(),
            hints=hints.of_world(n),
            frame_index=state.frame_index[n],
            appearance=appearance_of(events[n], spec.shows_events),
            replaced=None if completed is None else completed.overwritten[n],
        )
    return tuple(memories)


def grown(state: WorldState, chunk: Chunk) -> tuple[Keyframes | None, ...]:
    """The keyframes of each world, with the last frame of the chunk."""
    last = chunk.frames.shape[1] - 1
    assert chunk.depth is not None and chunk.world_from_camera is not None
    return tuple(
        None
        if keyframes is None
        else keyframes.with_frame(
            chunk.frames[n, -1], chunk.depth[n, -1], chunk.world_from_camera[n, -1], state.frame_index[n] + last
        )
        for n, keyframes in enumerate(state.keyframes)
    )
