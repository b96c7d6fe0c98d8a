"""Figures of depth networks on held-out clips, and a strip of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from wm_gym.geometry.depth_scale import FAR_METRES, NEAR_METRES
from wm_gym.reconstruction.depth_network import DepthAnswer
from wm_gym.reconstruction.one_picture import WALL_METRES
from wm_gym.train_world.depth.batches import frames_of, openings_of
from wm_gym.train_world.depth.clips import DepthClip
from wm_gym.train_world.depth.objective import log_of
from wm_gym.train_world.report import Score

SCORED_METRES = (0.3, 20.0)
"""Depth within which the relative error is taken."""

_SCORED_FRAMES, _SHOWN_FRAMES = 60, 10


class HeldOutDepth:
    """Scores depth networks on frames that they never saw: alone, beside others, with known depth, and as openings."""

    def __init__(self, clips: Sequence[DepthClip], frames: int = _SCORED_FRAMES) -> None:
        """Score on so many frames, spread over the clips, at most four of each."""
        count = min(frames, 4 * len(clips))
        asked = {"alone": (False, False), "beside": (True, False), "hinted": (True, True)}
        self._batches = {
            name: frames_of(clips, count, others=others, hints=hints) for name, (others, hints) in asked.items()
        } | {"opening": openings_of(clips[:_SCORED_FRAMES])}

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> Score:
        """Mean AbsRel from 0.3 to 20 m, of the prior too; IoU of what moves; a strip of frames, truth and answers."""
        device, figures, rows = next(network.parameters()).device, {}, []
        for name, batch in self._batches.items():
            answer = DepthAnswer(*(one.float().cpu() for one in network(batch.given.to(device))))
            figures[f"absrel_{name}"] = absrel(answer.log_depth.exp(), batch.depth)
            figures[f"moving_iou_{name}"] = iou(answer.moving > 0, batch.moving > 0)
            rows.append(_grey(answer.log_depth.exp()))
        for name in ("alone", "opening"):
            batch = self._batches[name]
            figures[f"absrel_prior_{name}"] = absrel(batch.given.ground.clamp(max=WALL_METRES), batch.depth)
        alone = self._batches["alone"]
        colours = (alone.given.frames * 255).round().byte().permute(0, 2, 3, 1).numpy()
        strip = [np.concatenate(list(row[:_SHOWN_FRAMES]), 1) for row in (colours, _grey(alone.depth), *rows[:3])]
        return Score(figures, np.concatenate(strip, 0), "frame, true log-depth; alone, beside others, hinted")


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
