"""Training of the video world model: one loop for two CPU cores and for a GPU; sizes and steps differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.streaming import StreamingCodec
from wm_gym.backends.video.weights import begin_from, load_codec, save_weights
from wm_gym.train_world.checkpoint import Progress
from wm_gym.train_world.data.samples import ClipSample
from wm_gym.train_world.report import Report
from wm_gym.train_world.trainer import LoopConfig, fit, frozen_settings, setup
from wm_gym.train_world.video.batches import AugmentationConfig, Batch, Batches
from wm_gym.train_world.video.objective import ObjectiveConfig, loss
from wm_gym.train_world.video.scores import HeldOut


@dataclass
class TrainConfig(LoopConfig):
    """One run: what every run has, and the world model's own.

    Attributes:
        initial: Weights to begin from, wherever they fit by name and shape; empty for none.
        codec_weights: A trained codec's file, with codec "streaming"; it is kept as it is and becomes part of the
            weights. Its shape replaces `video.streaming`.
        video: Shape of the model.
        objective: Noise levels and weights of the loss.
        augmentation: How past and hints are spoiled.
        turning: Share of samples that end where the prompt has just changed: an event begins or ends.
    """

    initial: str = ""
    codec_weights: str = ""
    video: VideoConfig = field(default_factory=VideoConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    turning: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.video.codec == "streaming") != bool(self.codec_weights):
            raise ValueError(
                f"codec_weights must name a codec's file with video.codec 'streaming', and be empty with "
                f"'space_to_depth', got {self.codec_weights!r} with {self.video.codec!r}"
            )


def train(config: TrainConfig, samples: Sequence[ClipSample], held_out: Sequence[ClipSample]) -> Progress:
    """Train until the steps are done; Ctrl-C saves first. A checkpoint in `output` is resumed.

    Raises:
        ValueError: If a checkpoint there is of a run with other settings, or the codec's file does not fit.
    """
    network = _network(config)
    progress = setup(network, config)
    batches = Batches(samples, network.packing, config.video, length=config.length, turning=config.turning)
    device = torch.device(config.device)

    def draw(number: int) -> Batch:
        return batches.draw(config.batch, config.seed, number, config.augmentation)

    def lose(batch: Batch, generator: torch.Generator) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        return loss(network, batch.to(device), config.objective, generator)

    report = Report(Path(config.output), HeldOut(held_out, config.length) if len(held_out) else None)
    fit(progress, config, _settings(config), draw, lose, report)
    average: Any = progress.average
    save_weights(Path(config.output) / "weights.safetensors", average)
    return progress


def _network(config: TrainConfig) -> VideoNetwork:
    """The network that the run begins with, its learned codec trained and frozen."""
    torch.manual_seed(config.seed)
    trained = load_codec(Path(config.codec_weights), torch.float32) if config.codec_weights else None
    video = config.video if trained is None else replace(config.video, streaming=trained.config)
    network = VideoNetwork(video)
    if config.initial:
        begin_from(Path(config.initial), network)
    if trained is not None:
        _take(network, trained, config.codec_weights)
    return network


def _take(network: VideoNetwork, trained: StreamingCodec, path: str) -> None:
    wanted = network.packing, network.config.frames_per_latent
    if (trained.packing, trained.num_frames) != wanted:
        raise ValueError(f"codec {path} must fold {wanted}, got {(trained.packing, trained.num_frames)}")
    assert isinstance(network.codec, StreamingCodec)
    network.codec.load_state_dict(trained.state_dict())
    network.codec.requires_grad_(False)


def _settings(config: TrainConfig) -> dict[str, Any]:
    """What must not change when the run is resumed; the codec itself is in the checkpoint."""
    settings = frozen_settings(config, {"codec_weights"})
    without_effect = {"codec", "streaming"} if config.video.codec == "space_to_depth" else {"streaming"}
    settings["video"] = {name: value for name, value in settings["video"].items() if name not in without_effect}
    return settings
