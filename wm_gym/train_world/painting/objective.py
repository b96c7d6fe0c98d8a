"""What a painter is taught: which codes are hidden, and to turn codes into pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.backends.video.painting.network import HIDDEN, KEPT, REVEALED
from wm_gym.backends.video.painting.painter import Painter
from wm_gym.train_world.painting.batches import PaintBatch

WINDOW = 4
"""Rows and columns of the windows in which contrast is compared."""

FAINT = 1e-4


@dataclass(frozen=True)
class PaintObjectiveConfig:
    """Weights.

    Attributes:
        smoothing: Of the labels.
        finish_share: Share of a batch that the finisher learns from.
        finish_weight: Of its loss.
        squares: Weight of squared errors in it, against absolute ones: entries are means, which absolute errors hardly
            ask to change.
        contrast: Weight of how much neighbours differ within small windows, whichever way: errors alone are least
            where all is soft.
    """

    smoothing: float = 0.02
    finish_share: float = 0.25
    finish_weight: float = 4.0
    squares: float = 8.0
    contrast: float = 3.0


def paint_loss(painter: Painter, batch: PaintBatch, config: PaintObjectiveConfig) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of a batch, and its parts."""
    codes = painter.codebook.encode(batch.surface)
    painted = painter.wanting(batch.known) | batch.everything[:, None]
    roles = roles_of(painted, batch)
    scored = (roles == HIDDEN) & batch.steady
    states = painter.network(batch.known, codes, roles)[scored]
    logits = painter.network.head(states, codes[scored], painter.network.codes)
    wanted, count = codes[scored], max(1, int(scored.sum()))  # there may be nothing to paint
    losses = [
        F.cross_entropy(scores.float(), wanted[:, slot], label_smoothing=config.smoothing, reduction="sum") / count
        for slot, scores in enumerate(logits)
    ]
    cells = painter.config.cells
    depth, colour = torch.stack(losses[:cells]).mean(), torch.stack(losses[cells:]).mean()
    finish = _finishing(painter, batch, codes, painted, config)
    total = depth + colour + config.finish_weight * finish
    return total, {"depth_nats": depth.detach(), "colour_nats": colour.detach(), "finish": finish.detach()}


def roles_of(painted: Tensor, batch: PaintBatch) -> Tensor:
    """(B, tokens): tokens to be painted are hidden but for a share of them, and one at least stays hidden."""
    rank = batch.shown.masked_fill(~painted, 2.0).argsort(1).argsort(1)
    count = (painted.sum(1) * batch.share).ceil().long()
    hidden = painted & (rank < count[:, None])
    return torch.where(hidden, HIDDEN, torch.where(painted, REVEALED, KEPT))


def _finishing(
    painter: Painter, batch: PaintBatch, codes: Tensor, painted: Tensor, config: PaintObjectiveConfig
) -> Tensor:
    """How far finished pixels are from the truth, in painted tokens."""
    count = max(1, int(config.finish_share * len(codes)))
    made = painter.finish(codes[:count], batch.known[:count], painted[:count])
    truth, where = batch.surface[:count], painter.pixels_of(painted[:count] & batch.steady[:count])[:, None].float()
    error = (made - truth) * where
    wrong = (contrast(made * where) - contrast(truth * where)).abs().sum() * WINDOW**2
    total = error.abs().sum() + config.squares * error.square().sum() + config.contrast * wrong
    return total / (4 * where.sum().clamp(min=1))


def contrast(planes: Tensor) -> Tensor:
    """(N, C, H', W') root of the mean squared difference of neighbours within windows of planes (N, C, H, W)."""
    energy = planes.diff(dim=-1)[..., 1:, :].square() + planes.diff(dim=-2)[..., 1:].square()
    return (F.avg_pool2d(energy, WINDOW, ceil_mode=True) + FAINT).sqrt()
