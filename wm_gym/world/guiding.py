"""What a model is told of a step: hints from memory, completed, and the condition around them. Knows no tasks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wm_gym.completion.pipeline import Completed, Completion
from wm_gym.completion.stage import View
from wm_gym.events.kinds import ActiveEvent, appearance_of
from wm_gym.layout.growing import AHEAD_METRES
from wm_gym.memory.hints import Hints
from wm_gym.memory.render import render
from wm_gym.world.references import references_for
from wm_gym.world.state import WorldState, stack_intrinsics
from wm_gym.world_model import Condition, Guidance, ModelSpec, OtherBody

Events = Sequence[tuple[ActiveEvent, ...]]
"""The events at work in each world during a step."""

Bodies = Sequence[Sequence[OtherBody]]
"""The other bodies in the world of each view."""

COMPLETION_STREAM = 1
"""Beside a world's seed and chunk, so that completion and generation draw other numbers."""


def render_hints(spec: ModelSpec, state: WorldState, poses: Tensor, events: Events) -> Hints:
    """What memory shows at `poses` (N, T, 4, 4)."""
    return render(
        [state.memories[w] for w in state.world_of_view],
        poses,
        stack_intrinsics(state.openings),
        spec.height,
        spec.width,
        frame_index=state.frame_index,
        appearance=[appearance_of(active, spec.shows_events) for active in events],
    )


def complete_hints(
    spec: ModelSpec, completion: Completion, state: WorldState, hints: Hints, poses: Tensor, drawn: Collection[str] = ()
) -> Completed:
    """Hints (N, T, H, W) at `poses` with what memory does not show decided.

    Its prompts leave out events of kinds that are `drawn`.
    """
    prompts = state.prompts(drawn)
    views = [
        View(
            poses[n],
            state.openings[n].intrinsics.float(),
            frame,
            (state.seeds[n], 1 + (frame - spec.first_frames) // spec.frames_per_step, COMPLETION_STREAM),
            prompts[n],
        )
        for n, frame in enumerate(state.frame_index)
    ]
    with torch.inference_mode():
        return completion(hints, views, state.completions, state.world_of_view)


def condition_of(
    spec: ModelSpec,
    state: WorldState,
    poses: Tensor,
    keys: np.ndarray,
    events: Events,
    guidance: Guidance,
    drawn: Collection[str] = (),
    bodies: Bodies = (),
) -> Condition:
    """What one step asks of a model: of prompts, guidance and references what it takes.

    Prompts leave out events of kinds that are `drawn` on its frames, as `events` does.
    """
    frames = spec.frames_per_step
    unsaid = [[""] * spec.latents_per_step] * state.num_worlds
    return Condition(
        world_from_camera=poses,
        intrinsics=stack_intrinsics(state.openings),
        keys=torch.from_numpy(keys),
        prompts=state.prompts_of(frames, spec.latents_per_step, drawn) if spec.takes_text else unsaid,
        events=events,
        seeds=state.seeds,
        frame_index=state.frame_index,
        guidance=guidance if spec.takes_guidance else None,
        references=references_for(state.keyframes, poses, spec.num_references) if spec.num_references else None,
        bodies=bodies,
    )


def completion_for(
    spec: ModelSpec,
    wanted: bool | None = None,
    settings: Mapping[str, Any] = MappingProxyType({}),
    plan_ahead_metres: float = AHEAD_METRES,
) -> Completion:
    """What the hints of a backend are completed by.

    Args:
        spec: Of the backend.
        wanted: Whether they are; None: as the backend wants it.
        settings: As of `Completion.create`.
        plan_ahead_metres: How far ahead of a body plans are drawn.

    Raises:
        ValueError: If there are settings of what is not wanted, or `Completion.create` raises it.
    """
    if wanted and not spec.takes_guidance:
        raise ValueError(
            f"completion must be None or False for backend {spec.name!r}, which takes no guidance, got True"
        )
    if spec.wants_completion if wanted is None else wanted:
        kind, device = getattr(torch, spec.dtype), spec.device
        return Completion.create(
            spec.height, spec.width, dtype=kind, device=device, plan_ahead_metres=plan_ahead_metres, **settings
        )
    if settings:
        raise ValueError(f"completion_settings must be empty where nothing is completed, got {sorted(settings)}")
    return Completion()
