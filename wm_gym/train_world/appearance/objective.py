"""The loss of the appearance network, and its figures on held-out pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wm_gym.train_world.appearance.pairs import FilmedPairs, Pair, PairBatch, batch_of
from wm_gym.train_world.report import Score

_DARK_FLOOR = 0.01
_SCORED_PAIRS, _SHOWN_PAIRS, _SCORED_AT_ONCE = 480, 12, 16


def appearance_loss(network: nn.Module, batch: PairBatch) -> tuple[Tensor, dict[str, Tensor]]:
    """Mean absolute error, that of square roots (what is dark counts too), and each frame's root mean square."""
    made = network(batch.maps, batch.conditions)
    absolute = (made - batch.target).abs().mean()
    dim = ((made.clamp_min(0) + _DARK_FLOOR).sqrt() - (batch.target + _DARK_FLOOR).sqrt()).abs().mean()
    spread = (made - batch.target).square().mean((1, 2, 3)).add(1e-6).sqrt().mean()
    return absolute + 0.5 * dim + spread, {"absolute": absolute.detach(), "dim": dim.detach()}


class HeldOutPairs:
    """Scores appearance networks on held-out pairs, by kind of event."""

    def __init__(self, source: FilmedPairs, kinds: Sequence[str]) -> None:
        """Score networks of these kinds on pairs that are spread over the source; lamps are known."""
        indices = np.linspace(0, len(source) - 1, min(len(source), _SCORED_PAIRS)).astype(int)
        self._pairs, self._kinds = [source.pair(int(index)) for index in indices], tuple(kinds)

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> Score:
        """Error and agreement of all sets, and of each kind alone; a strip of clean frame, truth and answer."""
        made = made_under(network, self._kinds, self._pairs)
        errors, agreed = defaultdict(list), defaultdict(list)
        for pair, frame in zip(self._pairs, made, strict=True):
            names = ["all", pair.events[0].kind if len(pair.events) == 1 else "several"]
            for name in names:
                errors[name].append(float(np.abs(frame - pair.target.astype(np.float64)).mean()))
                agreed[name].append(_cosine(frame, pair))
        figures = {f"{name}_error": float(np.mean(values)) for name, values in sorted(errors.items())}
        figures |= {f"{name}_agreement": float(np.nanmean(values)) for name, values in sorted(agreed.items())}
        shown = np.linspace(0, len(self._pairs) - 1, _SHOWN_PAIRS).astype(int)
        rows = [[self._pairs[k].frame for k in shown], [self._pairs[k].target for k in shown], [made[k] for k in shown]]
        strip = np.concatenate([np.concatenate([np.asarray(one, np.uint8) for one in row], 1) for row in rows], 0)
        return Score(figures, strip, "clean, twin and network")


def made_under(network: Any, kinds: Sequence[str], pairs: Sequence[Pair]) -> list[np.ndarray]:
    """The frames (H, W, 3) float64, 0..255 in whole numbers, that a network makes of pairs of one size."""
    frames = []
    device = next(network.parameters()).device
    for first in range(0, len(pairs), _SCORED_AT_ONCE):
        batch = batch_of(kinds, pairs[first : first + _SCORED_AT_ONCE]).to(device)
        colours = network(batch.maps, batch.conditions).clamp(0, 1).mul(255).round()
        frames += list(colours.permute(0, 2, 3, 1).cpu().double().numpy())
    return frames


def _cosine(made: np.ndarray, pair: Pair) -> float:
    """Agreement of two changes, as `evaluation.changes.agreement`; NaN if one does not change."""
    clean = pair.frame.astype(np.float64)
    ours, theirs = made - clean, pair.target - clean
    lengths = np.linalg.norm(ours) * np.linalg.norm(theirs)
    return float((ours * theirs).sum() / lengths) if lengths > 0 else float("nan")
