"""`wm-gym train`: from folders of recordings to weights."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from tqdm import tqdm

from wm_gym.train_world.checkpoint import Progress
from wm_gym.train_world.lessons import Lesson, prepare
from wm_gym.train_world.recordings import Recordings
from wm_gym.train_world.sources import Sources
from wm_gym.train_world.training import TrainConfig, train


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
        ValueError: If a folder holds no recordings, or the run there has other settings.
    """
    torch.set_num_threads(config.threads)
    lessons = [
        lesson
        for folder in config.recordings
        for lesson in prepare_all(folder, config.most_clips, config.passes, config.workers)
    ]
    held_out = prepare_all(config.held_out, config.held_out_clips, 1, config.workers) if config.held_out else []
    return train(config.train, lessons, held_out)


def prepare_all(folder: str, most_clips: int, passes: int, workers: int) -> list[Lesson]:
    """Lessons of the clips of a folder, in order.

    Raises:
        ValueError: If the folder holds no recordings.
    """
    count = len(Recordings(folder))
    chosen = range(min(count, most_clips) if most_clips else count)
    jobs = [(index, index + p * count) for p in range(passes) for index in chosen]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        answers: Iterator[Lesson] = pool.map(partial(_prepare_one, Path(folder)), jobs, chunksize=4)
        return list(tqdm(answers, total=len(jobs), desc=f"lessons of {folder}", unit="clip"))


def _prepare_one(folder: Path, job: tuple[int, int]) -> Lesson:
    index, seed = job
    torch.set_num_threads(1)
    return prepare(Recordings(folder).clip(index), seed)
