"""Training frames of the inpainter recipes, from folders of recordings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import torch

from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.inpainter_config import InpainterConfig
from wm_gym.completion.weights import load_inpainter
from wm_gym.train_world.data.preparing import prepare_clips
from wm_gym.train_world.data.recordings import Clip
from wm_gym.train_world.data.sources import Sources, spec_of
from wm_gym.train_world.inpainting.training_frames import TrainingFrames, training_frames_of

FITTED = ("height", "width", "far_metres")
"""Settings of an inpainter that must be those of its recordings."""


@dataclass
class FrameSources(Sources):
    """Folders of recordings, and how training frames are made of them.

    Attributes:
        passes: Memories along each clip, each with other content.
        workers: Processes that prepare training frames.
        memory_inpainter: File of an inpainter that inpaints what some memories did not show before they integrate it;
            empty for none.
    """

    passes: int = 6
    workers: int = 2
    memory_inpainter: str = ""


def prepare_training_frames(
    config: FrameSources, inpainter: InpainterConfig
) -> tuple[TrainingFrames, TrainingFrames | None]:
    """Training frames, and held-out ones to score on, or None where no folder is named.

    Args:
        config: Folders of recordings.
        inpainter: Shape of the inpainter that is trained.

    Raises:
        ValueError: If the inpainter does not fit the recordings, or as `spec_of` does.
    """
    spec_of(config).check(inpainter, "train.inpainter", FITTED)
    parts = [_prepare(config, folder, config.most_clips, config.passes) for folder in config.recordings]
    held_out = _prepare(config, config.held_out, config.held_out_clips, 1) if config.held_out else None
    return TrainingFrames.cat(parts), held_out


def _prepare(config: FrameSources, folder: str, most_clips: int, passes: int) -> TrainingFrames:
    prepare = partial(_training_frames_of, config.memory_inpainter)
    return TrainingFrames.cat(prepare_clips(prepare, "frames", folder, most_clips, passes, config.workers))


def _training_frames_of(memory_inpainter: str, clip: Clip, seed: int) -> TrainingFrames:
    return training_frames_of(clip, seed, _load(memory_inpainter) if memory_inpainter else None)


@cache
def _load(path: str) -> Inpainter:
    """The inpainter of a file, read once in each process."""
    return load_inpainter(Path(path), torch.float32).eval()
