"""Recipe "plan_reader": from points over cells to their classes, on filmed places of the twin."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from wm_gym.layout.cells import UNKNOWN, WALKS, picture
from wm_gym.layout.reader_weights import save_plan_reader
from wm_gym.layout.reading import PlanReader, ReaderConfig, border_table, touched_cells
from wm_gym.train_world.layout.samples import draw_window
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.reading.samples import ReadingBatch, draw_batch, read_places
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.report import Score
from wm_gym.train_world.trainer import Recipe

_SCORED, _SHOWN = 48, 6


@dataclass
class PlanReaderTrainConfig(LoopConfig):
    """Settings of one run: those of the loop, and the network's.

    Attributes:
        width: Channels of the network.
        family_weight: Weight of the family's error.
        border_windows: Windows of drafts in which it is counted where borders lie in patches.
    """

    output: str = "outputs/train_plan_reader"
    steps: int = 1500
    batch: int = 4
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    warmup: int = 30
    width: int = 64
    family_weight: float = 0.2
    border_windows: int = 3000


@dataclass
class PlanReaderRunConfig:
    """The data of a run, and the run.

    Attributes:
        places: Folder of filmed places to train on.
        held_out: Folder of filmed places to score on; empty for no scores.
        threads: Threads of torch.
        train: The run.
    """

    places: str = "outputs/places/train"
    held_out: str = ""
    threads: int = 1
    train: PlanReaderTrainConfig = field(default_factory=PlanReaderTrainConfig)


def run_plan_reader(config: PlanReaderRunConfig) -> str:
    """Read places, then train; returns a summary. Raises as `run_recipe` does."""
    return run_recipe(config.train, config.threads, lambda: plan_reader_recipe(config))


def plan_reader_recipe(config: PlanReaderRunConfig) -> Recipe[ReadingBatch]:
    """The training of a reader on filmed places, scored on others."""
    run = config.train
    torch.manual_seed(run.seed)
    places = read_places(config.places)
    network = PlanReader(ReaderConfig(run.width))

    def draw(number: int) -> ReadingBatch:
        return draw_batch(places, run.batch, np.random.default_rng([run.seed, number]))

    def loss_of(batch: ReadingBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return reading_loss(network, batch, run.family_weight)

    def save(path: Path, average: PlanReader) -> object:
        rng = np.random.default_rng([run.seed, 1])
        table = border_table(draw_window(rng).cells for _ in range(run.border_windows))
        average.borders.copy_(torch.from_numpy(table))
        return save_plan_reader(path, average)

    score = HeldOutPlaces(config.held_out) if config.held_out else None
    return Recipe(run, network, draw, loss_of, score, save, "plan_reader.safetensors")


def reading_loss(network: PlanReader, batch: ReadingBatch, family_weight: float) -> tuple[Tensor, dict[str, Tensor]]:
    """Cross-entropies of the classes of touched cells, and of the family."""
    classes, families = network(batch.features)
    known = touched_cells(batch.features) & (batch.cells != UNKNOWN)
    cells = torch.where(known, batch.cells, -100)
    about = functional.cross_entropy(classes.float(), cells)
    family = functional.cross_entropy(families.float(), batch.family)
    return about + family_weight * family, {"cells": about.detach(), "family": family.detach()}


class HeldOutPlaces:
    """Scores readers on places that they never saw."""

    def __init__(self, folder: str) -> None:
        """Draw samples of the places of a folder."""
        self._batch = draw_batch(read_places(folder), _SCORED, np.random.default_rng(3))

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> Score:
        """Shares of touched cells and of families read right, of cells walkable or not, and pictures of plans."""
        assert isinstance(network, PlanReader)
        batch = self._batch
        parts = [network(batch.features[n : n + 8]) for n in range(0, len(batch.features), 8)]
        classes, families = (torch.cat(column) for column in zip(*parts, strict=True))
        told = classes.argmax(1)
        known = touched_cells(batch.features) & (batch.cells != UNKNOWN)
        walks = torch.from_numpy(WALKS)
        figures = {
            "cells_right": float((told == batch.cells)[known].float().mean()),
            "walkable_right": float((walks[told] == walks[batch.cells])[known].float().mean()),
            "family_right": float((families.argmax(1) == batch.family).float().mean()),
        }
        rows = [
            np.where(known.numpy(), cells.numpy(), UNKNOWN).astype(np.uint8)[:_SHOWN] for cells in (batch.cells, told)
        ]
        strips = [np.concatenate([picture(window, 1) for window in row], 1) for row in rows]
        return Score(figures, np.concatenate(strips), "cells with points, and as they are read")
