"""The inpainter: a codebook, a network that chooses codes, and a finisher that turns them into pixels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wm_gym.completion.codebook import Codebook
from wm_gym.completion.conditioning import COARSE, SEEN, coarseness
from wm_gym.completion.inpainter_config import InpainterConfig
from wm_gym.completion.network import InpainterNetwork
from wm_gym.completion.pixel_decoder import PixelDecoder

LEAST_UNSEEN = 0.02
"""Share of a token's pixels that must be unseen for it to be painted."""

COARSE_AREA = 1.5
"""Square pixels of a point from which on a pixel counts as not known well enough."""

LEAST_COARSE = 0.05
"""Share of a token's pixels that must be that coarse for it to be painted."""


class Inpainter(nn.Module):
    """All that paints a frame."""

    def __init__(self, config: InpainterConfig) -> None:
        """Random weights, and an empty codebook."""
        super().__init__()
        self.config = config
        self.codebook, self.network, self.pixel_decoder = (
            Codebook(config),
            InpainterNetwork(config),
            PixelDecoder(config),
        )

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        return self.network.places.dtype

    @property
    def device(self) -> torch.device:
        """Of the weights."""
        return self.network.places.device

    def decode_pixels(self, codes: Tensor, known: Tensor, painted: Tensor) -> tuple[Tensor, Tensor]:
        """Surface planes (N, 4, H, W) of a frame some of whose tokens are painted, and trust in what is known.

        What is unseen elsewhere is 0. Trust is a logit, (N, H, W): above 0 what is known there is right.

        Args:
            codes: (N, tokens, slots) int64.
            known: (N, CONDITIONING_CHANNELS, H, W).
            painted: (N, tokens) bool.
        """
        where = self.pixels_of(painted)
        entries = torch.where(where[:, None], self.codebook.decode(codes), known[:, :4])
        return self.pixel_decoder(entries, known, where)

    def pixels_of(self, tokens: Tensor) -> Tensor:
        """(N, H, W) of (N, tokens)."""
        side = self.config.token
        return tokens.unflatten(1, self.config.grid).repeat_interleave(side, 1).repeat_interleave(side, 2)

    def wanting(self, known: Tensor, *, coarse: bool = True) -> Tensor:
        """(N, tokens) bool: tokens of which something is unseen, or, if these are asked for, too coarse."""
        unseen = self._share(known[:, SEEN] == 0) > LEAST_UNSEEN
        if not coarse:
            return unseen
        return unseen | (self._share(known[:, COARSE] >= coarseness(COARSE_AREA)) > LEAST_COARSE)

    def _share(self, where: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(where.float()[:, None], self.config.token).flatten(1)
