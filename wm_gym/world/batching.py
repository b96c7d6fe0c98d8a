"""Taking worlds out of a batch and putting batches together; memories and model caches are shared, never copied.

Knows nothing of tasks or Gymnasium.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, TypeVar

import numpy as np

from wm_gym.world.state import WorldState
from wm_gym.world_model import WorldModel

T = TypeVar("T")


def select(model: WorldModel[Any], state: WorldState, worlds: Sequence[int]) -> WorldState:
    """The named worlds of a state, as `World.select`."""
    numbers = [int(n) for n in worlds]
    beyond = [n for n in numbers if not 0 <= n < state.num_worlds]
    if beyond or not numbers:
        came = beyond[0] if beyond else "none"
        raise ValueError(f"worlds must be at least one of 0..{state.num_worlds - 1}, got {came}")
    # The second naming of a view is a fork: it lives with the second naming of those that share its memory.
    copies = [(numbers[:k].count(n), state.world_of_view[n]) for k, n in enumerate(numbers)]
    kept = sorted(set(copies))
    return replace(
        state,
        model=model.select(state.model, numbers),
        memories=tuple(state.memories[w] for _, w in kept),
        world_of_view=tuple(kept.index(copy) for copy in copies),
        body_poses=state.body_poses[numbers],
        frame_index=_pick(state.frame_index, numbers),
        seeds=_pick(state.seeds, numbers),
        openings=_pick(state.openings, numbers),
        scripts=_pick(state.scripts, numbers),
        completions=_pick(state.completions, numbers),
        keyframes=_pick(state.keyframes, numbers),
        entities=tuple(state.entities[w] for _, w in kept),
        bodies=_pick(state.bodies, numbers),
    )


def joined(model: WorldModel[Any], state: WorldState, view: int, body_pose: np.ndarray, number: int) -> WorldState:
    """The state with one more view, the last, as `World.joined`."""
    views = [*range(state.num_worlds), view]
    return replace(
        state,
        model=model.select(state.model, views),
        world_of_view=_pick(state.world_of_view, views),
        body_poses=np.concatenate([state.body_poses, body_pose[None]]),
        frame_index=_pick(state.frame_index, views),
        seeds=_pick(state.seeds, views),
        openings=_pick(state.openings, views),
        scripts=_pick(state.scripts, views),
        completions=_pick(state.completions, views),
        keyframes=_pick(state.keyframes, views),
        bodies=(*state.bodies, number),
    )


def cat(model: WorldModel[Any], states: Sequence[WorldState]) -> WorldState:
    """The worlds of several states, as `World.cat`."""
    if not states:
        raise ValueError("states must be at least one, got none")
    starts = accumulate((len(state.memories) for state in states), initial=0)
    return WorldState(
        model=model.cat([state.model for state in states]),
        memories=_chain([state.memories for state in states]),
        world_of_view=tuple(
            start + w for start, state in zip(starts, states, strict=False) for w in state.world_of_view
        ),
        body_poses=np.concatenate([state.body_poses for state in states]),
        frame_index=_chain([state.frame_index for state in states]),
        seeds=_chain([state.seeds for state in states]),
        openings=_chain([state.openings for state in states]),
        scripts=_chain([state.scripts for state in states]),
        completions=_chain([state.completions for state in states]),
        keyframes=_chain([state.keyframes for state in states]),
        entities=_chain([state.entities for state in states]),
        bodies=_chain([state.bodies for state in states]),
    )


def _pick(values: Sequence[T], numbers: Sequence[int]) -> tuple[T, ...]:
    return tuple(values[n] for n in numbers)


def _chain(parts: Sequence[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(value for part in parts for value in part)
