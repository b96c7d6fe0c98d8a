"""The views of a folder of recordings, prepared in several processes."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import torch
from tqdm import tqdm

from wm_gym.train_world.painting.views import Views, views_of
from wm_gym.train_world.recordings import Recordings


def gather(folder: str, most_clips: int, passes: int, workers: int) -> Views:
    """Views of the clips of a folder, in order.

    Args:
        folder: Of recordings.
        most_clips: Clips that are used; 0 for all.
        passes: Memories that go along each clip.
        workers: Processes.

    Raises:
        ValueError: If the folder holds no recordings.
    """
    count = len(Recordings(folder))
    chosen = range(min(count, most_clips) if most_clips else count)
    jobs = [(index, index + number * count) for number in range(passes) for index in chosen]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        answers = pool.map(partial(_prepare_one, Path(folder)), jobs, chunksize=8)
        return Views.cat(list(tqdm(answers, total=len(jobs), desc=f"views of {folder}", unit="clip")))


def _prepare_one(folder: Path, job: tuple[int, int]) -> Views:
    index, seed = job
    torch.set_num_threads(1)
    return views_of(Recordings(folder).clip(index), seed)
