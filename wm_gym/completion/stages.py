"""The stages of completion, in the order in which they usually run.

| stage | decides |
|---|---|
| `PlacedScenes` | what scenes that were placed before show |
| `Sky` | what must be sky |
| `NewScene` | one more scene where much stays open |
| `Holes` | thin holes, as what lies beside them |
| `Inpainting` | what is left, invented |

The last frame of a chunk is decided first, and the frames on the way show it: the end of a chunk is where most of what
is new comes into view. Sources: TeleWorld's micro planning (section 3.2.1: the frame that ends a segment is generated
first) and key-frame reconstruction (section 3.3.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor

from wm_gym.completion.conditioning import conditioning_planes, elevation
from wm_gym.completion.holes import fill_holes
from wm_gym.completion.inpainter import COARSE_AREA, Inpainter
from wm_gym.completion.inpainting import SAME_SURFACE, InpaintedFrame, inpaint_frame, without_thin_holes
from wm_gym.completion.placement import PlacementConfig, place_scene, render_placed
from wm_gym.completion.sampling import SamplingConfig, sample_codes
from wm_gym.completion.scene_bank import FAR_METRES, NEAR_METRES, SceneBank
from wm_gym.completion.sky import continue_sky
from wm_gym.completion.stage import Draft, View, last_frame, share
from wm_gym.completion.state import CompletionState, PlacedScene
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.render import render
from wm_gym.memory.write import write

FINER = 0.8
"""Share of a known point's area that an inpainted one on its surface must stay under to be shown instead."""


@dataclass(frozen=True)
class CompletionConfig:
    """When and how hints are completed.

    Attributes:
        least_unseen: Share of a chunk's last frame that must be unseen for it to be completed.
        least_retrieved: Share that must be unseen, thin holes aside, for another scene to be placed; what is less is a
            hole in a place that is known.
        repaints: Whether what is coarse, since it was seen from afar, is painted anew.
        least_coarse: Share of the frame that must be coarse for it to be painted anew.
        sampling: How the inpainter's codes are chosen.
        placement: How scenes are chosen.
    """

    least_unseen: float = 0.01
    least_retrieved: float = 0.08
    repaints: bool = False
    least_coarse: float = 0.05
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    placement: PlacementConfig = field(default_factory=PlacementConfig)


def wants(frames: Hints, config: CompletionConfig) -> Tensor:
    """(N,) bool: which frames (N, H, W) are to be completed."""
    wanted = share(~frames.seen) > config.least_unseen
    if config.repaints:
        wanted |= share(frames.area >= COARSE_AREA) > config.least_coarse
    return wanted


@dataclass(frozen=True)
class PlacedScenes:
    """Scenes that were placed before, the oldest first."""

    scene_bank: SceneBank
    config: CompletionConfig

    def __call__(self, draft: Draft, view: View) -> Draft:
        """Show them where they are to be shown."""
        for placed in draft.state.placed:
            draft = _with_scene(draft, self.scene_bank, placed, view, self.config.placement)
        return draft


@dataclass(frozen=True)
class Sky:
    """Sky that goes on above and beside known sky."""

    def __call__(self, draft: Draft, view: View) -> Draft:
        """Fill what must be sky."""
        lenses = view.intrinsics.expand(len(view.world_from_camera), 4)
        rises = elevation(view.world_from_camera[:, 2, :3], lenses, *draft.hints.seen.shape[1:])
        shown, where = continue_sky(draft.hints, rises, FAR_METRES)
        return draft.filled(where, shown)


@dataclass(frozen=True)
class NewScene:
    """One more scene of the bank, where much of the last frame stays open."""

    scene_bank: SceneBank
    config: CompletionConfig

    def __call__(self, draft: Draft, view: View) -> Draft:
        """Place the scene that matches best, show it, and let its sky go on."""
        last = last_frame(draft.hints)
        if float(share(without_thin_holes(~last.seen))) <= self.config.least_retrieved:
            return draft
        up = view.world_from_camera[-1:, 2, :3]
        known = conditioning_planes(last, up, view.intrinsics[None], NEAR_METRES, FAR_METRES)
        new = place_scene(self.scene_bank, known, view, self.config.placement)
        draft = _with_scene(draft, self.scene_bank, new, view, self.config.placement)
        placed = (*draft.state.placed, new)[-self.config.placement.most :]
        return Sky()(replace(draft, state=CompletionState(placed)), view)


@dataclass(frozen=True)
class Holes:
    """Thin holes of the last frame, closed by what lies beside them."""

    config: CompletionConfig

    def __call__(self, draft: Draft, view: View) -> Draft:
        """Close them, and show in the frames before what those see of it."""
        last = last_frame(draft.hints)
        return _carried(draft, fill_holes(last), view) if wants(last, self.config).any() else draft


@dataclass(frozen=True)
class Inpainting:
    """What nothing else has decided of the last frame, invented by the inpainter."""

    inpainter: Inpainter
    config: CompletionConfig

    def __call__(self, draft: Draft, view: View) -> Draft:
        """Invent it, and show in the frames before what those see of it."""
        last = last_frame(draft.hints)
        if not wants(last, self.config).any():
            return draft
        choose = partial(_choose, self.inpainter, self.config.sampling, list(view.seed))
        pose = view.world_from_camera[-1]
        made = inpaint_frame(self.inpainter, last, pose, view.intrinsics, choose, repaints=self.config.repaints)
        return _carried(draft, made, view)


def _with_scene(draft: Draft, scene_bank: SceneBank, placed: PlacedScene, view: View, config: PlacementConfig) -> Draft:
    """The guidance with what a placed scene shows. What is shown already (`draft.completed`) stays."""
    shown, where = render_placed(scene_bank, placed, draft.hints, draft.completed, view, config)
    return draft.filled(where, shown)


def _choose(inpainter: Inpainter, sampling: SamplingConfig, seed: list[int], known: Tensor, painted: Tensor) -> Tensor:
    return sample_codes(inpainter, known, painted, sampling, seed)


def _carried(draft: Draft, made: InpaintedFrame, view: View) -> Draft:
    """The guidance with what all T poses see of a last frame, where nothing was seen or what is seen is coarser."""
    shown, hints = _seen_from(view, made), draft.hints
    nearer = hints.log_depth - shown.log_depth
    finer = (nearer.abs() < SAME_SURFACE) & (shown.area < FINER * hints.area)
    new = shown.seen & ~hints.moving & (~hints.seen | finer | (nearer >= SAME_SURFACE))
    new[-1] = shown.seen[-1] & (made.depth > 0)
    overwritten = new & hints.seen & (nearer < SAME_SURFACE)  # what is hidden behind what was made stays
    return draft.filled(new, shown, overwritten)


def _seen_from(view: View, made: InpaintedFrame) -> Hints:
    """What T poses see of the last frame, (T, H, W)."""
    still, poses, lens = torch.zeros_like(made.depth, dtype=torch.bool), view.world_from_camera, view.intrinsics
    memory = write(
        Memory.empty(MemoryConfig()), made.frame[None], made.depth[None], still[None], poses[-1:], lens,
        hints=None, frame_index=0, appearance=0,
    )  # fmt: skip
    return render([memory], poses[None], lens[None], *made.depth.shape, frame_index=[0], appearance=[0]).of_world(0)
