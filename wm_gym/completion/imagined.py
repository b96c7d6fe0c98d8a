"""The stage of imagined places: what their plan shows at the poses of a chunk, and the plan one round of drawing on.

Source: TeleWorld's macro planning (section 3.2): what lies ahead is decided coarsely before frames are made of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from wm_gym.completion.inpainter import COARSE_AREA
from wm_gym.completion.stage import Draft, View
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.layout.casting import SURFACE, UNDECIDED, Cast
from wm_gym.layout.imagination import Imagination, board_round
from wm_gym.layout.plan import Plan
from wm_gym.memory.hints import Hints

_NEAR_METRES, _MOST_GUESSED = 12.0, 0.08
_AGREES = 0.06
"""Difference of log-depths up to which memory and a plan show the same surface."""


def show_plan(imagination: Imagination, draft: Draft, view: View) -> Draft:
    """The guidance with what the plan of the draft's state shows, and that plan continued ahead of the camera.

    Of an imagined place the plan is exact and memory a copy of frames that were made of it, so where both show one
    surface the plan is shown, and what memory shows in front of it stays. Of a place that was seen memory comes first.
    What lies beyond the decided ground is a guess that memory is not to keep.
    """
    assert draft.state.plan is not None
    poses = view.world_from_camera.double().numpy()
    x, y = poses[-1, :2, 3]
    heading = float(np.arctan2(poses[-1, 1, 2], poses[-1, 0, 2]))
    plan, lens = draft.state.plan, view.intrinsics.double().numpy()
    asked = ~draft.hints.seen.numpy() if plan.is_read else np.ones(draft.hints.seen.shape, bool)
    plan = _continued(imagination, plan, (float(x), float(y), heading), poses[-1], lens, asked[-1])
    board = board_round(plan, float(x), float(y))
    casts = [
        imagination.shown(plan, board, pose, lens, where, FAR_METRES) for pose, where in zip(poses, asked, strict=True)
    ]
    shown = _hints_of(draft.hints, casts)
    met = torch.from_numpy(np.stack([one.met for one in casts]))
    decided, guessed = met >= SURFACE, (met == UNDECIDED) & ~draft.hints.seen
    kept = draft.hints.seen & (plan.is_read | (draft.hints.log_depth < shown.log_depth - _AGREES))
    where = (decided & ~kept) | guessed
    coarse = where & decided & draft.hints.seen & (draft.hints.area >= COARSE_AREA)
    draft = replace(draft, state=replace(draft.state, plan=plan), provisional=draft.provisional | guessed)
    return draft.filled(where, shown, overwritten=coarse)


def _continued(
    imagination: Imagination, plan: Plan, body: tuple[float, float, float], pose: np.ndarray, lens: np.ndarray,
    asked: np.ndarray,
) -> Plan:  # fmt: skip
    """The plan one round on, or, where much of what is near and asked for is a guess, a whole window."""
    windows = plan.windows
    plan = imagination.continued(plan, *body)
    while plan.drawing is not None and plan.windows == windows:
        cast = imagination.shown(plan, board_round(plan, *body[:2]), pose, lens, asked, FAR_METRES)
        if ((cast.met == UNDECIDED) & (cast.depth < _NEAR_METRES)).mean() < _MOST_GUESSED:
            break
        while plan.drawing is not None:
            plan = imagination.continued(plan, *body)
    return plan


def _hints_of(hints: Hints, casts: Sequence[Cast]) -> Hints:
    """Casts as hints; a cast surface is as fine as a frame."""
    colour = torch.from_numpy(np.stack([one.colour for one in casts]))
    depth = torch.from_numpy(np.stack([one.depth for one in casts]))
    return replace(hints, colour=colour, log_depth=_logarithm(depth), area=torch.ones_like(hints.area))


def _logarithm(depth: Tensor) -> Tensor:
    return depth.clamp_min(1e-2).log()
