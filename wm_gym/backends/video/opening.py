"""The condition under which the model takes in the frames that led up to an opening."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from wm_gym.memory.render import blank_hints
from wm_gym.world_model import Chunk, Condition, Guidance, Opening


def standing(openings: Sequence[Opening], lead: Chunk, seeds: Sequence[int], length: int) -> Condition:
    """The condition of the lead's poses, with no key pressed, no hints and each opening's prompt.

    Args:
        openings: N.
        lead: T frames of each that led up to it, with poses.
        seeds: N world seeds.
        length: Latents that the T frames lie in.
    """
    assert lead.world_from_camera is not None
    (num_worlds, num_frames, height, width), device = lead.frames.shape[:4], lead.frames.device
    hints = blank_hints(num_worlds, num_frames, height, width, device)
    return Condition(
        world_from_camera=lead.world_from_camera,
        intrinsics=torch.stack([opening.intrinsics for opening in openings]),
        keys=torch.zeros(num_worlds, num_frames, 8, dtype=torch.bool, device=device),
        prompts=[[opening.prompt] * length for opening in openings],
        events=[()] * num_worlds,
        seeds=seeds,
        frame_index=[0] * num_worlds,
        guidance=Guidance(hints, torch.zeros_like(hints.seen)),
    )
