"""`wm-gym sharpen-painter`: from a painter to one whose frames are as sharp as the truth; only its finisher learns."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wm_gym.backends.video.weights import load_painter, save_painter
from wm_gym.train_world.checkpoint import Progress, average_of
from wm_gym.train_world.loop import LoopConfig, check_run, go, lasting
from wm_gym.train_world.painting.adversary import AdversaryConfig
from wm_gym.train_world.painting.batches import PaintBatch, TearConfig, draw_batch
from wm_gym.train_world.painting.contest import Contest, ContestConfig, contest_loss
from wm_gym.train_world.painting.preparing import ViewSources, prepare_views
from wm_gym.train_world.painting.scores import HeldOutViews
from wm_gym.train_world.painting.views import Views
from wm_gym.train_world.report import Report, Score


@dataclass
class SharpenConfig(LoopConfig):
    """One run: what every run has, and the sharpening's own.

    Attributes:
        initial: File of the painter to sharpen.
        adversary: Shape of the adversary.
        tear: How much of what is known is taken away; all tokens are painted, whatever its `everything`.
        objective: Weights of the losses.
    """

    output: str = "outputs/sharpen_painter"
    steps: int = 3000
    learning_rate: float = 4e-4
    warmup: int = 50
    hold: float = 0.5
    weight_decay: float = 0.0
    initial: str = ""
    adversary: AdversaryConfig = field(default_factory=AdversaryConfig)
    tear: TearConfig = field(default_factory=lambda: TearConfig(strip=0.35, box=0.15))
    objective: ContestConfig = field(default_factory=ContestConfig)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch < 2:
            raise ValueError(f"batch must be at least 2, half of true codes and half of chosen ones, got {self.batch}")


@dataclass
class SharpenRunConfig(ViewSources):
    """What to learn from, and how.

    Attributes:
        train: The run.
    """

    train: SharpenConfig = field(default_factory=SharpenConfig)


def run_sharpener(config: SharpenRunConfig) -> Progress:
    """Prepare views, then train; a run in the same folder goes on.

    Raises:
        ValueError: If there is no painter to begin from, a folder holds no recordings, the run there has other
            settings, or its folder or device cannot be used.
    """
    check_run(config.train)
    torch.set_num_threads(config.threads)
    _begin(config.train)  # what cannot begin is refused before views are prepared, which takes long
    return sharpen_painter(config.train, *prepare_views(config))


def sharpen_painter(config: SharpenConfig, views: Views, held_out: Views | None = None) -> Progress:
    """Train until the steps are done; Ctrl-C saves first. A checkpoint in `output` is resumed.

    Raises:
        ValueError: If there is no painter to begin from, or a checkpoint there is of a run with other settings.
    """
    progress, device = _begin(config), torch.device(config.device)
    contest: Any = progress.network
    shape = contest.painter.config

    def draw(number: int) -> PaintBatch:
        return draw_batch(views, shape, config.tear, config.batch, config.seed, number)

    def lose(batch: PaintBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        stop_if_asked()
        return contest_loss(contest, progress.optimizer, batch.to(device), config.objective, generator)

    score = None if held_out is None else _of_painters(HeldOutViews(held_out, shape))
    with _between_steps() as stop_if_asked:
        go(progress, config, lasting(config, set()), draw, lose, Report(Path(config.output), score))
    average: Any = progress.average
    save_painter(Path(config.output) / "painter.safetensors", average.painter)
    return progress


def _begin(config: SharpenConfig) -> Progress:
    """A run that has taken no step."""
    if not config.initial:
        raise ValueError(f"initial must name the file of the painter to sharpen, got {config.initial!r}")
    torch.manual_seed(config.seed)
    contest = Contest(load_painter(Path(config.initial), torch.float32), config.adversary).to(config.device)
    optimizer = contest.optimizer(config.learning_rate, config.weight_decay)
    return Progress(contest, average_of(contest), optimizer)


def _of_painters(score: Callable[[nn.Module], Score]) -> Callable[[nn.Module], Score]:
    """The score of a contest: its painter's."""
    return lambda contest: score(contest.get_submodule("painter"))


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
