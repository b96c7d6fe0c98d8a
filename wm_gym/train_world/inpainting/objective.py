"""The loss of an inpainter: of the codes of hidden tokens, of the pixels decoded from codes, and of hint confidence."""

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
"""Added to energies of contrast, so that their roots have a gradient at 0."""

RIGHT_COLOUR, RIGHT_DEPTH = 0.12, 0.04
"""Mean difference of colour and difference of log-depth, in -1..1, within which a hint is right."""


@dataclass(frozen=True)
class InpaintingObjectiveConfig:
    """Weights of the loss.

    Attributes:
        smoothing: Smoothing of the labels.
        pixel_share: Share of a batch that the pixel decoder is trained on.
        pixel_weight: Weight of the pixel decoder's loss.
        squares: Weight of squared errors in it, against absolute ones: codebook entries are means, which absolute
            errors hardly move.
        contrast: Weight of the difference of local contrast in it: errors alone are least where frames are blurred.
        trust: Weight of the confidence in hints: whether a hint is right.
    """

    smoothing: float = 0.02
    pixel_share: float = 0.25
    pixel_weight: float = 4.0
    squares: float = 8.0
    contrast: float = 3.0
    trust: float = 0.5


def inpainting_loss(
    inpainter: Inpainter, batch: InpaintingBatch, config: InpaintingObjectiveConfig
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of a batch, and its parts."""
    codes = inpainter.codebook.encode(batch.surface)
    inpainted = inpainter.wanting(batch.known) | batch.everything[:, None]
    roles = roles_of(inpainted, batch)
    scored = (roles == HIDDEN) & batch.steady
    detail = inpainter.network.detail(batch.known)
    states = inpainter.network(batch.known, detail, codes, roles)[scored]
    queries = inpainter.network.head.queries(states, inpainter.network.detail.of_codes(detail[scored]))
    logits = inpainter.network.head(queries, codes[scored], inpainter.network.codes)
    labels, count = codes[scored], max(1, int(scored.sum()))  # there may be no hidden token
    losses = [
        F.cross_entropy(scores.float(), labels[:, code_index], label_smoothing=config.smoothing, reduction="sum")
        / count
        for code_index, scores in enumerate(logits)
    ]
    cells = inpainter.config.cells
    depth, colour = torch.stack(losses[:cells]).mean(), torch.stack(losses[cells:]).mean()
    count = max(1, int(config.pixel_share * len(codes)))
    made, logit = inpainter.decode_pixels(codes[:count], batch.known[:count], inpainted[:count])
    where = inpainter.pixels_of(inpainted[:count] & batch.steady[:count])[:, None].float()
    pixel = pixel_loss(made, batch.surface[:count], where, config)
    trust = trust_loss(logit, batch.known[:count], batch.surface[:count], inpainter.pixels_of(batch.steady[:count]))
    total = depth + colour + config.pixel_weight * pixel + config.trust * trust
    parts = {"depth_nats": depth, "colour_nats": colour, "pixel": pixel, "trust_nats": trust}
    return total, {name: value.detach() for name, value in parts.items()}


def roles_of(inpainted: Tensor, batch: InpaintingBatch) -> Tensor:
    """Token types (B, tokens): of the inpainted tokens a share is hidden, one at least, and the others are revealed."""
    rank = batch.shown.masked_fill(~inpainted, 2.0).argsort(1).argsort(1)
    count = (inpainted.sum(1) * batch.share).ceil().long()
    hidden = inpainted & (rank < count[:, None])
    return torch.where(hidden, HIDDEN, torch.where(inpainted, REVEALED, KEPT))


def pixel_loss(made: Tensor, truth: Tensor, where: Tensor, config: InpaintingObjectiveConfig) -> Tensor:
    """Error of decoded pixels.

    Args:
        made: (B, 4, H, W) decoded.
        truth: (B, 4, H, W).
        where: (B, 1, H, W) weights of pixels.
        config: Weights of the parts.
    """
    error = (made - truth) * where
    wrong = (contrast(made * where) - contrast(truth * where)).abs().sum() * WINDOW**2
    total = error.abs().sum() + config.squares * error.square().sum() + config.contrast * wrong
    return total / (4 * where.sum().clamp(min=1))


def trust_loss(logit: Tensor, known: Tensor, truth: Tensor, steady: Tensor) -> Tensor:
    """Cross-entropy of the confidence in hints, except where something has moved in that the hints do not show.

    Args:
        logit: (B, H, W) of being right.
        known: (B, CONDITIONING_CHANNELS, H, W) conditioning input.
        truth: (B, 4, H, W).
        steady: (B, H, W) bool: nothing moves there in truth.
    """
    difference = (known[:, :4] - truth).abs()
    right = (difference[:, :3].mean(1) < RIGHT_COLOUR) & (difference[:, 3] < RIGHT_DEPTH)
    where = (known[:, SEEN] > 0) & (steady | (known[:, MOVING] > 0))
    return F.binary_cross_entropy_with_logits(logit[where], right[where].float()) if where.any() else logit.sum() * 0


def contrast(planes: Tensor) -> Tensor:
    """(N, C, H', W') root of the mean squared difference of neighbours within windows of planes (N, C, H, W)."""
    energy = planes.diff(dim=-1)[..., 1:, :].square() + planes.diff(dim=-2)[..., 1:].square()
    return (F.avg_pool2d(energy, WINDOW, ceil_mode=True) + FAINT).sqrt()
