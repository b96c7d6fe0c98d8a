"""`wm-gym train-codec`: from folders of recordings to a learned streaming codec."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.video.codec import SpaceToDepthCodec
from wm_gym.backends.video.streaming import StreamingCodec, StreamingConfig
from wm_gym.backends.video.weights import save_codec
from wm_gym.train_world.checkpoint import Progress
from wm_gym.train_world.codec.clips import CodecClip, draw_chunks, read_codec_clips
from wm_gym.train_world.codec.initialisation import init_linear
from wm_gym.train_world.codec.objective import CodecObjectiveConfig, codec_loss
from wm_gym.train_world.codec.scores import HeldOutClips
from wm_gym.train_world.data.sources import Sources
from wm_gym.train_world.report import Report
from wm_gym.train_world.trainer import LoopConfig, check_run, fit, frozen_settings, setup

INITIAL_SAMPLES = 64


@dataclass
class CodecTrainConfig(LoopConfig):
    """One run: what every run has, and the codec's own.

    Attributes:
        streaming: Shape of the codec.
        num_frames: Frames of a chunk.
        near_metres: Smallest depth that is told apart.
        far_metres: Depth that stands for the sky.
        objective: Weights of the loss.
    """

    output: str = "outputs/train_codec"
    streaming: StreamingConfig = field(default_factory=StreamingConfig)
    num_frames: int = 4
    near_metres: float = 0.2
    far_metres: float = 100.0
    objective: CodecObjectiveConfig = field(default_factory=CodecObjectiveConfig)
    learning_rate: float = 4e-4
    weight_decay: float = 0.0


@dataclass
class CodecRunConfig(Sources):
    """What to learn from, and how.

    Attributes:
        train: The run.
    """

    train: CodecTrainConfig = field(default_factory=CodecTrainConfig)


def run_codec(config: CodecRunConfig) -> Progress:
    """Read footage, then train; a run in the same folder goes on.

    Raises:
        ValueError: If a folder holds no recordings, the run there has other settings, or its folder or
            device cannot be used.
    """
    check_run(config.train)
    torch.set_num_threads(config.threads)
    clips = [clip for folder in config.recordings for clip in read_codec_clips(folder, config.most_clips)]
    held_out = read_codec_clips(config.held_out, config.held_out_clips) if config.held_out else []
    return train_codec(config.train, clips, held_out)


def train_codec(config: CodecTrainConfig, clips: Sequence[CodecClip], held_out: Sequence[CodecClip]) -> Progress:
    """Train until the steps are done; Ctrl-C saves first. A checkpoint in `output` is resumed.

    Raises:
        ValueError: If a checkpoint there is of a run with other settings, or the clips are too short.
    """
    torch.manual_seed(config.seed)
    codec = StreamingCodec(
        config.streaming, SpaceToDepthCodec(config.near_metres, config.far_metres), config.num_frames
    )
    device = torch.device(config.device)

    def draw(number: int, size: int = config.batch) -> Tensor:
        rng = np.random.default_rng([config.seed, number])
        return draw_chunks(clips, codec.packing, rng, size, length=config.length, num_frames=config.num_frames)

    init_linear(codec, draw(config.steps, INITIAL_SAMPLES))
    progress = setup(codec, config)

    def lose(planes: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return codec_loss(codec, planes.to(device), config.objective, generator)

    report = Report(Path(config.output), HeldOutClips(held_out, config.length) if len(held_out) else None)
    fit(progress, config, frozen_settings(config, set()), draw, lose, report)
    average: Any = progress.average
    save_codec(Path(config.output) / "codec.safetensors", average)
    return progress
