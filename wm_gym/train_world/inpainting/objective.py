"""What an inpainter is taught: which codes are hidden, and to turn codes into pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from wm_gym.completion.conditioning import MOVING, SEEN
from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.network import HIDDEN, KEPT, REVEALED
from wm_gym.train_world.inpainting.batches import InpaintingBatch

WINDOW = 4
"""Rows and columns of the windows in which contrast is compared."""

FAINT = 1e-4

RIGHT_COLOUR, RIGHT_DEPTH = 0.12, 0.04
"""Mean difference of colour and difference of log-depth, of -1..1, within which what is known is right."""


@dataclass(frozen=True)
class InpaintingObjectiveConfig:
    """Weights.

    Attributes:
        smoothing: Of the labels.
        finish_share: Share of a batch that the finisher learns from.
        finish_weight: Of its loss.
        squares: Weight of squared errors in it, against absolute ones: entries are means, which absolute errors hardly
            ask to change.
        contrast: Weight of how much neighbours differ within small windows, whichever way: errors alone are least
            where all is soft.
        trust: Weight of telling whether what is known is right.
    """

    smoothing: float = 0.02
    finish_share: float = 0.25
    finish_weight: float = 4.0
    squares: float = 8.0
    contrast: float = 3.0
    trust: float = 0.5


def inpainting_loss(
    inpainter: Inpainter, batch: InpaintingBatch, config: InpaintingObjectiveConfig
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of a batch, and its parts."""
    codes = inpainter.codebook.encode(batch.surface)
    painted = inpainter.tokens_to_inpaint(batch.known) | batch.everything[:, None]
    roles = roles_of(painted, batch)
    scored = (roles == HIDDEN) & batch.steady
    detail = inpainter.network.detail(batch.known)
    states = inpainter.network(batch.known, detail, codes, roles)[scored]
    queries = inpainter.network.head.queries(states, inpainter.network.detail.of_codes(detail[scored]))
    logits = inpainter.network.head(queries, codes[scored], inpainter.network.codes)
    wanted, count = codes[scored], max(1, int(scored.sum()))  # there may be nothing to paint
    losses = [
        F.cross_entropy(scores.float(), wanted[:, code_index], label_smoothing=config.smoothing, reduction="sum")
        / count
        for code_index, scores in enumerate(logits)
    ]
    cells = inpainter.config.cells
    depth, colour = torch.stack(losses[:cells]).mean(), torch.stack(losses[cells:]).mean()
    count = max(1, int(config.finish_share * len(codes)))
    made, logit = inpainter.decode_pixels(codes[:count], batch.known[:count], painted[:count])
    where = inpainter.pixels_of(painted[:count] & batch.steady[:count])[:, None].float()
    finish = finishing(made, batch.surface[:count], where, config)
    trust = trusting(logit, batch.known[:count], batch.surface[:count], inpainter.pixels_of(batch.steady[:count]))
    total = depth + colour + config.finish_weight * finish + config.trust * trust
    parts = {"depth_nats": depth, "colour_nats": colour, "finish": finish, "trust_nats": trust}
    return total, {name: value.detach() for name, value in parts.items()}


def roles_of(painted: Tensor, batch: InpaintingBatch) -> Tensor:
    """(B, tokens): tokens to be painted are hidden but for a share of them, and one at least stays hidden."""
    rank = batch.shown.masked_fill(~painted, 2.0).argsort(1).argsort(1)
    count = (painted.sum(1) * batch.share).ceil().long()
    hidden = painted & (rank < count[:, None])
    return torch.where(hidden, HIDDEN, torch.where(painted, REVEALED, KEPT))


def finishing(made: Tensor, truth: Tensor, where: Tensor, config: InpaintingObjectiveConfig) -> Tensor:
    """How far finished pixels are from the truth, (B, 4, H, W), where that counts, (B, 1, H, W)."""
    error = (made - truth) * where
    wrong = (contrast(made * where) - contrast(truth * where)).abs().sum() * WINDOW**2
    total = error.abs().sum() + config.squares * error.square().sum() + config.contrast * wrong
    return total / (4 * where.sum().clamp(min=1))


def trusting(logit: Tensor, known: Tensor, truth: Tensor, steady: Tensor) -> Tensor:
    """Cross-entropy of trust (B, H, W) in what is seen, but for where a thing has come that is not shown."""
    difference = (known[:, :4] - truth).abs()
    right = (difference[:, :3].mean(1) < RIGHT_COLOUR) & (difference[:, 3] < RIGHT_DEPTH)
    where = (known[:, SEEN] > 0) & (steady | (known[:, MOVING] > 0))
    return F.binary_cross_entropy_with_logits(logit[where], right[where].float()) if where.any() else logit.sum() * 0


def contrast(planes: Tensor) -> Tensor:
    """(N, C, H', W') root of the mean squared difference of neighbours within windows of planes (N, C, H, W)."""
    energy = planes.diff(dim=-1)[..., 1:, :].square() + planes.diff(dim=-2)[..., 1:].square()
    return (F.avg_pool2d(energy, WINDOW, ceil_mode=True) + FAINT).sqrt()
