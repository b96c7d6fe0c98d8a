"""InpaintedFrame what hints leave open: the last frame of a chunk is decided first, and the frames on the way show it.

The end of a chunk is where most of what is new comes into view, and where what was seen from afar is seen best. It is
painted once, carried as points to the frames before it, and given to the video model as if it were remembered; so the
model has to join and to move, not to imagine, and what it writes to memory is what was decided. Where references are at
hand, they are looked up first, at every frame of the chunk; gaps are closed by what is beside them, and the inpainter
invents what is left. Sources: TeleWorld's micro planning (section 3.2.1: the frame that ends a segment is generated
first) and key-frame reconstruction (section 3.3.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor

from wm_gym.completion.conditioning import conditioning_planes, elevation
from wm_gym.completion.holes import fill_holes
from wm_gym.completion.inpainter import COARSE_AREA, Inpainter
from wm_gym.completion.inpainting import SAME_SURFACE, InpaintedFrame, inpaint_frame, without_thin_holes
from wm_gym.completion.placement import PlacedScene, PlacementConfig, place_scene, render_placed
from wm_gym.completion.sampling import SamplingConfig, sample_codes
from wm_gym.completion.scene_bank import FAR_METRES, NEAR_METRES, SceneBank
from wm_gym.completion.sky import continue_sky
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.hints import Hints
from wm_gym.memory.memory import Memory
from wm_gym.memory.render import render
from wm_gym.memory.write import write

INPAINTING_STREAM = 1
"""Beside a world's seed and time, so that painting and video draw other numbers."""

FINER = 0.8
"""Share of a known point's area that a painted one on its surface must stay under to be shown instead."""


@dataclass(frozen=True)
class CompletionConfig:
    """When and how hints are painted.

    Attributes:
        least_unseen: Share of a chunk's last frame that must be unseen for it to be painted.
        least_referred: Share that must be unseen, cracks aside, for it to go on as references do; what is less is a
            gap in a place that is known.
        repaints: Whether what is coarse, since it was seen from afar, is painted anew.
        least_coarse: Share of the frame that must be coarse for it to be painted anew.
        sampling: How codes are chosen.
        placement: How places are chosen.
    """

    least_unseen: float = 0.01
    least_referred: float = 0.08
    repaints: bool = False
    least_coarse: float = 0.05
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    placement: PlacementConfig = field(default_factory=PlacementConfig)


@dataclass(frozen=True)
class CompletedHints:
    """Hints in which some pixels are painted.

    Attributes:
        hints: (N, T, H, W).
        where: (N, T, H, W) bool: what was painted.
        replaced: (N, T, H, W) bool: where what memory showed is to be let go.
        placed_scenes: Of each world, the places that it goes on as, the oldest first.
    """

    hints: Hints
    where: Tensor
    replaced: Tensor
    placed_scenes: tuple[tuple[PlacedScene, ...], ...]


def complete_hints(
    inpainter: Inpainter,
    scene_bank: SceneBank | None,
    hints: Hints,
    world_from_camera: Tensor,
    intrinsics: Tensor,
    seeds: Sequence[int],
    times: Sequence[int],
    frame_index: Sequence[int],
    prompts: Sequence[str],
    placed_scenes: Sequence[tuple[PlacedScene, ...]],
    config: CompletionConfig,
) -> CompletedHints:
    """Hints with what was unseen or coarse painted. Worlds that know enough are left as they are.

    Args:
        inpainter: In evaluation mode.
        scene_bank: Other places as which the unseen may go on; None: the inpainter invents it.
        hints: (N, T, H, W).
        world_from_camera: (N, T, 4, 4).
        intrinsics: (N, 4) fx, fy, cx, cy in pixels.
        seeds: N world seeds.
        times: N indices of latent frames.
        frame_index: N indices of the first of the T frames.
        prompts: N sentences that say what the worlds look like.
        placed_scenes: Of each world, the places that were attached so far.
        config: When and how.
    """
    wanting = set(_wanting(hints, config))
    chosen = [n for n, one in enumerate(placed_scenes) if one or n in wanting]
    nowhere = torch.zeros_like(hints.seen)
    if not chosen:
        return CompletedHints(hints, nowhere, nowhere, tuple(placed_scenes))
    hints = replace(hints, **{name: value.clone() for name, value in vars(hints).items()})
    where, replaced, places = nowhere.clone(), nowhere.clone(), list(placed_scenes)
    for n in chosen:
        one, poses, lens = hints.of_world(n), world_from_camera[n], intrinsics[n]  # views, filled in place
        seed = [int(seeds[n]), int(times[n]), INPAINTING_STREAM]
        if scene_bank is not None:
            places[n], where[n] = _gone_on(
                scene_bank, one, poses, lens, frame_index[n], prompts[n], places[n], seed, config
            )
        if _wants(_last(one), config).any():
            new, replaced[n] = _inpainted(inpainter, one, poses, lens, seed, config)
            where[n] |= new
    return CompletedHints(hints, where, replaced, tuple(places))


