"""`wm-gym train`: from folders of recordings to weights."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from wm_gym.train_world.checkpoint import Progress
from wm_gym.train_world.data.preparing import prepare_clips
from wm_gym.train_world.data.samples import ClipSample, prepare
from wm_gym.train_world.data.sources import Sources
from wm_gym.train_world.trainer import check_run
from wm_gym.train_world.video.training import TrainConfig, train


@dataclass
class RunConfig(Sources):
    """What to learn from, and how.

    Attributes:
        passes: Lessons made of each clip, each with a memory of its own.
        workers: Processes that prepare lessons.
        train: The run.
    """

    passes: int = 1
    workers: int = 2
    train: TrainConfig = field(default_factory=TrainConfig)


def run(config: RunConfig) -> Progress:
    """Prepare lessons, then train; a run in the same folder goes on.

    Raises:
        ValueError: If a folder holds no recordings, the run there has other settings, or its folder or
            device cannot be used.
    """
    check_run(config.train)
    torch.set_num_threads(config.threads)
    samples = [
        clip_sample
        for folder in config.recordings
        for clip_sample in prepare_all(folder, config.most_clips, config.passes, config.workers)
    ]
    held_out = prepare_all(config.held_out, config.held_out_clips, 1, config.workers) if config.held_out else []
    return train(config.train, samples, held_out)


def prepare_all(folder: str, most_clips: int, passes: int, workers: int) -> list[ClipSample]:
    """Lessons of the clips of a folder, in order.

    Raises:
        ValueError: If the folder holds no recordings.
    """
    return prepare_clips(prepare, "samples", folder, most_clips, passes, workers)
