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
from wm_gym.memory.hints import Hints

_AGREES = 0.06
"""Difference of log-depths up to which memory and a plan show the same surface."""


def show_plan(imagination: Imagination, draft: Draft, view: View) -> Draft:
    """The guidance with what the plan of the draft's state shows, and that plan continued ahead of the camera.

    A plan is exact and memory a copy of frames that were made of it, so where both show one surface the plan is shown;
    what memory shows in front of it stays. What lies beyond the decided ground is a guess that memory is not to keep.
    """
    assert draft.state.plan is not None
    poses = view.world_from_camera.double().numpy()
    x, y = poses[-1, :2, 3]
    heading = float(np.arctan2(poses[-1, 1, 2], poses[-1, 0, 2]))
    plan = imagination.continued(draft.state.plan, float(x), float(y), heading)
    board, lens = board_round(plan, float(x), float(y)), view.intrinsics.double().numpy()
    asked = np.ones(draft.hints.seen.shape[1:], bool)
    casts = [imagination.shown(plan, board, pose, lens, asked, FAR_METRES) for pose in poses]
    shown = _hints_of(draft.hints, casts)
    met = torch.from_numpy(np.stack([one.met for one in casts]))
    decided, guessed = met >= SURFACE, (met == UNDECIDED) & ~draft.hints.seen
    in_front = draft.hints.seen & (draft.hints.log_depth < shown.log_depth - _AGREES)
    where = (decided & ~in_front) | guessed
    coarse = where & decided & draft.hints.seen & (draft.hints.area >= COARSE_AREA)
    draft = replace(draft, state=replace(draft.state, plan=plan), provisional=draft.provisional | guessed)
    return draft.filled(where, shown, overwritten=coarse)


def _hints_of(hints: Hints, casts: Sequence[Cast]) -> Hints:
    """Casts as hints; a cast surface is as fine as a frame."""
    colour = torch.from_numpy(np.stack([one.colour for one in casts]))
    depth = torch.from_numpy(np.stack([one.depth for one in casts]))
    return replace(hints, colour=colour, log_depth=_logarithm(depth), area=torch.ones_like(hints.area))


def _logarithm(depth: Tensor) -> Tensor:
    return depth.clamp_min(1e-2).log()
