"""The loss of the depth network, and its figures on held-out recordings."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from wm_gym.geometry.depth_scale import FAR_METRES, NEAR_METRES
from wm_gym.reconstruction.one_picture import WALL_METRES
from wm_gym.train_world.data.recordings import Recordings
from wm_gym.train_world.depth.batches import DepthBatch, frames_of
from wm_gym.train_world.report import Score

INVARIANT, GRADIENT = 0.5, 0.5
_SCALES = 3
_SCORED_FRAMES, _SHOWN_FRAMES, _SCORED_METRES = 48, 8, (0.3, 20.0)


def depth_loss(network: nn.Module, batch: DepthBatch) -> tuple[Tensor, dict[str, Tensor]]:
    """Error of log-depth, in part free of scale, and of its gradients at several scales.

    Source: Eigen et al. 2014, eq. 4 (scale-invariant error); Ranftl et al. 2020, eq. 11 (gradient matching).
    """
    known = batch.depth > 0
    off = torch.where(known, network(batch.frames, batch.ground, batch.known_depth) - _log(batch.depth), 0.0).float()
    count = known.flatten(1).sum(1).clamp(min=1)
    mean, square = off.flatten(1).sum(1) / count, off.square().flatten(1).sum(1) / count
    spread = (square - INVARIANT * mean.square() + 1e-6).sqrt().mean()
    absolute = (off.abs().flatten(1).sum(1) / count).mean()
    gradient = _gradient(off, known)
    return spread + absolute + GRADIENT * gradient, {"absolute": absolute.detach(), "gradient": gradient.detach()}


def _gradient(off: Tensor, known: Tensor) -> Tensor:
    total = off.new_zeros(())
    for _ in range(_SCALES):
        for dim in (1, 2):
            length = off.shape[dim] - 1
            both = known.narrow(dim, 1, length) & known.narrow(dim, 0, length)
            steps = (off.narrow(dim, 1, length) - off.narrow(dim, 0, length)).abs() * both
            total = total + steps.sum() / both.sum().clamp(min=1)
        off = functional.avg_pool2d(off[:, None], 2)[:, 0]
        known = functional.avg_pool2d(known[:, None].float(), 2)[:, 0] > 0.99
    return total


def _log(depth: Tensor) -> Tensor:
    return depth.clamp(NEAR_METRES, FAR_METRES).log()


class HeldOutDepth:
    """Scores depth networks on frames that they never saw, of which nothing is known."""

    def __init__(self, source: Recordings) -> None:
        """Score on frames spread over the source."""
        self._batch = frames_of(source, min(_SCORED_FRAMES, 4 * len(source)))

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> Score:
        """Mean AbsRel from 0.3 to 20 m of the network and of its prior; a strip of frames, truth and answer."""
        batch = self._batch.to(next(network.parameters()).device)
        made = network(batch.frames, batch.ground, batch.known_depth).exp()
        figures = {
            "absrel": _absrel(made, batch.depth),
            "prior_absrel": _absrel(batch.ground.clamp(max=WALL_METRES), batch.depth),
        }
        colours = (batch.frames * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        rows = [colours, _grey(batch.depth), _grey(made)]
        strip = np.concatenate([np.concatenate(list(row[:_SHOWN_FRAMES]), 1) for row in rows], 0)
        return Score(figures, strip, "frame, true log-depth, answer")


def _absrel(made: Tensor, depth: Tensor) -> float:
    where = (depth >= _SCORED_METRES[0]) & (depth <= _SCORED_METRES[1])
    return float(((made - depth).abs() / depth.clamp(min=NEAR_METRES))[where].mean())


def _grey(depth: Tensor) -> np.ndarray:
    low, high = np.log(NEAR_METRES), np.log(FAR_METRES)
    shade = (255 * (1 - (_log(depth).cpu().numpy() - low) / (high - low))).astype(np.uint8)
    return shade[..., None].repeat(3, -1)
