"""Recipe "appearance": light and weather on clean frames, from the twin's frames with and without events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from wm_gym.appearance.network import AppearanceConfig, AppearanceNetwork
from wm_gym.appearance.weights import save_appearance
from wm_gym.train_world.appearance.film_pairs import DRAWN
from wm_gym.train_world.appearance.objective import HeldOutPairs, appearance_loss
from wm_gym.train_world.appearance.pairs import FilmedPairs, PairBatch, draw_batch
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.trainer import Recipe


@dataclass
class AppearanceTrainConfig(LoopConfig):
    """Settings of one run: those of the loop, and the network's.

    Attributes:
        kinds: Kinds of event that are learned.
        width: Channels of the trunk.
        lamps_known: Share of frames whose lamps the network is told of.
    """

    output: str = "outputs/train_appearance"
    steps: int = 4000
    batch: int = 16
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    warmup: int = 50
    constant_share: float = 0.4
    bfloat16: bool = False
    kinds: list[str] = field(default_factory=lambda: list(DRAWN))
    width: int = 32
    lamps_known: float = 0.5


@dataclass
class AppearanceRunConfig:
    """The data of a run, and the run.

    Attributes:
        pairs: Folders of pairs to train on, each of one size.
        held_out: Folder of pairs to score on; empty for no scores.
        threads: Threads of torch.
        train: The run.
    """

    pairs: list[str] = field(default_factory=lambda: ["outputs/pairs/train"])
    held_out: str = ""
    threads: int = 1
    train: AppearanceTrainConfig = field(default_factory=AppearanceTrainConfig)


def run_appearance(config: AppearanceRunConfig) -> str:
    """Read pairs, then train; returns a summary. Raises as `run_recipe` does."""

    def prepare() -> Recipe[PairBatch]:
        held_out = FilmedPairs(config.held_out) if config.held_out else None
        return appearance_recipe(config.train, [FilmedPairs(folder) for folder in config.pairs], held_out)

    return run_recipe(config.train, config.threads, prepare)


def appearance_recipe(
    config: AppearanceTrainConfig, sources: Sequence[FilmedPairs], held_out: FilmedPairs | None = None
) -> Recipe[PairBatch]:
    """The training of an appearance network on pairs, scored on others."""
    torch.manual_seed(config.seed)
    network = AppearanceNetwork(AppearanceConfig(tuple(config.kinds), width=config.width))

    def draw(number: int) -> PairBatch:
        rng = np.random.default_rng([config.seed, number])
        return draw_batch(sources, config.kinds, config.batch, config.lamps_known, rng)

    def loss_of(batch: PairBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return appearance_loss(network, batch)

    score = None if held_out is None else HeldOutPairs(held_out, config.kinds)
    return Recipe(config, network, draw, loss_of, score, save_appearance, "appearance.safetensors")
