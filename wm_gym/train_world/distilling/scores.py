"""Held-out pieces: sheets of what a network makes of them from two seeds, and a few figures on the way.

These are what a run shows of itself; the whole report is that of `wm_gym.evaluation.generation`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.train_world.distilling.given import Given
from wm_gym.train_world.distilling.walks import Pieces, Walks, given_of, pieces_at
from wm_gym.train_world.report import Score

Maker = Callable[[VideoNetwork, Given, int], Tensor]
"""(network, what is given, seed) to clean latents (B, L, C, h, w)."""

_SCORED, _SHOWN, _SEEDS, _SCALE = 96, 14, 2, 2
_GREY = -0.2


class HeldOutPieces:
    """Scores networks on one chunk of held-out pieces."""

    def __init__(self, walks: Walks, length: int, make: Maker) -> None:
        """Score chunks of `length` latent frames that `make` makes."""
        self._walks, self._length, self._make = walks, length, make

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> Score:
        """Figures; and for the pieces of which the hints show least, columns: last frame, hint, truth, two samples."""
        video = cast(VideoNetwork, network)
        pieces = held_out_pieces(video, self._walks, self._length, _SCORED)
        given = given_of(pieces, pieces.before, 0, self._length, video.config, video.packing)
        made = [self._make(video, given, seed).clamp(-1, 1) for seed in range(_SEEDS)]
        unseen = given.hints.unflatten(2, (-1, HINT_CHANNELS))[:, :, :, 4] <= 0
        sheet = _sheet(pieces, given, made, unseen)
        return Score(figures_of(made, pieces.clean, unseen), sheet, "columns: last frame, hint, truth, two samples")


def held_out_pieces(network: VideoNetwork, walks: Walks, length: int, count: int) -> Pieces:
    """The same pieces of `length` latent frames whenever they are asked for, on the network's device."""
    frames, rng = length * network.config.frames_per_latent, np.random.default_rng(0)
    clips = rng.integers(len(walks.frames), size=count)
    firsts = rng.integers(walks.frames.shape[1] - frames, size=count)
    device = next(network.parameters()).device
    return pieces_at(walks, network.packing, clips, firsts, frames, network.config.frames_per_latent).to(device)


def figures_of(made: list[Tensor], clean: Tensor, unseen: Tensor) -> dict[str, float]:
    """PSNR, sharpness and agreement of seeds, over all pixels and over those that no hint shows.

    Args:
        made: (B, L, F * 5, H, W) planes of each seed.
        clean: The truth, shaped alike.
        unseen: (B, L, F, H, W) bool.
    """
    colours, truth = [_colours(planes) for planes in made], _colours(clean)
    everywhere, beside = torch.ones_like(unseen), unseen[..., 1:] & unseen[..., :-1]
    return {
        "psnr_db": _psnr(colours[0], truth, everywhere),
        "unseen_psnr_db": _psnr(colours[0], truth, unseen),
        "seeds_db": _psnr(colours[0], colours[1], everywhere),
        "unseen_seeds_db": _psnr(colours[0], colours[1], unseen),
        "sharpness": _sharpness(colours[0], truth, torch.ones_like(beside)),
        "unseen_sharpness": _sharpness(colours[0], truth, beside),
    }


def _colours(planes: Tensor) -> Tensor:
    """(B, L, F, 3, H, W)."""
    return planes.unflatten(2, (-1, FRAME_CHANNELS))[:, :, :, :3]


def _psnr(one: Tensor, other: Tensor, where: Tensor) -> float:
    squared = (one - other).square().mean(3)[where].mean()
    return float(-10 * torch.log10(squared.clamp(min=1e-10) / 4))


def _sharpness(made: Tensor, truth: Tensor, where: Tensor) -> float:
    """Energy of horizontal gradients as a share of the truth's."""
    ours, theirs = (t.diff(dim=-1).square().mean(3)[where].mean() for t in (made, truth))
    return float(ours / theirs)


def _sheet(pieces: Pieces, given: Given, made: list[Tensor], unseen: Tensor) -> np.ndarray:
    """Rows of pieces, those with most to imagine first; of each the last frame of its chunk."""
    chosen = unseen.float().mean((1, 2, 3, 4)).argsort(descending=True)[: 2 * _SHOWN : 2]
    hints = given.hints.unflatten(2, (-1, HINT_CHANNELS))[:, -1, -1]
    hinted = torch.where(hints[:, 4:5] > 0, hints[:, :3], _GREY)
    last = [planes.unflatten(2, (-1, FRAME_CHANNELS))[:, -1, -1, :3] for planes in (pieces.clean, *made)]
    columns = [pieces.before[:, :3], hinted, *last]
    rows = torch.stack([column[chosen] for column in columns], 1)  # (rows, columns, 3, H, W)
    framed = nn.functional.pad(rows, (1, 1, 1, 1), value=-1)
    whole = framed.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    shown = ((whole.clamp(-1, 1) + 1) * 127.5).round().byte().cpu().numpy()
    return shown.repeat(_SCALE, 0).repeat(_SCALE, 1)
