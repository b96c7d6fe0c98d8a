"""The loss of the depth network."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from wm_gym.geometry.depth_scale import FAR_METRES, NEAR_METRES
from wm_gym.reconstruction.depth_network import DepthAnswer
from wm_gym.reconstruction.surfaces import Surfaces
from wm_gym.train_world.depth.batches import Walks

SPREAD, RELATIVE, GRADIENT, ERROR, MOVING = 0.5, 0.3, 0.25, 0.005, 0.2
_SCALES, _MOST_OFF, _MOVING_WEIGHT = 3, 1.2, 2.0
_LEAST_ERROR = 0.01


def walks_loss(network: nn.Module, walks: Walks, device: torch.device) -> tuple[Tensor, dict[str, Tensor]]:
    """Mean loss of the frames of walks, each after what the network itself estimated of the frames before it."""
    estimates: list[Surfaces] = []
    losses, parts = [], []
    for batch in walks.steps:
        answer = network(batch.after(estimates).to(device))
        loss, told = depth_loss(answer, batch.depth.to(device), batch.moving.to(device))
        losses.append(loss)
        parts.append(told)
        estimates.insert(0, batch.estimated(answer))
    names = parts[0]
    return torch.stack(losses).mean(), {name: torch.stack([one[name] for one in parts]).mean() for name in names}


def depth_loss(answer: DepthAnswer, depth: Tensor, moving: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Error of log-depth, relative error, and that of gradients at several scales; what is expected of it; what moves.

    The logarithm of the error is learned by its median: of a likelihood the few sure mistakes would drown all else.
    Source: Ranftl et al. 2020, eq. 11 (gradient matching); Milletari et al. 2016, eq. 3 (overlap of masks).

    Args:
        answer: Of N frames.
        depth: (N, H, W) metres, 0 unknown.
        moving: (N, H, W) 0 or 1.
    """
    answer = DepthAnswer(*(one.float() for one in answer))
    known = depth > 0
    off = torch.where(known, answer.log_depth - log_of(depth), 0.0)
    count = known.sum().clamp(min=1)
    absolute = off.abs().sum() / count
    relative = ((off.clamp(max=_MOST_OFF).exp() - 1).abs() * known).sum() / count
    gradient = _gradient(off, known)
    expected = ((answer.log_error - (off.detach().abs() + _LEAST_ERROR).log()).abs() * known).sum() / count
    masks = _moving_loss(answer.moving, moving)
    spread = ((off.square().flatten(1).sum(1) / known.flatten(1).sum(1).clamp(min=1)) + 1e-4).sqrt().mean()
    total = absolute + SPREAD * spread + RELATIVE * relative + GRADIENT * gradient + ERROR * expected + MOVING * masks
    parts = {"absolute": absolute, "relative": relative, "gradient": gradient, "expected": expected, "moving": masks}
    return total, {name: part.detach() for name, part in parts.items()}


def log_of(depth: Tensor) -> Tensor:
    """Log of metres within what the network tells apart."""
    return depth.clamp(NEAR_METRES, FAR_METRES).log()


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


def _moving_loss(logits: Tensor, moving: Tensor) -> Tensor:
    weight = logits.new_tensor(_MOVING_WEIGHT)
    each = functional.binary_cross_entropy_with_logits(logits, moving, pos_weight=weight)
    share = logits.sigmoid()
    overlap = (2 * (share * moving).sum() + 1) / (share.sum() + moving.sum() + 1)
    return each + 0.5 * (1 - overlap)
