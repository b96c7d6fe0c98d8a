"""The stages of plans: what they show at the poses of a chunk, while they are drawn on ahead of the camera.

What lies beyond the decided ground is a guess, which memory is not to keep.

Source: TeleWorld's macro planning (section 3.2): what lies ahead is decided coarsely before frames are made of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wm_gym.completion.inpainter import COARSE_AREA
from wm_gym.completion.inpainting import without_thin_holes
from wm_gym.completion.stage import Draft, View, share
from wm_gym.completion.stages import CompletionConfig
from wm_gym.geometry.cameras import unproject
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.layout.casting import SURFACE, UNDECIDED, Cast
from wm_gym.layout.cells import CELL_METRES, PATCH, SHOWN_ELSEWHERE
from wm_gym.layout.growing import GrowthConfig, Watcher
from wm_gym.layout.imagination import Imagination, board_round
from wm_gym.layout.plan import Plan
from wm_gym.memory.hints import Hints

_NEAR_METRES, _MOST_GUESSED = 12.0, 0.08
_OPEN_COLUMN = 0.1
"""Share of open pixels in a column of a frame from which on one looks for undecided ground there."""

_BEYOND_METRES, _FAR_CELLS = 0.1, 160
_AGREES = 0.06
"""Difference of log-depths up to which memory and a plan show the same surface."""


@dataclass(frozen=True)
class ImaginedPlan:
    """What the plan of an imagined place shows, and that plan continued ahead of the camera.

    The plan is exact, and memory a copy of frames that were made of it, so the plan is shown.
    """

    imagination: Imagination
    growth: GrowthConfig

    def __call__(self, draft: Draft, view: View) -> Draft:
        """Show all that is decided, and guess at what is not."""
        plan = draft.state.plan
        if plan is None or plan.is_read:
            return draft
        everywhere = torch.ones_like(draft.hints.seen[-1])
        grown = _Grown(self.imagination, self.growth, _watcher(view), everywhere.numpy())
        plan, shown, met = grown.shown(plan, draft.hints, view)
        decided, guessed = met >= SURFACE, (met == UNDECIDED) & ~draft.hints.seen
        where = (decided & ~draft.hints.moving) | guessed
        coarse = where & decided & draft.hints.seen & (draft.hints.area >= COARSE_AREA)
        return _with_plan(draft, plan, guessed).filled(where, shown, overwritten=coarse)


@dataclass(frozen=True)
class ContinuedPlan:
    """What the plan of a place that was seen shows beyond what was seen of it, and that plan continued.

    What the place was read from stays as memory shows it, but for walls that no picture showed: where memory has a
    surface from behind and the plan one before it, a room shows through its wall. What is imagined is shown as in
    `ImaginedPlan`. Thin holes are left, which are part of the surfaces beside them.
    """

    imagination: Imagination
    growth: GrowthConfig
    config: CompletionConfig

    def __call__(self, draft: Draft, view: View) -> Draft:
        """Fill the unseen pixels, and show imagined surfaces as their plan has them."""
        plan, seen = draft.state.plan, draft.hints.seen
        if plan is None or not plan.is_read:
            return draft
        unseen, backs = without_thin_holes(~seen), seen_from_behind(draft.hints)
        if not plan.windows and not self._are_many(unseen):
            return _with_near_walls(draft, self.imagination, plan, view, backs) if self._are_many(backs) else draft
        open_pixels = unseen[-1].numpy()
        grown = _Grown(self.imagination, self.growth, _watcher(view, open_pixels), open_pixels)
        plan, shown, met = grown.shown(plan, draft.hints, view)
        decided, guessed = met >= SURFACE, unseen & (met == UNDECIDED)
        walls = _hiding(draft.hints, backs, shown, met)
        same = (draft.hints.log_depth - shown.log_depth).abs() < _AGREES
        mine = (same | ~_was_read(plan, draft.hints, view)) & ~_was_read(plan, shown, view)
        replaced = seen & decided & mine & ~draft.hints.moving
        coarse = replaced & (draft.hints.area >= COARSE_AREA)
        where = (unseen & decided) | guessed | replaced | walls
        return _with_plan(draft, plan, guessed).filled(where, shown, overwritten=coarse)

    def _are_many(self, pixels: Tensor) -> bool:
        return bool((share(pixels[-1:]) > self.config.min_unseen).any())


def seen_from_behind(hints: Hints) -> Tensor:
    """(..., H, W) bool: what stands and is seen from the side that no frame has shown."""
    return hints.from_behind & ~hints.moving


def _with_near_walls(draft: Draft, imagination: Imagination, plan: Plan, view: View, backs: Tensor) -> Draft:
    """The draft with the plan's surfaces where memory has some behind them, from behind."""
    shown, met = _told(_casts(imagination, plan, view, backs.numpy()), draft.hints)
    return draft.filled(_hiding(draft.hints, backs, shown, met), shown)


