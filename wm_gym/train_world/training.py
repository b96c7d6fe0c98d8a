"""Training of the video world model: one loop for two CPU cores and for a GPU; sizes and steps differ.

All randomness of a step comes from (seed, step), so a run that is resumed goes on exactly as it would have.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.weights import begin_from, save_weights
from wm_gym.train_world.batches import Batch, Batches, SpoilConfig
from wm_gym.train_world.checkpoint import Progress, average_of, follow, resume, save
from wm_gym.train_world.lessons import Lesson
from wm_gym.train_world.objective import ObjectiveConfig, loss
from wm_gym.train_world.report import Report


@dataclass
class TrainConfig:
    """One run.

    Attributes:
        output: Folder of the checkpoint, the logs and the strips.
        initial: Weights to begin from, wherever they fit by name and shape; empty for none.
        video: Shape of the model.
        objective: Noise levels and weights of the loss.
        spoil: How past and hints are spoiled.
        steps: Steps of the whole run; the learning rate falls over them.
        batch: Samples in a step.
        length: Latent frames in a sample.
        learning_rate: At its height.
        warmup: Steps until it is reached.
        hold: Share of the steps before it falls.
        weight_decay: Of matrices.
        average_decay: Of the moving average.
        clip_norm: Largest norm of the gradient.
        seed: Of everything random.
        device: "cpu" or "cuda".
        bfloat16: Whether matrices are multiplied in bfloat16.
        save_seconds: Time between checkpoints.
        report_steps: Steps between reports.
    """

    output: str = "outputs/train"
    initial: str = ""
    video: VideoConfig = field(default_factory=VideoConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    spoil: SpoilConfig = field(default_factory=SpoilConfig)
    steps: int = 20_000
    batch: int = 8
    length: int = 3
    learning_rate: float = 1e-3
    warmup: int = 100
    hold: float = 0.3
    weight_decay: float = 0.03
    average_decay: float = 0.998
    clip_norm: float = 1.0
    seed: int = 0
    device: str = "cpu"
    bfloat16: bool = True
    save_seconds: float = 180.0
    report_steps: int = 200

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "length", "warmup", "report_steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


def train(config: TrainConfig, lessons: Sequence[Lesson], held_out: Sequence[Lesson]) -> Progress:
    """Train until the steps are done; Ctrl-C saves first. A checkpoint in `output` is resumed.

    Raises:
        ValueError: If a checkpoint there is of a run with other settings.
    """
    progress = _begin(config)
    device = torch.device(config.device)
    checkpoint, settings = Path(config.output) / "checkpoint.pt", _settings(config)
    if checkpoint.exists():
        resume(checkpoint, progress, settings)
    network: Any = progress.network
    batches = Batches(lessons, network.codec, length=config.length, patch=config.video.patch)
    report = Report(Path(config.output), config.objective, held_out, config.length)
    saved = began = time.perf_counter()
    with tqdm(total=config.steps, initial=progress.step, desc="training", unit="step") as bar:
        try:
            for batch in _prefetch(batches, config, progress.step):
                figures = _step(progress, batch.to(device), config)
                now = time.perf_counter()
                progress.seconds, began = progress.seconds + now - began, now
                report.add(progress.step, figures)
                bar.update()
                if progress.step % config.report_steps == 0 or progress.step == config.steps:
                    bar.set_postfix(report.write(progress, _learning_rate(config, progress.step)))
                if now - saved > config.save_seconds:
                    save(checkpoint, progress, settings)
                    saved = now
        finally:
            save(checkpoint, progress, settings)
            report.close()
    average: Any = progress.average
    save_weights(Path(config.output) / "weights.safetensors", average)
    return progress


def _begin(config: TrainConfig) -> Progress:
    torch.manual_seed(config.seed)
    network = VideoNetwork(config.video)
    if config.initial:
        begin_from(Path(config.initial), network)
    network.to(config.device)
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.97), fused=True)
    return Progress(network, average_of(network), optimizer)


def _step(progress: Progress, batch: Batch, config: TrainConfig) -> dict[str, float]:
    """One step of the optimizer."""
    for group in progress.optimizer.param_groups:
        group["lr"] = _learning_rate(config, progress.step)
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + progress.step)
    network: Any = progress.network
    with torch.autocast(config.device, torch.bfloat16, enabled=config.bfloat16):
        total, parts = loss(network, batch, config.objective, generator)
    progress.optimizer.zero_grad(set_to_none=True)
    total.backward()
    norm = nn.utils.clip_grad_norm_(network.parameters(), config.clip_norm)
    progress.optimizer.step()
    progress.step += 1
    follow(progress.average, network, min(config.average_decay, progress.step / (progress.step + 20)))
    return {"loss": total.item(), "gradient_norm": float(norm)} | {k: v.item() for k, v in parts.items()}


def _learning_rate(config: TrainConfig, step: int) -> float:
    """Rises over the warm-up, holds, then falls as half a cosine to a fiftieth."""
    done = step / config.steps
    fall = max(0.0, done - config.hold) / max(1e-9, 1 - config.hold)
    return (
        config.learning_rate * min(1.0, (step + 1) / config.warmup) * (0.02 + 0.98 * (1 + math.cos(math.pi * fall)) / 2)
    )


def _prefetch(batches: Batches, config: TrainConfig, first: int) -> Iterator[Batch]:
    """Batches from `first` on, the next one being drawn while one is used."""

    def draw(number: int) -> Batch:
        return batches.draw(config.batch, config.seed, number, config.spoil)

    with ThreadPoolExecutor(1) as drawer:
        following = drawer.submit(draw, first)
        for number in range(first, config.steps):
            batch = following.result()
            following = drawer.submit(draw, number + 1)
            yield batch


def _settings(config: TrainConfig) -> dict[str, Any]:
    """What must not change when a run is resumed."""
    free = {"output", "device", "save_seconds", "report_steps"}
    return {name: value for name, value in asdict(config).items() if name not in free}