def _gone_on(
    scene_bank: SceneBank,
    hints: Hints,
    poses: Tensor,
    intrinsics: Tensor,
    frame_index: int,
    prompt: str,
    placed_scenes: tuple[PlacedScene, ...],
    seed: list[int],
    config: CompletionConfig,
) -> tuple[tuple[PlacedScene, ...], Tensor]:
    """Fill hints (T, H, W) as attached places go on; these, with one more if much stayed open, and where."""
    looks = _looks_as_now(hints)
    where = torch.zeros_like(hints.seen)
    for placed_scene in placed_scenes:
        where |= render_placed(scene_bank, placed_scene, hints, poses, intrinsics, frame_index, where, config.placement)
    where |= _sky_gone_on(hints, poses, intrinsics)
    if float(_share(without_thin_holes(~hints.seen[-1:]))) > config.least_referred:
        last = _last(hints)
        known = conditioning_planes(last, poses[-1:, 2, :3], intrinsics[None], NEAR_METRES, FAR_METRES)
        new = place_scene(scene_bank, known, poses[-1], prompt, config.placement, frame_index, seed)
        where |= render_placed(scene_bank, new, hints, poses, intrinsics, frame_index, where, config.placement)
        placed_scenes = (*placed_scenes, new)[-config.placement.most :]
        where |= _sky_gone_on(hints, poses, intrinsics)
    hints.same_appearance[where] = looks
    return placed_scenes, where


def _sky_gone_on(hints: Hints, poses: Tensor, intrinsics: Tensor) -> Tensor:
    """Fill what must be sky in hints (T, H, W); where."""
    lenses = intrinsics.expand(len(poses), 4)
    return continue_sky(hints, elevation(poses[:, 2, :3], lenses, *hints.seen.shape[1:]), FAR_METRES)


def _inpainted(
    inpainter: Inpainter, hints: Hints, poses: Tensor, intrinsics: Tensor, seed: list[int], config: CompletionConfig
) -> tuple[Tensor, Tensor]:
    """Paint what hints (T, H, W) leave open, gaps first; where, and where it replaces what memory showed."""
    holes = fill_holes(_last(hints))
    where, replaced = _fill(hints, _carried(holes, poses, intrinsics), holes.depth > 0)
    last = _last(hints)
    if not _wants(last, config).any():
        return where, replaced
    choose = partial(_choose, inpainter, config.sampling, seed)
    painting = inpaint_frame(inpainter, last, poses[-1], intrinsics, choose, repaints=config.repaints)
    invented = _fill(hints, _carried(painting, poses, intrinsics), painting.depth > 0)
    return where | invented[0], replaced | invented[1]


def _wanting(hints: Hints, config: CompletionConfig) -> list[int]:
    """The worlds (of hints N, T, H, W) whose last frames are to be painted."""
    ends = Hints(**{name: value[:, -1] for name, value in vars(hints).items()})
    return _wants(ends, config).nonzero().flatten().tolist()


def _wants(frames: Hints, config: CompletionConfig) -> Tensor:
    """(N,) bool: which frames (N, H, W) are to be painted."""
    wanted = _share(~frames.seen) > config.least_unseen
    if config.repaints:
        wanted |= _share(frames.area >= COARSE_AREA) > config.least_coarse
    return wanted


def _last(hints: Hints) -> Hints:
    """The last of T frames, (1, H, W)."""
    return Hints(**{name: value[-1:] for name, value in vars(hints).items()})


def _share(where: Tensor) -> Tensor:
    """(N,) of (N, H, W)."""
    return where.float().mean((1, 2))


def _choose(inpainter: Inpainter, sampling: SamplingConfig, seed: list[int], known: Tensor, painted: Tensor) -> Tensor:
    return sample_codes(inpainter, known, painted, sampling, seed)


def _carried(painting: InpaintedFrame, poses: Tensor, intrinsics: Tensor) -> Hints:
    """What T poses see of one painted frame, (T, H, W)."""
    still = torch.zeros_like(painting.depth, dtype=torch.bool)
    memory = write(
        Memory.empty(MemoryConfig()), painting.frame[None], painting.depth[None], still[None], poses[-1:], intrinsics,
        hints=None, frame_index=0, appearance=0,
    )  # fmt: skip
    size = painting.depth.shape
    return render([memory], poses[None], intrinsics[None], *size, frame_index=[0], appearance=[0]).of_world(0)


def _fill(hints: Hints, painted: Hints, at_end: Tensor) -> tuple[Tensor, Tensor]:
    """Take over what is painted, where nothing was seen or what is seen is coarser; where, and where it replaces.

    It looks as most of what is seen does.

    Args:
        hints: (T, H, W), filled in place.
        painted: (T, H, W), what the poses see of it.
        at_end: (H, W) bool: what was painted of the last frame.
    """
    nearer = hints.log_depth - painted.log_depth
    finer = (nearer.abs() < SAME_SURFACE) & (painted.area < FINER * hints.area)
    new = painted.seen & ~hints.moving & (~hints.seen | finer | (nearer >= SAME_SURFACE))
    new[-1] = painted.seen[-1] & at_end
    replaced = new & hints.seen & (nearer < SAME_SURFACE)  # what is hidden behind what was painted stays
    looks = _looks_as_now(hints)
    hints.colour[new] = painted.colour[new]
    hints.log_depth[new] = painted.log_depth[new]
    hints.area[new] = painted.area[new]
    hints.same_appearance[new] = looks
    hints.seen[new] = True
    return new, replaced


def _looks_as_now(hints: Hints) -> bool:
    """Whether most of what is seen looks as it does now."""
    looks = hints.same_appearance[hints.seen]
    return bool(looks.float().mean() >= 0.5) if len(looks) else True