def _hiding(hints: Hints, backs: Tensor, shown: Hints, met: Tensor) -> Tensor:
    """(T, H, W) bool: surfaces of a plan that lie before those that memory has from behind."""
    return backs & (met >= SURFACE) & (hints.log_depth - shown.log_depth > _AGREES)


def _was_read(plan: Plan, shown: Hints, view: View) -> Tensor:
    """(T, H, W) bool: surfaces that lie in patches that were seen."""
    places = unproject(shown.log_depth.exp() + _BEYOND_METRES, view.intrinsics, view.world_from_camera)
    cells = ((places[..., :2] - torch.tensor(plan.offset)) / CELL_METRES).floor().long().numpy()
    near = np.abs(cells - np.median(cells.reshape(-1, 2), 0)).max(-1) < _FAR_CELLS
    first = cells[near].min(0) // PATCH * PATCH
    columns, rows = ((cells[near].max(0) - first) // PATCH + 1) * PATCH
    _, objects = plan.region((int(first[0]), int(first[1])), int(columns), int(rows))
    inside, found = (cells[near] - first) // PATCH, np.zeros(near.shape, np.bool_)
    found[near] = objects[inside[:, 0], inside[:, 1]] == SHOWN_ELSEWHERE
    return torch.from_numpy(found)


def _with_plan(draft: Draft, plan: Plan, guessed: Tensor) -> Draft:
    """The draft with a plan that has grown, and pixels that memory is not to keep."""
    return replace(draft, state=replace(draft.state, plan=plan), provisional=draft.provisional | guessed)


@dataclass(frozen=True, eq=False)
class _Grown:
    """A plan that is drawn on for a body, where much of what it needs is undecided.

    Attributes:
        imagination: Draws.
        growth: How far ahead.
        watcher: The body.
        open_pixels: (H, W) bool, the pixels of the last frame that nothing else shows.
    """

    imagination: Imagination
    growth: GrowthConfig
    watcher: Watcher
    open_pixels: NDArray[np.bool_]

    def shown(self, plan: Plan, hints: Hints, view: View) -> tuple[Plan, Hints, Tensor]:
        """The plan drawn on, what it shows at the poses of a chunk, and what rays met.

        Where much of what is near is a guess, the window is drawn to its end at once.
        """
        plan = self.imagination.continued(plan, self.watcher, self.growth)
        everywhere = np.ones(hints.seen.shape, np.bool_)
        casts = _casts(self.imagination, plan, view, everywhere)
        if plan.drawing is not None and self._is_guessed(casts[-1]):
            plan = self.imagination.finished(plan)
            casts = _casts(self.imagination, plan, view, everywhere)
        return plan, *_told(casts, hints)

    def _is_guessed(self, cast: Cast) -> bool:
        near = self.open_pixels & (cast.met == UNDECIDED) & (cast.depth < _NEAR_METRES)
        return bool(near.mean() >= _MOST_GUESSED)


def _watcher(view: View, open_pixels: NDArray[np.bool_] | None = None) -> Watcher:
    """The body behind the last camera, which looks all round, or where columns of the frame have open pixels."""
    pose = view.world_from_camera[-1].double().numpy()
    heading = float(np.arctan2(pose[1, 2], pose[0, 2]))
    x, y = (float(value) for value in pose[:2, 3])
    if open_pixels is None:
        return Watcher(x, y, heading)
    columns = np.flatnonzero(open_pixels.mean(0) >= _OPEN_COLUMN)
    focal, middle = (float(view.intrinsics[number]) for number in (0, 2))
    return Watcher(x, y, heading, heading - np.arctan((columns + 0.5 - middle) / focal))


def _casts(imagination: Imagination, plan: Plan, view: View, asked: NDArray[np.bool_]) -> list[Cast]:
    """What a plan shows at the poses of a chunk, at the pixels (T, H, W) asked for."""
    poses, lens = view.world_from_camera.double().numpy(), view.intrinsics.double().numpy()
    board = board_round(plan, *poses[-1, :2, 3].tolist())
    return [
        imagination.shown(plan, board, pose, lens, pixels, FAR_METRES)
        for pose, pixels in zip(poses, asked, strict=True)
    ]


def _told(casts: Sequence[Cast], hints: Hints) -> tuple[Hints, Tensor]:
    """Casts as hints (T, H, W), whose surfaces are as fine as a frame, and what rays met."""
    colour = torch.from_numpy(np.stack([one.colour for one in casts]))
    depth = torch.from_numpy(np.stack([one.depth for one in casts]))
    shown = replace(hints, colour=colour, log_depth=_logarithm(depth), area=torch.ones_like(hints.area))
    return shown, torch.from_numpy(np.stack([one.met for one in casts]))


def _logarithm(depth: Tensor) -> Tensor:
    return depth.clamp_min(1e-2).log()
