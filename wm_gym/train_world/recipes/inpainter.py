"""Recipe "inpainter": the inpainter of what memory does not show, on frames of which memory shows a part."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from wm_gym.completion.codebook import fit_codebook
from wm_gym.completion.conditioning import surface_planes
from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.inpainter_config import InpainterConfig
from wm_gym.completion.weights import load_inpainter, save_inpainter
from wm_gym.train_world.inpainting.batches import HintAugmentation, InpaintingBatch, draw_batch
from wm_gym.train_world.inpainting.objective import InpaintingObjectiveConfig, inpainting_loss
from wm_gym.train_world.inpainting.preparing import FrameSources, prepare_training_frames
from wm_gym.train_world.inpainting.scores import HeldOutFrames
from wm_gym.train_world.inpainting.training_frames import TrainingFrames
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.trainer import Recipe


@dataclass(frozen=True)
class FitConfig:
    """How the codebook is fitted.

    Attributes:
        training_frames: Frames from which patches are drawn.
        patches: Patches that are drawn.
        rounds: Rounds of k-means.
    """

    training_frames: int = 2500
    patches: int = 200_000
    rounds: int = 25


@dataclass
class InpainterTrainConfig(LoopConfig):
    """Settings of one run: those of the loop, and the inpainter's.

    Attributes:
        initial: File of an inpainter of the same shape to start from, codebook and all; empty for none.
        inpainter: Shape of the inpainter.
        fit: How its codebook is fitted.
        augmentation: How much of the conditioning input is taken away.
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
    """The data of a run, and the run.

    Attributes:
        train: The run.
    """

    train: InpainterTrainConfig = field(default_factory=InpainterTrainConfig)


def run_inpainter(config: InpainterRunConfig) -> str:
    """Prepare training frames, then train; returns a summary. Raises as `run_recipe` does."""

    def prepare() -> Recipe[InpaintingBatch]:
        frames = prepare_training_frames(config, config.train.inpainter)
        return inpainter_recipe(config.train, *frames)

    return run_recipe(config.train, config.threads, prepare)


def inpainter_recipe(
    config: InpainterTrainConfig, training_frames: TrainingFrames, held_out: TrainingFrames | None = None
) -> Recipe[InpaintingBatch]:
    """The training of an inpainter on frames, scored on others."""
    inpainter, shape = _initial_inpainter(config, training_frames), config.inpainter

    def draw(number: int) -> InpaintingBatch:
        return draw_batch(training_frames, shape, config.augmentation, config.batch, config.seed, number)

    def loss_of(batch: InpaintingBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return inpainting_loss(inpainter, batch, config.objective)

    score = None if held_out is None else HeldOutFrames(held_out, shape)
    return Recipe(config, inpainter, draw, loss_of, score, save_inpainter, "inpainter.safetensors")


def _initial_inpainter(config: InpainterTrainConfig, training_frames: TrainingFrames) -> Inpainter:
    """The inpainter of a file, or a random one whose codebook is fitted to the frames."""
    if config.initial:
        return load_inpainter(Path(config.initial), torch.float32).requires_grad_()
    torch.manual_seed(config.seed)
    inpainter, shape, fit = Inpainter(config.inpainter), config.inpainter, config.fit
    count = min(fit.training_frames, len(training_frames))
    rows = np.sort(np.random.default_rng(config.seed).choice(len(training_frames), size=count, replace=False))
    frames, depth = torch.from_numpy(training_frames.frames[rows]), torch.from_numpy(training_frames.depth[rows])
    surfaces = surface_planes(frames, depth, shape.near_metres, shape.far_metres)
    fit_codebook(inpainter.codebook, surfaces, patches=fit.patches, rounds=fit.rounds, seed=config.seed)
    return inpainter
