"""What a painter is taught: which codes are hidden, and to turn codes into pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.backends.video.painting.network import HIDDEN, KEPT, REVEALED
from wm_gym.backends.video.painting.painter import Painter
from wm_gym.train_world.painting.batches import PaintBatch


@dataclass(frozen=True)
class PaintObjectiveConfig:
    """Weights.

    Attributes:
        smoothing: Of the labels.
        finish_share: Share of a batch that the finisher learns from.
        finish_weight: Of its loss.
        edges: Weight of differences between neighbours in it, against values.
    """

    smoothing: float = 0.02
    finish_share: float = 0.25
    finish_weight: float = 4.0
    edges: float = 1.0


def paint_loss(painter: Painter, batch: PaintBatch, config: PaintObjectiveConfig) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of a batch, and its parts."""
    codes = painter.codebook.encode(batch.surface)
    painted = painter.wanting(batch.known) | batch.everything[:, None]
    roles = roles_of(painted, batch)
    scored = (roles == HIDDEN) & batch.steady
    states = painter.network(batch.known, codes, roles)[scored]
    logits = painter.network.head(states, codes[scored], painter.network.codes)
    losses = [
        F.cross_entropy(scores.float(), codes[scored][:, slot], label_smoothing=config.smoothing)
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
    where = painter.pixels_of(painted[:count] & batch.steady[:count])[:, None].float()
    error = (made - batch.surface[:count]) * where
    changes = sum((error.diff(dim=dim).abs().sum() for dim in (-1, -2)), error.new_zeros(()))
    return (error.abs().sum() + config.edges * changes) / (4 * where.sum().clamp(min=1))
