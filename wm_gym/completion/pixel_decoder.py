"""From codes to pixels: convolutions that see the coarse entries and what is known around them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.completion.codebook import SURFACE_CHANNELS
from wm_gym.completion.conditioning import CONDITIONING_CHANNELS, SEEN
from wm_gym.completion.inpainter_config import InpainterConfig


class PixelDecoder(nn.Module):
    """Turns a frame of codebook entries into one without seams, and tells which known pixels to keep."""

    def __init__(self, config: InpainterConfig) -> None:
        """Begin as the entries are."""
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

    def forward(self, entries: Tensor, known: Tensor, painted: Tensor) -> tuple[Tensor, Tensor]:
        """Surface planes (N, 4, H, W) float32, and the logit of trust in what is known (N, H, W) float32.

        Args:
            entries: (N, 4, H, W) codebook entries; what is known where nothing is painted.
            known: (N, CONDITIONING_CHANNELS, H, W).
            painted: (N, H, W) bool: pixels of tokens that are painted.
        """
        x = torch.cat([entries, known, painted[:, None].to(entries.dtype)], 1).to(self.enter.weight.dtype)
        fine = F.silu(self.enter(x))
        x = self.down(F.pixel_unshuffle(fine, self.cell))
        for block in self.blocks:
            x = x + block(F.silu(x))
        x = F.silu(fine + F.pixel_shuffle(self.up(F.silu(x)), self.cell))
        x = self.leave(F.silu(self.mix(x))).float()
        trust = x[:, SURFACE_CHANNELS]
        keep = (trust.sigmoid() * (known[:, SEEN] > 0))[:, None]
        made = entries + x[:, :SURFACE_CHANNELS]
        return made + keep * (known[:, :SURFACE_CHANNELS] - made), trust
