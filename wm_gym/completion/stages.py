"""The stages of completion, in the order in which they usually run.

| stage | completes |
|---|---|
| `PlacedScenes` | pixels that already placed scenes show |
| `Sky` | pixels above or beside sky |
| `NewScene` | large unseen regions, by placing one more scene |
| `Holes` | thin holes, from the surfaces beside them |
| `Inpainting` | the rest, by the inpainter |

`Holes` and `Inpainting` complete the last frame of a chunk, where most of the new view appears, and reproject it to the
frames before. Sources: TeleWorld's micro planning (section 3.2.1: the frame that ends a segment is generated first) and
key-frame reconstruction (section 3.3.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

from torch import Tensor

from wm_gym.completion.conditioning import conditioning_planes, elevation
from wm_gym.completion.holes import fill_holes
from wm_gym.completion.inpainter import COARSE_AREA, Inpainter
from wm_gym.completion.inpainting import inpaint_frame, without_thin_holes
from wm_gym.completion.placement import PlacementConfig, place_scene, render_placed
from wm_gym.completion.propagation import propagated
from wm_gym.completion.sampling import SamplingConfig, sample_codes
from wm_gym.completion.scene_bank import SceneBank
from wm_gym.completion.sky import continue_sky
from wm_gym.completion.stage import Draft, View, last_frame, share
from wm_gym.completion.state import CompletionState, PlacedScene
from wm_gym.geometry.depth_scale import FAR_METRES, NEAR_METRES
from wm_gym.memory.hints import Hints


@dataclass(frozen=True)
class CompletionConfig:
    """When and how hints are completed.

    Attributes:
        min_unseen: Share of unseen pixels in a chunk's last frame above which it is completed.
        min_open: Share of unseen pixels, thin holes aside, above which one more scene is placed; smaller regions are
            holes in a scene that is already there.
        repaints: Whether pixels that are coarse, because they were seen from afar, are inpainted again.
        min_coarse: Share of coarse pixels above which that happens.
        sampling: How the inpainter's codes are sampled.
        placement: How scenes are chosen and rendered.
    """

    min_unseen: float = 0.01
    min_open: float = 0.08
    repaints: bool = False
    min_coarse: float = 0.05
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    placement: PlacementConfig = field(default_factory=PlacementConfig)


def needs_completion(frames: Hints, config: CompletionConfig) -> Tensor:
    """(N,) bool: which frames (N, H, W) have enough unseen or coarse pixels to be completed."""
    needed = share(~frames.seen) > config.min_unseen
    if config.repaints:
        needed |= share(frames.area >= COARSE_AREA) > config.min_coarse
    return needed


@dataclass(frozen=True)
class PlacedScenes:
    """Rendering of the scenes placed earlier, the oldest first."""

    scene_bank: SceneBank
    config: CompletionConfig

    def __call__(self, draft: Draft, view: View) -> Draft:
        """Fill the pixels that the placed scenes show."""
        for placed in draft.state.placed:
            draft = _with_scene(draft, self.scene_bank, placed, view, self.config.placement)
        return draft


@dataclass(frozen=True)
class Sky:
    """Continuation of the seen sky."""

    def __call__(self, draft: Draft, view: View) -> Draft:
        """Fill the pixels that are sky."""
        intrinsics = view.intrinsics.expand(len(view.world_from_camera), 4)
        elevations = elevation(view.world_from_camera[:, 2, :3], intrinsics, *draft.hints.seen.shape[1:])
        shown, where = continue_sky(draft.hints, elevations, FAR_METRES)
        return draft.filled(where, shown)


@dataclass(frozen=True)
class NewScene:
    """Placement of one more scene of the bank, where much of the last frame is unseen."""

    scene_bank: SceneBank
    config: CompletionConfig

    def __call__(self, draft: Draft, view: View) -> Draft:
        """Place the best match, render it, and continue its sky."""
        last = last_frame(draft.hints)
        if float(share(without_thin_holes(~last.seen))) <= self.config.min_open:
            return draft
        up = view.world_from_camera[-1:, 2, :3]
        conditioning = conditioning_planes(last, up, view.intrinsics[None], NEAR_METRES, FAR_METRES)
        new = place_scene(self.scene_bank, conditioning, view, self.config.placement)
        draft = _with_scene(draft, self.scene_bank, new, view, self.config.placement)
        placed = (*draft.state.placed, new)[-self.config.placement.max_placed :]
        return Sky()(replace(draft, state=CompletionState(placed)), view)


@dataclass(frozen=True)
class Holes:
    """Filling of thin holes in the last frame from the surfaces beside them."""

    config: CompletionConfig

    def __call__(self, draft: Draft, view: View) -> Draft:
        """Fill the holes of the last frame and reproject them to the frames before."""
        last = last_frame(draft.hints)
        return propagated(draft, fill_holes(last), view) if needs_completion(last, self.config).any() else draft


@dataclass(frozen=True)
class Inpainting:
    """Inpainting of what the other stages leave unseen in the last frame."""

    inpainter: Inpainter
    config: CompletionConfig

    def __call__(self, draft: Draft, view: View) -> Draft:
        """Inpaint the last frame and reproject it to the frames before."""
        last = last_frame(draft.hints)
        if not needs_completion(last, self.config).any():
            return draft
        choose = partial(_choose, self.inpainter, self.config.sampling, list(view.seed))
        pose = view.world_from_camera[-1]
        made = inpaint_frame(self.inpainter, last, pose, view.intrinsics, choose, repaints=self.config.repaints)
        return propagated(draft, made, view)


def _with_scene(draft: Draft, scene_bank: SceneBank, placed: PlacedScene, view: View, config: PlacementConfig) -> Draft:
    """The guidance with a placed scene rendered into it; pixels already completed stay."""
    shown, where = render_placed(scene_bank, placed, draft.hints, draft.completed, view, config)
    return draft.filled(where, shown)


def _choose(
    inpainter: Inpainter, sampling: SamplingConfig, seed: list[int], conditioning: Tensor, inpainted: Tensor
) -> Tensor:
    return sample_codes(inpainter, conditioning, inpainted, sampling, seed)
