"""Recipe "video": the video world model, on clips with the hints that a memory would have given along them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.streaming import StreamingCodec
from wm_gym.backends.video.weights import begin_from, load_codec, save_weights
from wm_gym.train_world.data.preparing import prepare_clips
from wm_gym.train_world.data.samples import ClipSample, prepare
from wm_gym.train_world.data.sources import Sources, spec_of
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.trainer import Recipe
from wm_gym.train_world.video.batches import AugmentationConfig, Batch, Batches
from wm_gym.train_world.video.objective import ObjectiveConfig, loss
from wm_gym.train_world.video.scores import HeldOut

FITTED = ("height", "width", "far_metres", "frames_per_latent")
"""Settings of the model that must be those of its recordings."""


@dataclass
class VideoTrainConfig(LoopConfig):
    """Settings of one run: those of the loop, and the video model's.

    Attributes:
        initial: File of weights to start from, taken wherever they fit by name and shape; empty for random ones.
        codec_weights: File of a trained codec, with `video.codec` "streaming"; it is frozen and becomes part of the
            weights. Its shape replaces `video.streaming`.
        video: Shape of the model.
        objective: Noise levels and weights of the loss.
        augmentation: Noise, cutout and floaters of the hints, and dropout of prompts.
        turning: Share of samples that end where the prompt has just changed, as an event begins or ends.
        parts: Parts of the network that learn, as `VideoNetwork` names them, such as "refiner"; empty for all.
    """

    initial: str = ""
    codec_weights: str = ""
    video: VideoConfig = field(default_factory=VideoConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    turning: float = 0.25
    parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.video.codec == "streaming") != bool(self.codec_weights):
            raise ValueError(
                f"codec_weights must name a codec's file with video.codec 'streaming', and be empty with "
                f"'space_to_depth', got {self.codec_weights!r} with {self.video.codec!r}"
            )

    def frozen(self) -> dict[str, Any]:
        """Settings that must not change when a run is resumed; the codec itself is in the checkpoint."""
        settings = super().frozen()
        del settings["codec_weights"]
        without_effect = {"codec", "streaming"} if self.video.codec == "space_to_depth" else {"streaming"}
        settings["video"] = {name: value for name, value in settings["video"].items() if name not in without_effect}
        return settings


@dataclass
class VideoRunConfig(Sources):
    """The data of a run, and the run.

    Attributes:
        passes: Samples made of each clip, each with a memory of its own.
        keyframe_scale: Rows of the recordings over those of the model's frames. Memories open on frames as large as
            the recordings', as worlds do on captures.
        workers: Processes that prepare samples.
        train: The run.
    """

    passes: int = 1
    keyframe_scale: int = 1
    workers: int = 2
    train: VideoTrainConfig = field(default_factory=VideoTrainConfig)


def run_video(config: VideoRunConfig) -> str:
    """Prepare samples, then train; returns a summary. Raises as `run_recipe` does."""
    return run_recipe(config.train, config.threads, lambda: video_recipe(config.train, *_read(config)))


def video_recipe(
    config: VideoTrainConfig, samples: Sequence[ClipSample], held_out: Sequence[ClipSample] = ()
) -> Recipe[Batch]:
    """The training of a video model on samples, scored on others.

    Raises:
        ValueError: If the model does not fit the recordings, or the codec's file does not fit the model.
    """
    samples[0].spec.check(config.video, "train.video", FITTED)
    network = _network(config)
    _let_learn(network, config.parts)
    batches = Batches(samples, network.packing, config.video, length=config.length, turning=config.turning)

    def draw(number: int) -> Batch:
        return batches.draw(config.batch, config.seed, number, config.augmentation)

    def loss_of(batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return loss(network, batch, config.objective, generator)

    score = HeldOut(held_out, config.length) if len(held_out) else None
    return Recipe(config, network, draw, loss_of, score, save_weights, "weights.safetensors")


def prepare_samples(
    folder: str, most_clips: int, passes: int, workers: int, keyframe_scale: int = 1
) -> list[ClipSample]:
    """Samples of the clips of a folder, in order, pass after pass.

    Raises:
        ValueError: If the folder holds no recordings.
    """
    prepared = partial(prepare, keyframe_scale=keyframe_scale)
    return prepare_clips(prepared, "samples", folder, most_clips, passes, workers)


def _read(config: VideoRunConfig) -> tuple[list[ClipSample], list[ClipSample]]:
    """Samples to train on, and those to score on. Recordings that do not fit are refused before they are prepared."""
    spec_of(config).reduced(config.keyframe_scale).check(config.train.video, "train.video", FITTED)

    def samples_of(folder: str, most_clips: int, passes: int) -> list[ClipSample]:
        return prepare_samples(folder, most_clips, passes, config.workers, config.keyframe_scale)

    parts = [samples_of(one, config.most_clips, config.passes) for one in config.recordings]
    held_out = samples_of(config.held_out, config.held_out_clips, 1) if config.held_out else []
    return [sample for part in parts for sample in part], held_out


def _network(config: VideoTrainConfig) -> VideoNetwork:
    """The network before its first step; a learned codec is trained already, and frozen."""
    torch.manual_seed(config.seed)
    trained = load_codec(Path(config.codec_weights), torch.float32) if config.codec_weights else None
    video = config.video if trained is None else replace(config.video, streaming=trained.config)
    network = VideoNetwork(video)
    if config.initial:
        begin_from(Path(config.initial), network)
    if trained is not None:
        _take_codec(network, trained, config.codec_weights)
    return network


def _let_learn(network: VideoNetwork, parts: Sequence[str]) -> None:
    """Freeze all but the named parts, if any is named."""
    named = [name for name, _ in network.named_children()]
    if unknown := [part for part in parts if part not in named]:
        raise ValueError(f"train.parts must be of {named}, got {unknown}")
    for name, child in network.named_children():
        if parts and name not in parts:
            child.requires_grad_(False)


def _take_codec(network: VideoNetwork, trained: StreamingCodec, path: str) -> None:
    wanted = network.packing, network.config.frames_per_latent
    if (trained.packing, trained.num_frames) != wanted:
        raise ValueError(f"codec {path} must fold {wanted}, got {(trained.packing, trained.num_frames)}")
    assert isinstance(network.codec, StreamingCodec)
    network.codec.load_state_dict(trained.state_dict())
    network.codec.requires_grad_(False)
