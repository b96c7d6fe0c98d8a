"""Settings that every training has, and what is refused before anything is prepared."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch

from wm_gym.files.atomic import check_writable

ENDLESS_STEPS = 10_000_000
"""Steps of a run that time ends (`LoopConfig.most_minutes`); its learning rate must not depend on them
(`constant_share=1.0`)."""

_FREE = {"output", "device", "save_seconds", "report_steps", "most_minutes", "data_workers"}
"""Settings that may change when a run is resumed."""


@dataclass
class LoopConfig:
    """Settings of the training loop.

    Attributes:
        output: Folder of the checkpoint, the weights, the logs and the strips.
        steps: Steps of the whole run, over which the learning rate falls.
        batch: Samples in a step.
        length: Latent frames in a sample.
        learning_rate: Highest learning rate.
        warmup: Steps over which the learning rate rises.
        constant_share: Share of the steps before the learning rate falls.
        weight_decay: Weight decay of matrices; vectors have none.
        average_decay: Decay of the moving average (EMA) of the weights.
        clip_norm: Largest norm of the gradient.
        seed: Seed of everything random.
        device: "cpu" or "cuda".
        bfloat16: Whether matrices are multiplied in bfloat16.
        save_seconds: Seconds between checkpoints.
        report_steps: Steps between reports.
        most_minutes: Minutes of training after which a run stops and can be resumed; 0 for no limit.
        data_workers: Threads that draw batches ahead; a GPU needs several.
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

    def frozen(self) -> dict[str, Any]:
        """Settings that must not change when a run is resumed, by name."""
        return {name: value for name, value in asdict(self).items() if name not in _FREE}


def check_run(config: LoopConfig) -> None:
    """Refuse a run that would fail only after its data is prepared.

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
