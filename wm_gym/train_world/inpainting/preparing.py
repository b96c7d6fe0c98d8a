"""TrainingFrames for every training of an inpainter, or of a part of one: from folders of recordings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import torch

from wm_gym.completion.inpainter import Inpainter
from wm_gym.completion.weights import load_inpainter
from wm_gym.train_world.data.preparing import prepare_clips
from wm_gym.train_world.data.recordings import Clip
from wm_gym.train_world.data.sources import Sources
from wm_gym.train_world.inpainting.training_frames import TrainingFrames, training_frames_of


@dataclass
class FrameSources(Sources):
    """What to learn from.

    Attributes:
        passes: Memories that go along each clip; each knows other parts of it.
        workers: Processes that prepare views.
        controller: File of an inpainter, by whose hand some memories take in what they did not know; empty for none.
    """

    passes: int = 6
    workers: int = 2
    controller: str = ""


def prepare_training_frames(config: FrameSources) -> tuple[TrainingFrames, TrainingFrames | None]:
    """TrainingFrames to learn from, and those to score on, or None where no folder is named.

    Raises:
        ValueError: If a folder holds no recordings.
    """
    parts = [_prepare(config, folder, config.most_clips, config.passes) for folder in config.recordings]
    held_out = _prepare(config, config.held_out, config.held_out_clips, 1) if config.held_out else None
    return TrainingFrames.cat(parts), held_out


def _prepare(config: FrameSources, folder: str, most_clips: int, passes: int) -> TrainingFrames:
    view = partial(_training_frames_of, config.controller)
    return TrainingFrames.cat(prepare_clips(view, "frames", folder, most_clips, passes, config.workers))


def _training_frames_of(controller: str, clip: Clip, seed: int) -> TrainingFrames:
    return training_frames_of(clip, seed, _hand(controller) if controller else None)


@cache
def _hand(path: str) -> Inpainter:
    """Once in each process."""
    return load_inpainter(Path(path), torch.float32).eval()
