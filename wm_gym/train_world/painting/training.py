"""`wm-gym train-painter`: from folders of recordings to a painter."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.video.painting.codebook import fit
from wm_gym.backends.video.painting.config import PainterConfig
from wm_gym.backends.video.painting.known import surface_planes
from wm_gym.backends.video.painting.painter import Painter
from wm_gym.backends.video.weights import load_painter, save_painter
from wm_gym.train_world.checkpoint import Progress
from wm_gym.train_world.loop import LoopConfig, begin, check_run, go, lasting
from wm_gym.train_world.painting.batches import PaintBatch, TearConfig, draw_batch
from wm_gym.train_world.painting.objective import PaintObjectiveConfig, paint_loss
from wm_gym.train_world.painting.preparing import ViewSources, prepare_views
from wm_gym.train_world.painting.scores import HeldOutViews
from wm_gym.train_world.painting.views import Views
from wm_gym.train_world.report import Report


@dataclass(frozen=True)
class FitConfig:
    """How the codebook is filled.

    Attributes:
        views: From which patches are drawn.
        patches: Drawn.
        rounds: Of k-means.
    """

    views: int = 2500
    patches: int = 200_000
    rounds: int = 25


@dataclass
class PaintTrainConfig(LoopConfig):
    """One run: what every run has, and the painter's own.

    Attributes:
        initial: Painter to begin from, codebook and all, of the same shape; empty for none.
        painter: Shape of the painter.
        fit: How its codebook is filled.
        tear: How much of what is known is taken away.
        objective: Weights of the loss.
    """

    output: str = "outputs/train_painter"
    batch: int = 32
    warmup: int = 200
    hold: float = 0.4
    initial: str = ""
    painter: PainterConfig = field(default_factory=PainterConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    tear: TearConfig = field(default_factory=TearConfig)
    objective: PaintObjectiveConfig = field(default_factory=PaintObjectiveConfig)


@dataclass
class PaintRunConfig(ViewSources):
    """What to learn from, and how.

    Attributes:
        train: The run.
    """

    train: PaintTrainConfig = field(default_factory=PaintTrainConfig)


def run_painter(config: PaintRunConfig) -> Progress:
    """Prepare views, then train; a run in the same folder goes on.

    Raises:
        ValueError: If a folder holds no recordings, the run there has other settings, or its folder or
            device cannot be used.
    """
    check_run(config.train)
    torch.set_num_threads(config.threads)
    return train_painter(config.train, *prepare_views(config))


def train_painter(config: PaintTrainConfig, views: Views, held_out: Views | None) -> Progress:
    """Train until the steps are done; Ctrl-C saves first. A checkpoint in `output` is resumed.

    Raises:
        ValueError: If a checkpoint there is of a run with other settings.
    """
    painter, device = _beginning(config, views), torch.device(config.device)
    progress = begin(painter, config)

    def draw(number: int) -> PaintBatch:
        return draw_batch(views, config.painter, config.tear, config.batch, config.seed, number)

    def lose(batch: PaintBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return paint_loss(painter, batch.to(device), config.objective)

    score = None if held_out is None else HeldOutViews(held_out, config.painter)
    go(progress, config, lasting(config, set()), draw, lose, Report(Path(config.output), score))
    average: Any = progress.average
    save_painter(Path(config.output) / "painter.safetensors", average)
    return progress


def _beginning(config: PaintTrainConfig, views: Views) -> Painter:
    """A painter with a codebook."""
    if config.initial:
        return load_painter(Path(config.initial), torch.float32).requires_grad_()
    torch.manual_seed(config.seed)
    painter, shape, how = Painter(config.painter), config.painter, config.fit
    rows = np.random.default_rng(config.seed).choice(len(views), size=min(how.views, len(views)), replace=False)
    frames, depth = torch.from_numpy(views.frames[np.sort(rows)]), torch.from_numpy(views.depth[np.sort(rows)])
    surfaces = surface_planes(frames, depth, shape.near_metres, shape.far_metres)
    fit(painter.codebook, surfaces, patches=how.patches, rounds=how.rounds, seed=config.seed)
    return painter
