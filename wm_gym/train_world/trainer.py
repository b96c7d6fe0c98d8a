"""The trainer, the same for every recipe: set up, fit, save. A recipe says what is trained, on what and by which loss.

All randomness of a step comes from (seed, step), so a resumed run ends in the same bytes as one that was never stopped.
"""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from wm_gym.progress import progress_bar
from wm_gym.train_world.checkpoint import Progress, average_of, resume, save, update_ema
from wm_gym.train_world.interrupts import held_interrupts
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.ranks import agreed, is_first_rank, num_ranks
from wm_gym.train_world.report import Report, Score


class Movable(Protocol):
    """A batch: tensors that can be moved to a device together."""

    def to(self, device: torch.device) -> Any:
        """The batch on a device."""
        ...


B = TypeVar("B", bound=Movable)
Loss = Callable[[B, torch.Generator], tuple[Tensor, dict[str, Tensor]]]
"""(batch on the run's device, CPU generator of all noise) to the loss and its parts by name."""


@dataclass(frozen=True)
class Recipe(Generic[B]):
    """One training, ready to run.

    Attributes:
        config: Settings of the loop.
        network: Initialised; parameters that require no gradient stay as they are.
        draw: Batch by number.
        loss: Loss of the network.
        score: Held-out figures of the moving average of the network, or None for no scores.
        save: Writes the moving average of the network to a file.
        file: Name of that file, in the output folder.
        optimizer: Optimizer of the network, or None for AdamW with the settings of the loop. A group of its parameters
            may have an `lr_scale`, a multiple of the learning rate.
        is_backward: Whether `loss` adds the gradients itself, graph by graph.
        shard: Shards the weights of a network over ranks, in place, for the network's optimizer too if that is given;
            None: they are whole.
    """

    config: LoopConfig
    network: nn.Module
    draw: Callable[[int], B]
    loss: Loss[B]
    score: Callable[[nn.Module], Score] | None
    save: Callable[[Path, Any], object]
    file: str
    optimizer: Optimizer | None = None
    is_backward: bool = False
    shard: Callable[[nn.Module, Optimizer | None], object] | None = None


def train(recipe: Recipe[Any]) -> Progress:
    """Train until the steps or minutes are over, then write the weights. A checkpoint in the output folder is resumed.

    Ctrl-C waits for the end of a step, writes a checkpoint and raises `KeyboardInterrupt`.

    Raises:
        ValueError: If a checkpoint there is of a run with other settings.
    """
    folder = Path(recipe.config.output)
    progress = setup(recipe)
    fit(progress, recipe, Report(folder, recipe.score))
    recipe.save(folder / recipe.file, progress.average)
    return progress


def setup(recipe: Recipe[Any]) -> Progress:
    """A run that has taken no step."""
    network = recipe.network.to(recipe.config.device)
    average = average_of(network)
    if recipe.shard is not None:
        recipe.shard(network, recipe.optimizer)
        recipe.shard(average, None)
    return Progress(network, average, recipe.optimizer or _adamw(network, recipe.config))


def fit(progress: Progress, recipe: Recipe[Any], report: Report) -> None:
    """Take the steps of a run, from its checkpoint on if there is one.

    Raises:
        ValueError: If the checkpoint is of a run with other settings.
    """
    config, checkpoint = recipe.config, Path(recipe.config.output) / "checkpoint.pt"
    if checkpoint.exists():
        resume(checkpoint, progress, config.frozen())
    saved = began = time.perf_counter()
    bar = progress_bar(
        total=config.steps, initial=progress.step, desc="training", unit="step", disable=not is_first_rank()
    )
    with bar, held_interrupts() as stop_if_asked:
        try:
            for batch in _prefetch(recipe.draw, progress.step, config.steps, config.data_workers):
                stop_if_asked()
                figures = _step(progress, batch, recipe)
                progress.seconds += time.perf_counter() - began
                is_last = progress.step == config.steps or agreed(_is_over(progress, config))
                report.add(figures)
                bar.update()
                if progress.step % config.report_steps == 0 or is_last:
                    bar.set_postfix(report.write(progress, _learning_rate(config, progress.step)))
                if agreed(time.perf_counter() - saved > config.save_seconds):
                    save(checkpoint, progress, config.frozen())
                    saved = time.perf_counter()
                if is_last:
                    break
                began = time.perf_counter()  # scoring and saving are no training
        finally:
            if num_ranks() == 1 or sys.exc_info()[0] in (None, KeyboardInterrupt):
                save(checkpoint, progress, config.frozen())  # other ranks do not know of this one's errors
            report.close()


def _adamw(network: nn.Module, config: LoopConfig) -> AdamW:
    learned = [p for p in network.parameters() if p.requires_grad]
    matrices, vectors = [p for p in learned if p.ndim > 1], [p for p in learned if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.97), fused=True)


def _is_over(progress: Progress, config: LoopConfig) -> bool:
    return 0 < 60 * config.most_minutes <= progress.seconds


def _step(progress: Progress, batch: Movable, recipe: Recipe[Any]) -> dict[str, float]:
    """One step of the optimizer and of the moving average; returns the loss and its parts."""
    config = recipe.config
    for group in progress.optimizer.param_groups:
        group["lr"] = _learning_rate(config, progress.step) * group.get("lr_scale", 1.0)
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + progress.step)
    if recipe.is_backward:
        progress.optimizer.zero_grad(set_to_none=True)
    with torch.autocast(config.device, torch.bfloat16, enabled=config.bfloat16):
        total, parts = recipe.loss(batch.to(torch.device(config.device)), generator)
    if not recipe.is_backward:
        progress.optimizer.zero_grad(set_to_none=True)  # a loss may have left gradients of its own
        total.backward()
    norm = nn.utils.clip_grad_norm_(progress.network.parameters(), config.clip_norm)
    progress.optimizer.step()
    progress.step += 1
    update_ema(progress.average, progress.network, min(config.average_decay, progress.step / (progress.step + 20)))
    return {"loss": total.item(), "gradient_norm": float(norm)} | {k: v.item() for k, v in parts.items()}


def _learning_rate(config: LoopConfig, step: int) -> float:
    """Rises over the warm-up, stays constant, then falls as half a cosine to a fiftieth."""
    done = step / config.steps
    fall = max(0.0, done - config.constant_share) / max(1e-9, 1 - config.constant_share)
    return (
        config.learning_rate * min(1.0, (step + 1) / config.warmup) * (0.02 + 0.98 * (1 + math.cos(math.pi * fall)) / 2)
    )


def _prefetch(draw: Callable[[int], B], first: int, steps: int, data_workers: int) -> Iterator[B]:
    """Batches from number `first` on, in order; the next ones are drawn while one is used."""
    with ThreadPoolExecutor(data_workers) as pool:
        ahead = deque(pool.submit(draw, number) for number in range(first, min(steps, first + data_workers)))
        for number in range(first, steps):
            batch = ahead.popleft().result()
            ahead.append(pool.submit(draw, number + data_workers))
            yield batch
