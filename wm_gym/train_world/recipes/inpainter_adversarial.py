"""Recipe "inpainter_adversarial": an inpainter whose frames are as sharp as the truth.

Its pixel decoder alone learns, against a discriminator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wm_gym.completion.weights import load_inpainter, save_inpainter
from wm_gym.train_world.inpainting.batches import HintAugmentation, InpaintingBatch, draw_batch
from wm_gym.train_world.inpainting.discriminator import DiscriminatorConfig
from wm_gym.train_world.inpainting.gan import Gan, GanConfig, gan_loss
from wm_gym.train_world.inpainting.preparing import FrameSources, prepare_training_frames
from wm_gym.train_world.inpainting.scores import HeldOutFrames
from wm_gym.train_world.inpainting.training_frames import TrainingFrames
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.report import Score
from wm_gym.train_world.trainer import Recipe


@dataclass
class AdversarialConfig(LoopConfig):
    """Settings of one run: those of the loop, and the finetuning's.

    Attributes:
        initial: File of the inpainter to finetune.
        discriminator: Shape of the discriminator.
        augmentation: How much of the conditioning input is taken away; its `everything` has no effect, since all tokens
            are inpainted.
        objective: Weights of the losses.
    """

    output: str = "outputs/train_inpainter_adversarial"
    steps: int = 3000
    learning_rate: float = 4e-4
    warmup: int = 50
    constant_share: float = 0.5
    weight_decay: float = 0.0
    initial: str = ""
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    augmentation: HintAugmentation = field(default_factory=lambda: HintAugmentation(strip=0.35, box=0.15))
    objective: GanConfig = field(default_factory=GanConfig)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch < 2:
            raise ValueError(f"batch must be at least 2, half of true codes and half of chosen ones, got {self.batch}")


@dataclass
class AdversarialRunConfig(FrameSources):
    """The data of a run, and the run.

    Attributes:
        train: The run.
    """

    train: AdversarialConfig = field(default_factory=AdversarialConfig)


def run_adversarial(config: AdversarialRunConfig) -> str:
    """Prepare training frames, then finetune; returns a summary, one line.

    Raises:
        ValueError: If there is no inpainter to finetune, or as `run_recipe` does.
    """

    def prepare() -> Recipe[InpaintingBatch]:
        gan = _initial_gan(config.train)  # what is missing is refused before frames are prepared, which takes long
        return adversarial_recipe(config.train, *prepare_training_frames(config, gan.inpainter.config))

    return run_recipe(config.train, config.threads, prepare)


def adversarial_recipe(
    config: AdversarialConfig, training_frames: TrainingFrames, held_out: TrainingFrames | None = None
) -> Recipe[InpaintingBatch]:
    """The finetuning of an inpainter on frames, scored on others.

    Raises:
        ValueError: If there is no inpainter to finetune.
    """
    gan = _initial_gan(config)
    shape = gan.inpainter.config
    optimizer = gan.optimizer(config.learning_rate, config.weight_decay)

    def draw(number: int) -> InpaintingBatch:
        return draw_batch(training_frames, shape, config.augmentation, config.batch, config.seed, number)

    def loss_of(batch: InpaintingBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return gan_loss(gan, optimizer, batch, config.objective, generator)

    score = None if held_out is None else _of_inpainter(HeldOutFrames(held_out, shape))
    return Recipe(config, gan, draw, loss_of, score, _save, "inpainter.safetensors", optimizer)


def _initial_gan(config: AdversarialConfig) -> Gan:
    """The inpainter of the file, with a random discriminator, on the run's device."""
    if not config.initial:
        raise ValueError(f"initial must name the file of the inpainter to finetune, got {config.initial!r}")
    torch.manual_seed(config.seed)
    return Gan(load_inpainter(Path(config.initial), torch.float32), config.discriminator).to(config.device)


def _of_inpainter(score: Callable[[nn.Module], Score]) -> Callable[[nn.Module], Score]:
    """Scores the inpainter of a GAN."""
    return lambda gan: score(gan.get_submodule("inpainter"))


def _save(path: Path, gan: Any) -> None:
    save_inpainter(path, gan.inpainter)
