"""Training samples of every clip of a folder, prepared in several processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch

from wm_gym.progress import progress_bar
from wm_gym.train_world.data.recordings import Clip, Recordings

T = TypeVar("T")


def prepare_clips(
    prepare: Callable[[Clip, int], T], name: str, folder: str, most_clips: int, passes: int, workers: int
) -> list[T]:
    """Results of `prepare` for the clips of a folder, in order, pass after pass.

    Args:
        prepare: Clip and seed to a sample; a function of a module, since other processes call it.
        name: Name of the samples, for the progress bar.
        folder: Folder of recordings.
        most_clips: Most clips to use; 0 for all.
        passes: Samples of each clip, each with a seed of its own.
        workers: Processes.

    Raises:
        ValueError: If the folder holds no recordings.
    """
    count = len(Recordings(folder))
    chosen = range(min(count, most_clips) if most_clips else count)
    jobs = [(index, index + number * count) for number in range(passes) for index in chosen]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        answers = pool.map(partial(_prepare_one, prepare, Path(folder)), jobs, chunksize=4)
        return list(progress_bar(answers, total=len(jobs), desc=f"{name} of {folder}", unit="clip"))


def _prepare_one(prepare: Callable[[Clip, int], T], folder: Path, job: tuple[int, int]) -> T:
    index, seed = job
    torch.set_num_threads(1)
    return prepare(Recordings(folder).clip(index), seed)
