"""Codes to pixels: convolutions over the decoded codebook entries and the conditioning."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.completion.codebook import SURFACE_CHANNELS
from wm_gym.completion.conditioning import CONDITIONING_CHANNELS, SEEN
from wm_gym.completion.inpainter_config import InpainterConfig


class PixelDecoder(nn.Module):
    """Refines a surface image of codebook entries to a seamless one, and predicts which hints to trust.

    Attribute names are keys of the weights file.
    """

    def __init__(self, config: InpainterConfig) -> None:
        """A decoder whose last layer is zero-initialised, so that it gives the entries unchanged at first."""
        super().__init__()
        self.cell, pixel, width = config.cell, config.pixel_channels, config.decoder_channels
        self.enter = nn.Conv2d(SURFACE_CHANNELS + CONDITIONING_CHANNELS + 1, pixel, 3, padding=1)
        self.down = nn.Conv2d(pixel * self.cell**2, width, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1))
            for _ in range(config.decoder_blocks)
        )
        self.up = nn.Conv2d(width, pixel * self.cell**2, 1)
        self.mix = nn.Conv2d(pixel, pixel, 3, padding=1)
        self.leave = nn.Conv2d(pixel, SURFACE_CHANNELS + 1, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def forward(self, entries: Tensor, conditioning: Tensor, inpainted: Tensor) -> tuple[Tensor, Tensor]:
        """Surface images (N, 4, H, W) float32, and trust logits of the conditioning (N, H, W) float32.

        Args:
            entries: (N, 4, H, W) codebook entries in inpainted tokens, the conditioning elsewhere.
            conditioning: (N, CONDITIONING_CHANNELS, H, W).
            inpainted: (N, H, W) bool, the pixels of inpainted tokens.
        """
        x = torch.cat([entries, conditioning, inpainted[:, None].to(entries.dtype)], 1).to(self.enter.weight.dtype)
        fine = F.silu(self.enter(x))
        x = self.down(F.pixel_unshuffle(fine, self.cell))
        for block in self.blocks:
            x = x + block(F.silu(x))
        x = F.silu(fine + F.pixel_shuffle(self.up(F.silu(x)), self.cell))
        x = self.leave(F.silu(self.mix(x))).float()
        trust = x[:, SURFACE_CHANNELS]
        keep = (trust.sigmoid() * (conditioning[:, SEEN] > 0))[:, None]
        made = entries + x[:, :SURFACE_CHANNELS]
        return made + keep * (conditioning[:, :SURFACE_CHANNELS] - made), trust
