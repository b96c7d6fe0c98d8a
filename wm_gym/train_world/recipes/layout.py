"""Recipe "layout": what lies where in places, on windows of drafts that are drawn as they are needed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from wm_gym.layout.cells import UNKNOWN, picture
from wm_gym.layout.dictionary import Encoder, commonest_patches
from wm_gym.layout.network import LayoutConfig, LayoutNetwork
from wm_gym.layout.weights import load_layout, save_layout
from wm_gym.layout.windows import windows_of
from wm_gym.train_world.layout.samples import LayoutBatch, batch_of, draw_window
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.muon import MuonAdamW
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.report import Score
from wm_gym.train_world.trainer import Recipe

_MOST_ASKED = 1024
"""Patches that a step asks for: the last layer is dear, and a draw of them teaches as much."""

_NOT_ASKED = -100
_SCORED, _SHOWN = 96, 6


@dataclass
class LayoutTrainConfig(LoopConfig):
    """Settings of one run: those of the loop, and the network's.

    Attributes:
        layout: Shape of the network.
        initial: File of weights to go on from, with their shape and dictionary; empty for none.
        dictionary_windows: Windows that the dictionary is counted in.
        object_weight: Weight of the objects' error.
    """

    output: str = "outputs/train_layout"
    steps: int = 3000
    batch: int = 10
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    warmup: int = 50
    constant_share: float = 0.3
    average_decay: float = 0.995
    layout: LayoutConfig = field(default_factory=LayoutConfig)
    initial: str = ""
    dictionary_windows: int = 6000
    object_weight: float = 0.3


@dataclass
class LayoutRunConfig:
    """The run.

    Attributes:
        threads: Threads of torch.
        train: The run.
    """

    threads: int = 1
    train: LayoutTrainConfig = field(default_factory=LayoutTrainConfig)


def run_layout(config: LayoutRunConfig) -> str:
    """Train; returns a summary. Raises as `run_recipe` does."""
    return run_recipe(config.train, config.threads, lambda: layout_recipe(config.train))


def layout_recipe(config: LayoutTrainConfig) -> Recipe[LayoutBatch]:
    """The training of a layout network, scored on places that it never sees."""
    torch.manual_seed(config.seed)
    network = load_layout(Path(config.initial)).requires_grad_(True) if config.initial else _new_network(config)
    encoder = Encoder(network.dictionary.numpy())

    def draw(number: int) -> LayoutBatch:
        rng = np.random.default_rng([config.seed, 2, number])
        return batch_of([draw_window(rng) for _ in range(config.batch)], encoder, rng)

    def loss_of(batch: LayoutBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return layout_loss(network, batch, config.object_weight, generator)

    return Recipe(
        config, network, draw, loss_of, HeldOutWindows(encoder), save_layout, "layout.safetensors",
        _optimizer(network, config),
    )  # fmt: skip


def _new_network(config: LayoutTrainConfig) -> LayoutNetwork:
    """Random weights and the commonest patches of windows that are drawn."""
    network = LayoutNetwork(LayoutConfig(**asdict(config.layout)))
    rng = np.random.default_rng([config.seed, 1])
    counted = (draw_window(rng).cells for _ in range(config.dictionary_windows))
    network.dictionary.copy_(torch.from_numpy(commonest_patches(counted, config.layout.codes)))
    return network


def _optimizer(network: LayoutNetwork, config: LayoutTrainConfig) -> MuonAdamW:
    named = list(network.named_parameters())
    is_hidden = [name.startswith("blocks") and one.ndim == 2 for name, one in named]
    hidden = [one for (_, one), is_one in zip(named, is_hidden, strict=True) if is_one]
    others = [one for (_, one), is_one in zip(named, is_hidden, strict=True) if not is_one]
    return MuonAdamW(hidden, others, config.learning_rate, config.weight_decay)


def layout_loss(
    network: LayoutNetwork, batch: LayoutBatch, object_weight: float, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Cross-entropies of the patches and of the objects that are asked for."""
    features = network(batch.cells, batch.objects, batch.family, batch.words).flatten(0, 2)
    # shapes that never change, since oneDNN keeps what it has compiled for each
    chance = torch.rand(batch.asked.numel(), generator=generator).to(features.device)
    at = (chance + batch.asked.flatten()).topk(min(_MOST_ASKED, batch.asked.numel())).indices
    codes = torch.where(batch.asked, batch.codes, _NOT_ASKED).flatten()[at]
    about = functional.cross_entropy(network.leave(features[at]).float(), codes)
    standing = torch.where(batch.asked_objects, batch.standing, _NOT_ASKED).flatten()
    logits = network.leave_objects(features).float()
    total = functional.cross_entropy(logits, standing, reduction="sum")
    near = total / batch.asked_objects.sum().clamp_min(1)
    return about + object_weight * near, {"cells": about.detach(), "objects": near.detach()}


class HeldOutWindows:
    """Scores layout networks on windows of places that no training sees, hidden in the same ways."""

    def __init__(self, encoder: Encoder) -> None:
        """Draw the windows."""
        rng = np.random.default_rng(7)
        windows = [draw_window(rng, held_out=True) for _ in range(_SCORED)]
        self._encoder, self._batch = encoder, batch_of(windows, encoder, rng, mended=0.0)

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> Score:
        """Mean errors in nats, the share of patches told right, and cells before and after one telling."""
        assert isinstance(network, LayoutNetwork)
        batch = self._batch
        features = network(batch.cells, batch.objects, batch.family, batch.words)
        logits = network.leave(features).float()
        asked, near = batch.asked.nonzero().unbind(1), batch.asked_objects.nonzero().unbind(1)
        objects = network.leave_objects(features[near]).float()
        figures = {
            "cells_nats": float(functional.cross_entropy(logits[asked], batch.codes[asked])),
            "cells_right": float((logits[asked].argmax(-1) == batch.codes[asked]).float().mean()),
            "objects_nats": float(functional.cross_entropy(objects, batch.standing[near])),
        }
        told = windows_of(network.dictionary[logits.argmax(-1)].numpy())
        cells = batch.cells.numpy().astype(np.uint8)
        filled = np.where(cells == UNKNOWN, told, cells)[:_SHOWN]
        rows = [np.concatenate([picture(window, 2) for window in part], 1) for part in (cells[:_SHOWN], filled)]
        return Score(figures, np.concatenate(rows), "given and told at once")
