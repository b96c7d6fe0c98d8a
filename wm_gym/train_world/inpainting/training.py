"""`wm-gym train-inpainter`: from folders of recordings to an inpainter."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wm_gym.completion.codebook import fit_codebook
from wm_gym.completion.conditioning import surface_planes
from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.inpainter_config import InpainterConfig
from wm_gym.completion.weights import load_inpainter, save_inpainter
from wm_gym.train_world.checkpoint import Progress
from wm_gym.train_world.inpainting.batches import HintAugmentation, InpaintingBatch, draw_batch
from wm_gym.train_world.inpainting.objective import InpaintingObjectiveConfig, inpainting_loss
from wm_gym.train_world.inpainting.preparing import FrameSources, prepare_training_frames
from wm_gym.train_world.inpainting.scores import HeldOutFrames
from wm_gym.train_world.inpainting.training_frames import TrainingFrames
from wm_gym.train_world.report import Report
from wm_gym.train_world.trainer import LoopConfig, check_run, fit, frozen_settings, setup


@dataclass(frozen=True)
class FitConfig:
    """How the codebook is filled.

    Attributes:
        training_frames: From which patches are drawn.
        patches: Drawn.
        rounds: Of k-means.
    """

    training_frames: int = 2500
    patches: int = 200_000
    rounds: int = 25


@dataclass
class InpainterTrainConfig(LoopConfig):
    """One run: what every run has, and the inpainter's own.

    Attributes:
        initial: Inpainter to begin from, codebook and all, of the same shape; empty for none.
        inpainter: Shape of the inpainter.
        fit: How its codebook is filled.
        augmentation: How much of what is known is taken away.
        objective: Weights of the loss.
    """

    output: str = "outputs/train_inpainter"
    batch: int = 32
    warmup: int = 200
    constant_share: float = 0.4
    initial: str = ""
    inpainter: InpainterConfig = field(default_factory=InpainterConfig)
    fit: FitConfig = field(default_factory=FitConfig)
    augmentation: HintAugmentation = field(default_factory=HintAugmentation)
    objective: InpaintingObjectiveConfig = field(default_factory=InpaintingObjectiveConfig)


@dataclass
class InpainterRunConfig(FrameSources):
    """What to learn from, and how.

    Attributes:
        train: The run.
    """

    train: InpainterTrainConfig = field(default_factory=InpainterTrainConfig)


def run_inpainter(config: InpainterRunConfig) -> Progress:
    """Prepare views, then train; a run in the same folder goes on.

    Raises:
        ValueError: If a folder holds no recordings, the run there has other settings, or its folder or
            device cannot be used.
    """
    check_run(config.train)
    torch.set_num_threads(config.threads)
    return train_inpainter(config.train, *prepare_training_frames(config))


def train_inpainter(
    config: InpainterTrainConfig, training_frames: TrainingFrames, held_out: TrainingFrames | None
) -> Progress:
    """Train until the steps are done; Ctrl-C saves first. A checkpoint in `output` is resumed.

    Raises:
        ValueError: If a checkpoint there is of a run with other settings.
    """
    inpainter, device = _beginning(config, training_frames), torch.device(config.device)
    progress = setup(inpainter, config)

    def draw(number: int) -> InpaintingBatch:
        return draw_batch(training_frames, config.inpainter, config.augmentation, config.batch, config.seed, number)

    def lose(batch: InpaintingBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return inpainting_loss(inpainter, batch.to(device), config.objective)

    score = None if held_out is None else HeldOutFrames(held_out, config.inpainter)
    fit(progress, config, frozen_settings(config, set()), draw, lose, Report(Path(config.output), score))
    average: Any = progress.average
    save_inpainter(Path(config.output) / "inpainter.safetensors", average)
    return progress


def _beginning(config: InpainterTrainConfig, training_frames: TrainingFrames) -> Inpainter:
    """An inpainter with a codebook."""
    if config.initial:
        return load_inpainter(Path(config.initial), torch.float32).requires_grad_()
    torch.manual_seed(config.seed)
    inpainter, shape, how = Inpainter(config.inpainter), config.inpainter, config.fit
    rows = np.random.default_rng(config.seed).choice(
        len(training_frames), size=min(how.training_frames, len(training_frames)), replace=False
    )
    frames, depth = (
        torch.from_numpy(training_frames.frames[np.sort(rows)]),
        torch.from_numpy(training_frames.depth[np.sort(rows)]),
    )
    surfaces = surface_planes(frames, depth, shape.near_metres, shape.far_metres)
    fit_codebook(inpainter.codebook, surfaces, patches=how.patches, rounds=how.rounds, seed=config.seed)
    return inpainter
