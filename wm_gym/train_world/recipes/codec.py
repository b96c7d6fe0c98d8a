"""Recipe "codec": a streaming codec of the video backend, on frames, depth and moving masks of recorded clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.video.codec import SpaceToDepthCodec
from wm_gym.backends.video.streaming import StreamingCodec, StreamingConfig
from wm_gym.backends.video.weights import save_codec
from wm_gym.train_world.codec.clips import CodecClip, draw_chunks, read_codec_clips
from wm_gym.train_world.codec.initialisation import init_linear
from wm_gym.train_world.codec.objective import CodecObjectiveConfig, codec_loss
from wm_gym.train_world.codec.scores import HeldOutClips
from wm_gym.train_world.data.sources import Sources, spec_of
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.trainer import Recipe

INITIAL_SAMPLES = 64


@dataclass
class CodecTrainConfig(LoopConfig):
    """Settings of one run: those of the loop, and the codec's.

    Attributes:
        streaming: Shape of the codec. A chunk has the frames of a latent of the recordings.
        near_metres: Smallest depth that is told apart; the largest is the far plane of the recordings.
        objective: Weights of the loss.
    """

    output: str = "outputs/train_codec"
    streaming: StreamingConfig = field(default_factory=StreamingConfig)
    near_metres: float = 0.2
    objective: CodecObjectiveConfig = field(default_factory=CodecObjectiveConfig)
    learning_rate: float = 4e-4
    weight_decay: float = 0.0


@dataclass
class CodecRunConfig(Sources):
    """The data of a run, and the run.

    Attributes:
        train: The run.
    """

    train: CodecTrainConfig = field(default_factory=CodecTrainConfig)


def run_codec(config: CodecRunConfig) -> str:
    """Read clips, then train; returns a summary. Raises as `run_recipe` does."""
    return run_recipe(config.train, config.threads, lambda: codec_recipe(config.train, *_read(config)))


def codec_recipe(
    config: CodecTrainConfig, clips: Sequence[CodecClip], held_out: Sequence[CodecClip] = ()
) -> Recipe[Tensor]:
    """The training of a codec on clips of one spec, scored on others.

    Raises:
        ValueError: If the clips are too short.
    """
    torch.manual_seed(config.seed)
    spec = clips[0].spec
    packing = SpaceToDepthCodec(config.near_metres, spec.far_metres)
    codec = StreamingCodec(config.streaming, packing, spec.frames_per_latent)

    def draw(number: int, size: int = config.batch) -> Tensor:
        rng = np.random.default_rng([config.seed, number])
        return draw_chunks(clips, packing, rng, size, length=config.length, num_frames=spec.frames_per_latent)

    def loss_of(planes: Tensor, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return codec_loss(codec, planes, config.objective, generator)

    init_linear(codec, draw(config.steps, INITIAL_SAMPLES))
    score = HeldOutClips(held_out, config.length) if len(held_out) else None
    return Recipe(config, codec, draw, loss_of, score, save_codec, "codec.safetensors")


def _read(config: CodecRunConfig) -> tuple[list[CodecClip], list[CodecClip]]:
    """Clips to train on, and those to score on, all of one spec."""
    spec_of(config)
    clips = [clip for folder in config.recordings for clip in read_codec_clips(folder, config.most_clips)]
    return clips, read_codec_clips(config.held_out, config.held_out_clips) if config.held_out else []
