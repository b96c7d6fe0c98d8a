"""A completed last frame shown in the frames before it, by writing it to a temporary memory and rendering that.

Knows nothing of how the frame was completed.
"""

from __future__ import annotations

import torch

from wm_gym.completion.inpainting import SAME_SURFACE, InpaintedFrame
from wm_gym.completion.stage import Draft, View
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.render import render
from wm_gym.memory.write import write

FINER = 0.8
"""Share of a hint's splat area below which an inpainted splat on the same surface replaces it."""


def propagated(draft: Draft, made: InpaintedFrame, view: View) -> Draft:
    """The guidance with an inpainted last frame reprojected to all T poses.

    A reprojected pixel is taken where nothing is seen, where it lies in front of the hint by more than `SAME_SURFACE`,
    or where it is finer than the hint on the same surface. Moving objects stay.

    Args:
        draft: Guidance of one world, (T, H, W).
        made: Inpainted pixels of its last frame.
        view: The T poses.
    """
    shown, hints = _reprojected(view, made), draft.hints
    nearer = hints.log_depth - shown.log_depth
    finer = (nearer.abs() < SAME_SURFACE) & (shown.area < FINER * hints.area)
    new = shown.seen & ~hints.moving & (~hints.seen | finer | (nearer >= SAME_SURFACE))
    new[-1] = shown.seen[-1] & (made.depth > 0)
    overwritten = new & hints.seen & (nearer < SAME_SURFACE)  # occluded points behind the new ones stay
    return draft.filled(new, shown, overwritten)


def _reprojected(view: View, made: InpaintedFrame) -> Hints:
    """An inpainted last frame rendered at all T poses, (T, H, W)."""
    still, poses, lens = torch.zeros_like(made.depth, dtype=torch.bool), view.world_from_camera, view.intrinsics
    memory = write(
        Memory.empty(MemoryConfig()), made.frame[None], made.depth[None], still[None], poses[-1:], lens,
        hints=None, frame_index=0, appearance=0,
    )  # fmt: skip
    return render([memory], poses[None], lens[None], *made.depth.shape, frame_index=[0], appearance=[0]).of_world(0)
