"""Recipe "things": people, fires and objects from looks, side and phase, on crops of the twin's."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from wm_gym.entities.crops import WINDOWS
from wm_gym.entities.network import ThingConfig, ThingNetwork
from wm_gym.entities.weights import save_things
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.report import Score
from wm_gym.train_world.things.crops import CropPairs, Crops, by_thing, draw_pairs, read_crops
from wm_gym.train_world.things.taking_over import take_over
from wm_gym.train_world.trainer import Recipe

_SCORED_PAIRS, _SHOWN_PAIRS = 256, 16
_CHEST = slice(12, 22)
"""Rows of a crop between neck and waist."""


@dataclass
class ThingsTrainConfig(LoopConfig):
    """Settings of one run: those of the loop, and the network's.

    Attributes:
        things: Shape of the network.
        kl: Weight of the divergence of looks from a normal, which rises from 0 over the run.
        start_from: Weights of a thing network to go on from, of the same sizes, maybe of fewer kinds; empty: none.
    """

    output: str = "outputs/train_things"
    steps: int = 4000
    batch: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    warmup: int = 50
    constant_share: float = 0.5
    bfloat16: bool = False
    things: ThingConfig = field(default_factory=ThingConfig)
    kl: float = 2e-5
    start_from: str = ""


@dataclass
class ThingsRunConfig:
    """The data of a run, and the run.

    Attributes:
        crops: Folder of crops to train on.
        held_out: Folder of crops to score on; empty for no scores.
        threads: Threads of torch.
        train: The run.
    """

    crops: str = "outputs/things/train"
    held_out: str = ""
    threads: int = 1
    train: ThingsTrainConfig = field(default_factory=ThingsTrainConfig)


def run_things(config: ThingsRunConfig) -> str:
    """Read crops, then train; returns a summary. Raises as `run_recipe` does."""

    def prepare() -> Recipe[CropPairs]:
        return things_recipe(
            config.train, read_crops(config.crops), read_crops(config.held_out) if config.held_out else None
        )

    return run_recipe(config.train, config.threads, prepare)


def things_recipe(config: ThingsTrainConfig, crops: Crops, held_out: Crops | None = None) -> Recipe[CropPairs]:
    """The training of a thing network on crops, scored on others."""
    torch.manual_seed(config.seed)
    things = by_thing(crops)
    kinds = [list(WINDOWS)[int(crops.kind[group[0]])] for group in things if int(crops.look[group[0]]) >= 0]
    network = ThingNetwork(ThingConfig(**asdict(config.things)), Counter(kinds))
    if config.start_from:
        take_over(network, Path(config.start_from))

    def draw(number: int) -> CropPairs:
        return draw_pairs(crops, things, config.batch, np.random.default_rng([config.seed, number]))

    def loss_of(batch: CropPairs, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return things_loss(network, batch, config.kl, generator)

    def save(path: Path, average: ThingNetwork) -> object:
        return save_things(path, _with_bank(average, crops, things))

    score = None if held_out is None else HeldOutCrops(held_out)
    return Recipe(config, network, draw, loss_of, score, save, "things.safetensors")


def things_loss(
    network: ThingNetwork, batch: CropPairs, kl: float, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Absolute and squared error of the crop that is drawn from the looks of the other, and the looks' divergence."""
    known, wanted = batch.known, batch.wanted
    mean, log_variance = network.encode(known.rgba, known.kind, known.angle, known.phase)
    noise = torch.randn(mean.shape, generator=generator).to(mean)
    made = network(mean + noise * (0.5 * log_variance).exp(), wanted.kind, wanted.angle, wanted.phase)
    error = (made - wanted.rgba).abs()
    divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1).mean()
    loss = error[:, :3].mean() + error[:, 3].mean() + 2 * error.square().mean() + kl * divergence
    return loss, {"absolute": error.mean().detach(), "divergence": divergence.detach()}


