"""The inpainter: a codebook, a network that predicts codes, and a decoder that turns codes into pixels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wm_gym.completion.codebook import Codebook
from wm_gym.completion.conditioning import COARSE, SEEN, coarseness
from wm_gym.completion.inpainter_config import InpainterConfig
from wm_gym.completion.network import InpainterNetwork
from wm_gym.completion.pixel_decoder import PixelDecoder

MIN_UNSEEN = 0.02
"""Share of a token's pixels above which, if unseen, the token is inpainted."""

COARSE_AREA = 1.5
"""Area of a splat, in square pixels, from which on the pixel counts as coarse."""

MIN_COARSE = 0.05
"""Share of a token's pixels above which, if coarse, the token is inpainted."""


class Inpainter(nn.Module):
    """Codebook, network and pixel decoder."""

    def __init__(self, config: InpainterConfig) -> None:
        """An inpainter with random weights and a codebook of zeros."""
        super().__init__()
        self.config = config
        self.codebook = Codebook(config)
        self.network = InpainterNetwork(config)
        self.pixel_decoder = PixelDecoder(config)

    @property
    def dtype(self) -> torch.dtype:
        """Number type of the weights."""
        return self.network.places.dtype

    @property
    def device(self) -> torch.device:
        """Device of the weights."""
        return self.network.places.device

    def decode_pixels(self, codes: Tensor, conditioning: Tensor, inpainted: Tensor) -> tuple[Tensor, Tensor]:
        """Surface images (N, 4, H, W) with the inpainted tokens decoded, and trust logits (N, H, W) for the rest.

        Unseen pixels outside the inpainted tokens are 0. Where a trust logit is above 0 the conditioning is right.

        Args:
            codes: (N, tokens, codes) int64.
            conditioning: (N, CONDITIONING_CHANNELS, H, W).
            inpainted: (N, tokens) bool.
        """
        where = self.pixels_of(inpainted)
        entries = torch.where(where[:, None], self.codebook.decode(codes), conditioning[:, :4])
        return self.pixel_decoder(entries, conditioning, where)

    def pixels_of(self, tokens: Tensor) -> Tensor:
        """A mask of tokens (N, tokens) as a mask of pixels (N, H, W)."""
        side = self.config.token
        return tokens.unflatten(1, self.config.grid).repeat_interleave(side, 1).repeat_interleave(side, 2)

    def tokens_to_inpaint(self, conditioning: Tensor, *, coarse: bool = True) -> Tensor:
        """(N, tokens) bool: the tokens with enough unseen pixels or, where `coarse` is set, enough coarse ones.

        Args:
            conditioning: (N, CONDITIONING_CHANNELS, H, W).
            coarse: Whether coarse tokens count.
        """
        unseen = self._share(conditioning[:, SEEN] == 0) > MIN_UNSEEN
        if not coarse:
            return unseen
        return unseen | (self._share(conditioning[:, COARSE] >= coarseness(COARSE_AREA)) > MIN_COARSE)

    def _share(self, where: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(where.float()[:, None], self.config.token).flatten(1)
