"""The tile network: a variational autoencoder of tiles, told their kind and their main colour.

A tile is shared out among a few slots, each of one colour, as a print in spot colours: edges stay crisp, and another
main colour repaints the same drawing. A cut-out has one more slot, which is transparent. Source: Kingma and Welling
2014 for the autoencoder.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from wm_gym.layout.tiles import TILES

CHANNELS = 4
_LEAST_SPREAD = 0.05


@dataclass(frozen=True)
class TileConfig:
    """Shape of a tile network.

    Attributes:
        width: Channels at the finest scale.
        latent: Numbers that tell a tile from others of its kind and colour.
        slots: Colours of a tile.
        colours: Main colours that are known of each kind.
        sharpness: Factor of the slots' logits: how crisp their edges are.
    """

    width: int = 32
    latent: int = 16
    slots: int = 8
    colours: int = 24
    sharpness: float = 2.0


class TileNetwork(nn.Module):
    """Tiles to latents and back. Its buffers hold how latents of each kind lie, and its main colours."""

    means: Tensor
    factors: Tensor
    colours: Tensor
    cutouts: Tensor

    def __init__(self, config: TileConfig) -> None:
        """Random weights, standard latents and grey colours."""
        super().__init__()
        self.config = config
        w, kinds, told = config.width, len(TILES), 32
        self.kind = nn.Embedding(kinds, told)
        self.encoder = nn.Sequential(
            nn.Conv2d(CHANNELS, w, 4, 2, 1), nn.SiLU(), nn.Conv2d(w, 2 * w, 4, 2, 1), nn.SiLU(),
            nn.Conv2d(2 * w, 2 * w, 4, 2, 1), nn.SiLU(), nn.Flatten(), nn.Linear(2 * w * 16, 256), nn.SiLU(),
        )  # fmt: skip
        self.to_latent = nn.Linear(256 + told + 3, 2 * config.latent)
        self.enter = nn.Sequential(
            nn.Linear(config.latent + told + 3, 256), nn.SiLU(), nn.Linear(256, 3 * w * 16), nn.SiLU()
        )
        last = nn.Linear(256, config.slots * 3)
        self.palette = nn.Sequential(nn.Linear(config.latent + told + 3, 256), nn.SiLU(), last)
        self.decoder = nn.Sequential(*_rise(3 * w, 2 * w), *_rise(2 * w, 2 * w), *_rise(2 * w, w))
        self.leave = nn.Conv2d(w, config.slots + 1, 3, padding=1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.normal_(last.weight, std=0.05)
        self.register_buffer("means", torch.zeros(kinds, config.latent))
        self.register_buffer("factors", torch.eye(config.latent).repeat(kinds, 1, 1))
        self.register_buffer("colours", torch.full((kinds, config.colours, 3), 0.5))
        self.register_buffer("cutouts", torch.tensor([tile.is_cutout for tile in TILES]).float())

    def encode(self, tiles: Tensor, kind: Tensor, colour: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log-deviations (N, latent) of tiles.

        Args:
            tiles: (N, 4, TILE, TILE) red, green, blue, alpha in 0..1, colours times alpha.
            kind: (N,) int64 numbers in `tiles.TILES`.
            colour: (N, 3) main colours in 0..1.
        """
        mean, log = self.to_latent(torch.cat([self.encoder(tiles), self._told(kind, colour)], 1)).chunk(2, 1)
        return mean, log.clamp(-6, 2)

    def forward(self, latent: Tensor, kind: Tensor, colour: Tensor) -> Tensor:
        """(N, 4, TILE, TILE) tiles of latents (N, latent), as `encode` takes them."""
        given = torch.cat([latent, self._told(kind, colour)], 1)
        x = self.decoder(self.enter(given).view(len(latent), -1, 4, 4))
        logits = self.leave(x)
        clear = logits[:, :1] - 1e4 * (1 - self.cutouts[kind])[:, None, None, None]
        shares = (torch.cat([clear, logits[:, 1:]], 1) * self.config.sharpness).softmax(1)[:, 1:]
        # the first colours are near the main one, so that the network repaints
        palette = colour[:, None] + self.palette(given).view(len(latent), -1, 3).tanh()
        return torch.cat([torch.einsum("nshw,nsc->nchw", shares, palette), shares.sum(1, keepdim=True)], 1)

    def _told(self, kind: Tensor, colour: Tensor) -> Tensor:
        return torch.cat([self.kind(kind), colour], 1)

    def draw(self, kind: Tensor, colour: Tensor, generator: torch.Generator) -> Tensor:
        """(N, 4, TILE, TILE) new tiles of kinds (N,) in main colours (N, 3)."""
        return self.drawn(kind, colour, torch.randn(len(kind), self.config.latent, generator=generator))

    @torch.no_grad()
    def drawn(self, kind: Tensor, colour: Tensor, noise: Tensor) -> Tensor:
        """The tiles that `draw` makes of standard normal noise (N, latent)."""
        latent = self.means[kind] + torch.einsum("nij,nj->ni", self.factors[kind], noise)
        return self(latent, kind, colour).clamp(0, 1)

    @torch.no_grad()
    def settle(self, kind: int, latents: Tensor, colours: Tensor) -> None:
        """Take over how the latents (M, latent) of real tiles of one kind lie, and their main colours (M, 3)."""
        self.means[kind] = latents.mean(0)
        spread = torch.cov(latents.T) if len(latents) > 2 else torch.zeros(latents.shape[1], latents.shape[1])
        floor = _LEAST_SPREAD**2 * torch.eye(latents.shape[1])
        self.factors[kind] = torch.linalg.cholesky(spread + floor)
        rows = torch.linspace(0, len(colours) - 1, self.config.colours).round().long()
        self.colours[kind] = colours[rows]


def _rise(before: int, after: int) -> list[nn.Module]:
    """Twice the rows and columns; what lies beyond an edge is what lies at the other, so that tiles repeat."""
    return [
        nn.Upsample(scale_factor=2),
        nn.Conv2d(before, after, 3, padding=1, padding_mode="circular"), nn.SiLU(),
        nn.Conv2d(after, after, 3, padding=1, padding_mode="circular"), nn.SiLU(),
    ]  # fmt: skip
