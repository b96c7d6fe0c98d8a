"""From codes to pixels: convolutions that see the coarse entries and what is known around them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.backends.video.painting.codebook import SURFACE_CHANNELS
from wm_gym.backends.video.painting.config import PainterConfig
from wm_gym.backends.video.painting.known import KNOWN_CHANNELS


class Finisher(nn.Module):
    """Turns a frame of codebook entries into one without seams, joined to what is known."""

    def __init__(self, config: PainterConfig) -> None:
        """Begin as the entries are."""
        super().__init__()
        self.cell, width = config.cell, config.finisher_channels
        planes = (SURFACE_CHANNELS + KNOWN_CHANNELS + 1) * config.cell**2
        self.enter = nn.Conv2d(planes, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1))
            for _ in range(config.finisher_blocks)
        )
        self.leave = nn.Conv2d(width, SURFACE_CHANNELS * config.cell**2, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def forward(self, entries: Tensor, known: Tensor, painted: Tensor) -> Tensor:
        """Surface planes (N, 4, H, W).

        Args:
            entries: (N, 4, H, W) codebook entries; what is known where nothing is painted.
            known: (N, KNOWN_CHANNELS, H, W).
            painted: (N, H, W) bool: pixels of tokens that are painted.
        """
        x = torch.cat([entries, known, painted[:, None].to(entries.dtype)], 1).to(self.enter.weight.dtype)
        x = F.silu(self.enter(F.pixel_unshuffle(x, self.cell)))
        for block in self.blocks:
            x = x + block(F.silu(x))
        return entries + F.pixel_shuffle(self.leave(F.silu(x)), self.cell).float()