class HeldOutCrops:
    """Scores thing networks on things that they never saw, known by one crop and drawn from another side."""

    def __init__(self, crops: Crops) -> None:
        """Score on pairs of these crops."""
        self._pairs = draw_pairs(crops, by_thing(crops), _SCORED_PAIRS, np.random.default_rng(0))

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> Score:
        """PSNR within the thing, IoU of its outline, and both of another thing's looks for comparison."""
        assert isinstance(network, ThingNetwork)
        known, wanted = self._pairs.known, self._pairs.wanted
        looks, _ = network.encode(known.rgba, known.kind, known.angle, known.phase)
        made = network(looks, wanted.kind, wanted.angle, wanted.phase).clamp(0, 1)
        other = network(looks.roll(1, 0), wanted.kind, wanted.angle, wanted.phase).clamp(0, 1)
        figures = {}
        for number, kind in enumerate(network.kinds):
            rows = wanted.kind == number
            if not rows.any():
                continue
            figures |= {
                f"{kind}_psnr_db": _psnr_within(made[rows], wanted.rgba[rows]),
                f"{kind}_wrong_looks_psnr_db": _psnr_within(other[rows], wanted.rgba[rows]),
                f"{kind}_iou": _iou(made[rows], wanted.rgba[rows]),
            }
        shown = [known.rgba[:_SHOWN_PAIRS], wanted.rgba[:_SHOWN_PAIRS], made[:_SHOWN_PAIRS]]
        return Score(figures, np.concatenate([_on_green(row) for row in shown], 0), "known, wanted and drawn")


def _with_bank(network: ThingNetwork, crops: Crops, things: list[np.ndarray]) -> ThingNetwork:
    """The network with the looks of all that it was trained on."""
    with torch.no_grad():
        means = [network.encode(*_given(crops.rows(torch.from_numpy(group))))[0].mean(0) for group in things]
        for number, kind in enumerate(network.kinds):
            groups = [k for k, group in enumerate(things) if int(crops.kind[group[0]]) == number]
            network.usual[number] = torch.stack([means[k] for k in groups]).mean(0) if groups else 0.0
            differing = [means[k] for k in groups if int(crops.look[things[k][0]]) >= 0]
            if differing:
                rows = network.rows_of(kind)
                network.bank[rows] = torch.stack(differing)
                network.colours[rows] = _colours(network, number, rows)
    return network


def _colours(network: ThingNetwork, number: int, rows: slice) -> Tensor:
    """(P, 3) mean colour of things of the bank, seen from the left; of people that over the waist, from the front."""
    looks = network.bank[rows]
    zeros, is_person = looks.new_zeros(len(looks)), network.kinds[number] == "walker"
    made = network(looks, zeros.long() + number, zeros if is_person else zeros + torch.pi / 2, zeros).clamp(0, 1)
    seen = made[:, :, _CHEST] if is_person else made
    return seen[:, :3].sum((2, 3)) / seen[:, 3:].sum((2, 3)).clamp_min(1e-3)


def _given(crops: Crops) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return crops.rgba, crops.kind, crops.angle, crops.phase


def _psnr_within(made: Tensor, true: Tensor) -> float:
    alpha = true[:, 3:].clamp_min(1e-6)
    squared = ((made[:, :3] - true[:, :3]).square() * alpha).sum((1, 2, 3)) / (3 * alpha.sum((1, 2, 3)))
    return float((-10 * torch.log10(squared.clamp_min(1e-7))).mean())


def _iou(made: Tensor, true: Tensor) -> float:
    ours, theirs = made[:, 3] > 0.5, true[:, 3] > 0.5
    return float((ours & theirs).sum() / (ours | theirs).sum().clamp_min(1))


def _on_green(rgba: Tensor) -> np.ndarray:
    colours = rgba[:, :3] + (1 - rgba[:, 3:]) * torch.tensor([0.3, 0.5, 0.3])[:, None, None]
    return np.concatenate(list((255 * colours.clamp(0, 1)).round().byte().permute(0, 2, 3, 1).numpy()), 1)
