"""Adversarial finetuning: an inpainter whose frames are as sharp as the truth; only its pixel decoder learns."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wm_gym.completion.weights import load_inpainter, save_inpainter
from wm_gym.train_world.checkpoint import Progress, average_of
from wm_gym.train_world.inpainting.batches import HintAugmentation, InpaintingBatch, draw_batch
from wm_gym.train_world.inpainting.discriminator import DiscriminatorConfig
from wm_gym.train_world.inpainting.gan import Gan, GanConfig, gan_loss
from wm_gym.train_world.inpainting.preparing import FrameSources, prepare_training_frames
from wm_gym.train_world.inpainting.scores import HeldOutFrames
from wm_gym.train_world.inpainting.training_frames import TrainingFrames
from wm_gym.train_world.report import Report, Score
from wm_gym.train_world.trainer import LoopConfig, check_run, fit, frozen_settings


@dataclass
class AdversarialConfig(LoopConfig):
    """One run: what every run has, and the sharpening's own.

    Attributes:
        initial: File of the inpainter to sharpen.
        discriminator: Shape of the adversary.
        augmentation: How much of what is known is taken away; all tokens are painted, whatever its `everything`.
        objective: Weights of the losses.
    """

    output: str = "outputs/finetune_adversarially"
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
    """What to learn from, and how.

    Attributes:
        train: The run.
    """

    train: AdversarialConfig = field(default_factory=AdversarialConfig)


def run_adversarial(config: AdversarialRunConfig) -> Progress:
    """Prepare views, then train; a run in the same folder goes on.

    Raises:
        ValueError: If there is no inpainter to begin from, a folder holds no recordings, the run there has other
            settings, or its folder or device cannot be used.
    """
    check_run(config.train)
    torch.set_num_threads(config.threads)
    _begin(config.train)  # what cannot begin is refused before views are prepared, which takes long
    return finetune_adversarially(config.train, *prepare_training_frames(config))


def finetune_adversarially(
    config: AdversarialConfig, training_frames: TrainingFrames, held_out: TrainingFrames | None = None
) -> Progress:
    """Train until the steps are done; Ctrl-C saves first. A checkpoint in `output` is resumed.

    Raises:
        ValueError: If there is no inpainter to begin from, or a checkpoint there is of a run with other settings.
    """
    progress, device = _begin(config), torch.device(config.device)
    gan: Any = progress.network
    shape = gan.inpainter.config

    def draw(number: int) -> InpaintingBatch:
        return draw_batch(training_frames, shape, config.augmentation, config.batch, config.seed, number)

    def lose(batch: InpaintingBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        stop_if_asked()
        return gan_loss(gan, progress.optimizer, batch.to(device), config.objective, generator)

    score = None if held_out is None else _of_inpainters(HeldOutFrames(held_out, shape))
    with _between_steps() as stop_if_asked:
        fit(progress, config, frozen_settings(config, set()), draw, lose, Report(Path(config.output), score))
    average: Any = progress.average
    save_inpainter(Path(config.output) / "inpainter.safetensors", average.inpainter)
    return progress


def _begin(config: AdversarialConfig) -> Progress:
    """A run that has taken no step."""
    if not config.initial:
        raise ValueError(f"initial must name the file of the inpainter to sharpen, got {config.initial!r}")
    torch.manual_seed(config.seed)
    gan = Gan(load_inpainter(Path(config.initial), torch.float32), config.discriminator).to(config.device)
    optimizer = gan.optimizer(config.learning_rate, config.weight_decay)
    return Progress(gan, average_of(gan), optimizer)


def _of_inpainters(score: Callable[[nn.Module], Score]) -> Callable[[nn.Module], Score]:
    """The score of a contest: its inpainter's."""
    return lambda gan: score(gan.get_submodule("inpainter"))


@contextmanager
def _between_steps() -> Iterator[Callable[[], None]]:
    """Ctrl-C waits until what this yields is called.

    Amid a step the adversary has moved and the finisher has not; a run that went on from there would end elsewhere.
    """
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: asked.append(number))

    def stop_if_asked() -> None:
        if asked:
            raise KeyboardInterrupt

    try:
        yield stop_if_asked
    finally:
        signal.signal(signal.SIGINT, before)
