"""The training loop, the same for every model: steps, checkpoints, reports. Exact resume.

All randomness of a step comes from (seed, step), so a run that is resumed goes on exactly as it would have.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from wm_gym.files.atomic import check_writable
from wm_gym.progress import progress_bar
from wm_gym.train_world.checkpoint import Progress, average_of, resume, save, update_ema
from wm_gym.train_world.report import Report

ENDLESS_STEPS = 10_000_000
"""Of a run that time ends (`LoopConfig.most_minutes`); its learning rate must not depend on them (`hold=1.0`)."""

B = TypeVar("B")
Loss = Callable[[B, torch.Generator], tuple[Tensor, dict[str, Tensor]]]
"""(batch, generator of all noise) to the loss and figures beside it."""


@dataclass
class LoopConfig:
    """What every run has.

    Attributes:
        output: Folder of the checkpoint, the logs and the strips.
        steps: Steps of the whole run; the learning rate falls over them.
        batch: Samples in a step.
        length: Latent frames in a sample.
        learning_rate: At its height.
        warmup: Steps until it is reached.
        constant_share: Share of the steps before it falls.
        weight_decay: Of matrices.
        average_decay: Of the moving average.
        clip_norm: Largest norm of the gradient.
        seed: Of everything random.
        device: "cpu" or "cuda".
        bfloat16: Whether matrices are multiplied in bfloat16.
        save_seconds: Time between checkpoints.
        report_steps: Steps between reports.
        most_minutes: Training time after which a run stops, to be gone on with; 0 for none.
        data_workers: Threads that draw batches ahead; a GPU wants several.
    """

    output: str = "outputs/train"
    steps: int = 20_000
    batch: int = 8
    length: int = 3
    learning_rate: float = 1e-3
    warmup: int = 100
    constant_share: float = 0.3
    weight_decay: float = 0.03
    average_decay: float = 0.998
    clip_norm: float = 1.0
    seed: int = 0
    device: str = "cpu"
    bfloat16: bool = True
    save_seconds: float = 180.0
    report_steps: int = 200
    most_minutes: float = 0.0
    data_workers: int = 1

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "length", "warmup", "report_steps", "data_workers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


def check_run(config: LoopConfig) -> None:
    """Refuse a run that would fail only after what it learns from is prepared.

    Raises:
        ValueError: If its folder cannot be written to, or torch cannot use its device.
    """
    check_writable(config.output, is_folder=True, name="train.output")
    check_device(config.device, "train.device")


def check_device(device: str, name: str) -> None:
    """Make sure that torch can use a device here.

    Raises:
        ValueError: If it cannot.
    """
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for CUDA
        reason = str(error).splitlines()[0]
        raise ValueError(f"{name} must be one that torch can use here, got {device!r}: {reason}") from error


def setup(network: nn.Module, config: LoopConfig) -> Progress:
    """A run that has taken no step; parameters that want no gradient stay as they are."""
    network.to(config.device)
    learned = [p for p in network.parameters() if p.requires_grad]
    matrices, vectors = [p for p in learned if p.ndim > 1], [p for p in learned if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.97), fused=True)
    return Progress(network, average_of(network), optimizer)


def fit(
    progress: Progress,
    config: LoopConfig,
    settings: dict[str, Any],
    draw: Callable[[int], B],
    loss: Loss[B],
    report: Report,
) -> None:
    """Train until the steps or minutes are over; Ctrl-C saves first. A checkpoint in the output folder is resumed.

    Args:
        progress: From `setup`.
        config: Of the run.
        settings: What must not change when the run is resumed.
        draw: Batch `number`.
        loss: Of the network that is trained.
        report: What a person sees.

    Raises:
        ValueError: If a checkpoint there is of a run with other settings.
    """
    checkpoint = Path(config.output) / "checkpoint.pt"
    if checkpoint.exists():
        resume(checkpoint, progress, settings)
    saved = began = time.perf_counter()
    with progress_bar(total=config.steps, initial=progress.step, desc="training", unit="step") as bar:
        try:
            for batch in _prefetch(draw, progress.step, config.steps, config.data_workers):
                figures = _step(progress, batch, loss, config)
                progress.seconds += time.perf_counter() - began
                is_last = progress.step == config.steps or _is_over(progress, config)
                report.add(progress.step, figures)
                bar.update()
                if progress.step % config.report_steps == 0 or is_last:
                    bar.set_postfix(report.write(progress, _learning_rate(config, progress.step)))
                if time.perf_counter() - saved > config.save_seconds:
                    save(checkpoint, progress, settings)
                    saved = time.perf_counter()
                if is_last:
                    break
                began = time.perf_counter()  # scoring and saving are no training
        finally:
            save(checkpoint, progress, settings)
            report.close()


def frozen_settings(config: LoopConfig, free: set[str]) -> dict[str, Any]:
    """What must not change when a run is resumed: all settings but those that are `free`, or free in every run."""
    free = free | {"output", "device", "save_seconds", "report_steps", "most_minutes", "data_workers"}
    return {name: value for name, value in asdict(config).items() if name not in free}


def _is_over(progress: Progress, config: LoopConfig) -> bool:
    return 0 < 60 * config.most_minutes <= progress.seconds


def _step(progress: Progress, batch: B, loss: Loss[B], config: LoopConfig) -> dict[str, float]:
    """One step of the optimizer."""
    for group in progress.optimizer.param_groups:
        group["lr"] = _learning_rate(config, progress.step)
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + progress.step)
    with torch.autocast(config.device, torch.bfloat16, enabled=config.bfloat16):
        total, parts = loss(batch, generator)
    progress.optimizer.zero_grad(set_to_none=True)
    total.backward()
    norm = nn.utils.clip_grad_norm_(progress.network.parameters(), config.clip_norm)
    progress.optimizer.step()
    progress.step += 1
    update_ema(progress.average, progress.network, min(config.average_decay, progress.step / (progress.step + 20)))
    return {"loss": total.item(), "gradient_norm": float(norm)} | {k: v.item() for k, v in parts.items()}


def _learning_rate(config: LoopConfig, step: int) -> float:
    """Rises over the warm-up, holds, then falls as half a cosine to a fiftieth."""
    done = step / config.steps
    fall = max(0.0, done - config.constant_share) / max(1e-9, 1 - config.constant_share)
    return (
        config.learning_rate * min(1.0, (step + 1) / config.warmup) * (0.02 + 0.98 * (1 + math.cos(math.pi * fall)) / 2)
    )


def _prefetch(draw: Callable[[int], B], first: int, steps: int, data_workers: int) -> Iterator[B]:
    """Batches from `first` on, in order, the next ones being drawn while one is used."""
    with ThreadPoolExecutor(data_workers) as pool:
        ahead = deque(pool.submit(draw, number) for number in range(first, min(steps, first + data_workers)))
        for number in range(first, steps):
            batch = ahead.popleft().result()
            ahead.append(pool.submit(draw, number + data_workers))
            yield batch
