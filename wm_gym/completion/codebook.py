"""A codebook of small patches: colour and depth images to discrete codes, and back.

A network that predicts codes commits to one of several plausible surfaces; one that predicts pixels gives their mean,
which looks like fog. Source: van den Oord et al. 2017, "Neural Discrete Representation Learning"; here the entries are
the centres of k-means over patches, so that there is nothing to train before the inpainter. A token's depth codes come
before its colour codes: first the geometry, then the texture.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm_gym.completion.inpainter_config import InpainterConfig

SURFACE_CHANNELS = 4
"""Channels of a surface image: red, green, blue and log-depth, all in -1..1."""


class Codebook(nn.Module):
    """Entries for patches of depth and of colour.

    Attributes:
        depth: (depth_codes, pixels of a cell) float32.
        colour: (colour_codes, 3 * pixels of a cell) float32.
    """

    depth: Tensor
    colour: Tensor

    def __init__(self, config: InpainterConfig) -> None:
        """A codebook of zeros; `fit_codebook` or a weights file fills it."""
        super().__init__()
        self.config = config
        pixels = config.cell**2
        self.register_buffer("depth", torch.zeros(config.depth_codes, pixels))
        self.register_buffer("colour", torch.zeros(config.colour_codes, 3 * pixels))

    def encode(self, surface: Tensor) -> Tensor:
        """Codes (N, tokens, codes) int64 of surface images (N, 4, H, W)."""
        cells = self._cells(surface)
        depth = nearest_entry(cells[..., 3:, :].flatten(-2), self.depth)
        colour = nearest_entry(cells[..., :3, :].flatten(-2), self.colour)
        return torch.cat([depth, colour], -1)

    def decode(self, codes: Tensor) -> Tensor:
        """Surface images (N, 4, H, W) of codes (N, tokens, codes): one codebook entry in every cell."""
        depth, colour = codes.split(self.config.cells, -1)
        pixels = self.config.cell**2
        entries = [self.colour[colour].unflatten(-1, (3, pixels)), self.depth[depth].unflatten(-1, (1, pixels))]
        return self._image(torch.cat(entries, -2))

    def _cells(self, surface: Tensor) -> Tensor:
        """Surface images (N, 4, H, W) to (N, tokens, cells, channels, pixels of a cell)."""
        cell, across = self.config.cell, self.config.token // self.config.cell
        x = F.pixel_unshuffle(surface, cell).unflatten(1, (-1, cell**2))  # (N, channels, pixels, rows, columns)
        x = x.unflatten(-1, (-1, across)).unflatten(-3, (-1, across))  # rows, down, columns, across
        return x.permute(0, 3, 5, 4, 6, 1, 2).flatten(3, 4).flatten(1, 2)

    def _image(self, cells: Tensor) -> Tensor:
        """The inverse of `_cells`."""
        across, (rows, columns) = self.config.token // self.config.cell, self.config.grid
        x = cells.unflatten(1, (rows, columns)).unflatten(3, (across, across)).permute(0, 5, 6, 1, 3, 2, 4)
        return F.pixel_shuffle(x.flatten(5, 6).flatten(3, 4).flatten(1, 2), self.config.cell)


def nearest_entry(patches: Tensor, entries: Tensor) -> Tensor:
    """(...) int64 index of the entry (K, D) nearest to each patch (..., D)."""
    distance = entries.square().sum(-1) - 2 * patches @ entries.T
    return distance.argmin(-1)


def k_means(patches: Tensor, count: int, rounds: int, generator: torch.Generator) -> Tensor:
    """(count, D) centres of patches (P, D) after so many rounds of Lloyd's algorithm.

    A centre that is nearest to no patch is moved onto a patch drawn at random.
    """
    centres = patches[torch.randperm(len(patches), generator=generator)[:count]].clone()
    for _ in range(rounds):
        owner = torch.cat([nearest_entry(part, centres) for part in patches.split(32_768)])
        total = torch.zeros_like(centres).index_add_(0, owner, patches)
        owned = torch.bincount(owner, minlength=count)[:, None].to(patches.dtype)
        stray = patches[torch.randint(len(patches), (count,), generator=generator)]
        centres = torch.where(owned > 0, total / owned.clamp(min=1), stray)
    return centres


def fit_codebook(book: Codebook, surfaces: Tensor, *, patches: int, rounds: int, seed: int) -> None:
    """Fill a codebook with the centres of patches drawn from surface images.

    Args:
        book: Codebook, filled in place.
        surfaces: (N, 4, H, W) float32, -1..1.
        patches: Number of patches that k-means sees, at most.
        rounds: Rounds of k-means.
        seed: Seed of every draw.

    Raises:
        ValueError: If there are fewer patches than entries.
    """
    generator = torch.Generator().manual_seed(seed)
    cells = book._cells(surfaces).flatten(0, 2)
    chosen = cells[torch.randperm(len(cells), generator=generator)[:patches]]
    if len(chosen) < max(len(book.depth), len(book.colour)):
        raise ValueError(
            f"a codebook of {len(book.depth)} and {len(book.colour)} entries must be fitted to as many patches, got "
            f"{len(chosen)}: prepare more views"
        )
    book.depth.copy_(k_means(chosen[:, 3:].flatten(1), len(book.depth), rounds, generator))
    book.colour.copy_(k_means(chosen[:, :3].flatten(1), len(book.colour), rounds, generator))
