"""Recipe "tiles": the tile network, on pieces of the twin's drawings."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from wm_gym.layout.tile_network import TileConfig, TileNetwork
from wm_gym.layout.tile_weights import save_tiles
from wm_gym.layout.tiles import TILES
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.report import Score
from wm_gym.train_world.tiles.album import TileSet, read_album
from wm_gym.train_world.trainer import Recipe

_HELD_OUT_SEED = 100_000
_RICH = ("storey", "shopfront", "room_wall", "rack", "tree", "sky")
"""Kinds with the most drawings, which are drawn as often as four others."""


@dataclass
class TilesTrainConfig(LoopConfig):
    """Settings of one run: those of the loop, and the network's.

    Attributes:
        tiles: Shape of the network.
        places: Places that tiles are cut from.
        held_out_places: Places to score on.
        kl: Weight of the divergence of latents from a normal.
    """

    output: str = "outputs/train_tiles"
    steps: int = 4000
    batch: int = 48
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    warmup: int = 50
    constant_share: float = 0.4
    tiles: TileConfig = field(default_factory=TileConfig)
    places: int = 300
    held_out_places: int = 20
    kl: float = 2e-4


@dataclass
class TilesRunConfig:
    """The run.

    Attributes:
        threads: Threads of torch.
        train: The run.
    """

    threads: int = 1
    train: TilesTrainConfig = field(default_factory=TilesTrainConfig)


@dataclass(frozen=True)
class TileBatch:
    """N tiles; fields as `TileSet`."""

    tiles: Tensor
    kind: Tensor
    colour: Tensor

    def to(self, device: torch.device) -> TileBatch:
        """The batch on a device."""
        return TileBatch(self.tiles.to(device), self.kind.to(device), self.colour.to(device))


def run_tiles(config: TilesRunConfig) -> str:
    """Read the drawings, then train; returns a summary. Raises as `run_recipe` does."""
    return run_recipe(config.train, config.threads, lambda: tiles_recipe(config.train))


def tiles_recipe(config: TilesTrainConfig) -> Recipe[TileBatch]:
    """The training of a tile network, scored on the tiles of other places."""
    torch.manual_seed(config.seed)
    network = TileNetwork(TileConfig(**asdict(config.tiles)))
    album = read_album(0, config.places)
    held_out = read_album(_HELD_OUT_SEED, config.held_out_places)
    counts = torch.bincount(album.kind, minlength=len(TILES)).float()
    wanted = torch.tensor([4.0 if tile.name in _RICH else 1.0 for tile in TILES])
    weights = (wanted / counts.clamp_min(1))[album.kind].numpy().astype(float)
    weights /= weights.sum()

    def draw(number: int) -> TileBatch:
        rng = np.random.default_rng([config.seed, number])
        rows = torch.from_numpy(rng.choice(len(weights), config.batch, p=weights))
        return TileBatch(album.tiles[rows], album.kind[rows], album.colour[rows])

    def loss_of(batch: TileBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return tiles_loss(network, batch, config.kl, generator)

    def save(path: Path, average: TileNetwork) -> object:
        return save_tiles(path, settled(average, album))

    return Recipe(config, network, draw, loss_of, HeldOutTiles(held_out, album), save, "tiles.safetensors")


def tiles_loss(
    network: TileNetwork, batch: TileBatch, kl: float, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Absolute and squared error of tiles through their latents, and the latents' divergence."""
    mean, log = network.encode(batch.tiles, batch.kind, batch.colour)
    noise = torch.randn(mean.shape, generator=generator).to(mean)
    made = network(mean + noise * log.exp(), batch.kind, batch.colour)
    error = (made - batch.tiles).abs()
    divergence = (0.5 * (mean**2 + (2 * log).exp() - 1) - log).sum(1).mean()
    loss = error.mean() + 2 * error.square().mean() + kl * divergence
    return loss, {"absolute": error.mean().detach(), "divergence": divergence.detach()}


def settled(network: TileNetwork, album: TileSet) -> TileNetwork:
    """The network, with how the latents of an album's tiles lie, and their colours."""
    with torch.no_grad():
        for kind in range(len(TILES)):
            rows = album.kind == kind
            if not rows.any():
                continue
            mean, log = network.encode(album.tiles[rows], album.kind[rows], album.colour[rows])
            noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(kind))
            network.settle(kind, mean + noise * log.exp(), album.colour[rows])
    return network


class HeldOutTiles:
    """Scores tile networks on tiles of places that they never saw, and shows new ones."""

    def __init__(self, held_out: TileSet, album: TileSet) -> None:
        """Score on `held_out`; latents are those of `album`."""
        self._held_out, self._album = held_out, album

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> Score:
        """PSNR of tiles through their latents, and a sheet: of each kind two real tiles and four new ones."""
        assert isinstance(network, TileNetwork)
        true = self._held_out
        mean, _ = network.encode(true.tiles, true.kind, true.colour)
        made = network(mean, true.kind, true.colour).clamp(0, 1)
        psnr = -10 * torch.log10((made - true.tiles).square().mean((1, 2, 3)).clamp_min(1e-5))
        figures = {"psnr_db": float(psnr.mean()), "storey_psnr_db": float(psnr[true.kind == 0].mean())}
        return Score(figures, sheet_of(settled(network, self._album), true), "two real tiles of a kind, four new ones")


def sheet_of(network: TileNetwork, real: TileSet, per_row: int = 6) -> np.ndarray:
    """A picture of real and new tiles of every kind."""
    generator, cells = torch.Generator().manual_seed(0), []
    for kind in range(len(TILES)):
        rows = (real.kind == kind).nonzero()[:, 0]
        numbers = torch.full((4,), kind)
        colours = network.colours[kind][torch.randint(network.config.colours, (4,), generator=generator)]
        strip = torch.cat([real.tiles[rows[:2]], network.draw(numbers, colours, generator)])
        shown = strip[:, :3] + (1 - strip[:, 3:]) * torch.tensor([0.8, 0.3, 0.8])[:, None, None]
        cells.append(np.concatenate(list((255 * shown.clamp(0, 1)).byte().permute(0, 2, 3, 1).numpy()), 1))
    blank = np.zeros_like(cells[0])
    cells += [blank] * (-len(cells) % per_row)
    return np.concatenate([np.concatenate(cells[k : k + per_row], 1) for k in range(0, len(cells), per_row)])
