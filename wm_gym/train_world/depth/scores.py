"""Figures of depth networks on held-out walks, and a strip of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from wm_gym.geometry.depth_scale import FAR_METRES, NEAR_METRES
from wm_gym.reconstruction.depth_network import DepthAnswer
from wm_gym.reconstruction.one_picture import WALL_METRES
from wm_gym.reconstruction.surfaces import Surfaces
from wm_gym.train_world.depth.batches import DepthBatch, Frames
from wm_gym.train_world.depth.clips import DepthClip
from wm_gym.train_world.depth.draws import colours_of, depth_of, moving_of, poses_of, remembered
from wm_gym.train_world.depth.objective import log_of
from wm_gym.train_world.report import Score

SCORED_METRES = (0.3, 20.0)
"""Depth within which the relative error is taken."""

STEP, BESIDE = 4, (2, 4, 8, 16)
"""Frames from one scored frame of a walk to the next, and from a frame to the earlier ones beside it."""

_SCORED_CLIPS, _SHOWN_FRAMES = 60, 10


@dataclass(frozen=True)
class _Way:
    """How walks are told: with others beside each frame, with what was estimated before, with what memory knows."""

    beside: bool = False
    carried: bool = False
    hinted: bool = False


WAYS = {"alone": _Way(), "walk": _Way(True, True), "hinted": _Way(True, True, True)}


class HeldOutDepth:
    """Scores depth networks on walks that they never saw.

    Each frame alone; as a walk of known poses, from colours alone, each frame after what was estimated of those before
    it; the same where memory knows exactly what earlier frames saw; and the frames that walks begin with.
    """

    def __init__(self, clips: Sequence[DepthClip], most: int = _SCORED_CLIPS) -> None:
        """Score on the later halves of so many clips, spread over all."""
        clips = [clips[k] for k in np.linspace(0, len(clips) - 1, min(most, len(clips))).astype(int)]
        length = min(len(clip.frames) for clip in clips)
        rows = range(0, length, STEP)
        self._first_scored = len(rows) // 2
        self._told = {
            name: [DepthBatch.of(Frames.stack([_frame(clip, row, way) for clip in clips])) for row in rows]
            for name, way in WAYS.items()
        }

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> Score:
        """Mean AbsRel from 0.3 to 20 m, of the prior too; IoU of what moves; a strip of frames, truth and answers."""
        made = {name: _walked(network, self._told[name], carries=way.carried) for name, way in WAYS.items()}
        later = slice(self._first_scored, None)
        steps = self._told["alone"]
        depth, moving = (torch.cat([getattr(one, part) for one in steps[later]]) for part in ("depth", "moving"))
        figures = {}
        for name, answers in made.items():
            figures[f"absrel_{name}"] = absrel(torch.cat([one.depth for one in answers[later]]), depth)
            figures[f"moving_iou_{name}"] = iou(torch.cat([one.moving for one in answers[later]]), moving > 0)
        prior = torch.cat([one.given.ground for one in steps[later]]).clamp(max=WALL_METRES)
        figures["absrel_opening"] = absrel(made["alone"][0].depth, steps[0].depth)
        figures["absrel_prior_opening"] = absrel(steps[0].given.ground.clamp(max=WALL_METRES), steps[0].depth)
        figures["absrel_prior_alone"] = absrel(prior, depth)
        return Score(figures, self._strip(made), "frame, true log-depth; alone, in a walk, with memory")

    def _strip(self, made: dict[str, list[_Told]]) -> np.ndarray:
        last = self._told["alone"][-1]
        colours = (last.given.frames * 255).round().byte().permute(0, 2, 3, 1).numpy()
        rows = [colours, _grey(last.depth), *(_grey(one[-1].depth) for one in made.values())]
        count = len(colours)
        picked = np.linspace(0, count - 1, min(_SHOWN_FRAMES, count)).astype(int)
        return np.concatenate([np.concatenate(list(row[picked]), 1) for row in rows], 0)


@dataclass(frozen=True)
class _Told:
    """Depth (N, H, W) in metres and the mask (N, H, W) of what moves."""

    depth: Tensor
    moving: Tensor


def _walked(network: nn.Module, steps: list[DepthBatch], *, carries: bool) -> list[_Told]:
    device, estimates, told = next(network.parameters()).device, [], []
    for batch in steps:
        answer = DepthAnswer(*(one.float().cpu() for one in network(batch.after(estimates).to(device))))
        told.append(_Told(answer.log_depth.exp(), answer.moving > 0))
        if carries:
            estimates.insert(0, batch.estimated(answer))
    return told


def _frame(clip: DepthClip, row: int, way: _Way) -> Frames:
    """A frame of a walk; memory knows what the scored frames before it saw."""
    before = [max(0, row - gap) for gap in BESIDE]
    shown = torch.tensor([[way.beside and row >= gap for gap in BESIDE]])
    nothing = torch.zeros(1, *clip.depth.shape[1:])
    lens = torch.from_numpy(clip.intrinsics)[None]
    known = Surfaces(nothing, nothing, nothing[:, None].repeat(1, 3, 1, 1), poses_of(clip, [row]), lens)
    if way.hinted and row:
        known = replace(remembered(clip, range(row - STEP, -1, -STEP), [row]), intrinsics=lens)
    return Frames(
        colours_of(clip, [row]), depth_of(clip, [row]), moving_of(clip, [row]), known,
        colours_of(clip, before)[None], poses_of(clip, before)[None], shown,
    )  # fmt: skip


def absrel(made: Tensor, depth: Tensor) -> float:
    """Mean error of metres as a share of the true ones, where those are within `SCORED_METRES`."""
    where = (depth >= SCORED_METRES[0]) & (depth <= SCORED_METRES[1])
    return float(((made - depth).abs() / depth.clamp(min=NEAR_METRES))[where].mean())


def iou(made: Tensor, true: Tensor) -> float:
    """Intersection over union of masks of any shape; 1 where both are empty."""
    union = int((made | true).sum())
    return int((made & true).sum()) / union if union else 1.0


def _grey(depth: Tensor) -> np.ndarray:
    low, high = np.log(NEAR_METRES), np.log(FAR_METRES)
    shade = (255 * (1 - (log_of(depth).numpy() - low) / (high - low))).astype(np.uint8)
    return shade[..., None].repeat(3, -1)
