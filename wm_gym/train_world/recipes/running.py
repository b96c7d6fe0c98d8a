"""What all recipes do that train on recordings: check the run, prepare its data, train, summarise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from wm_gym.train_world.distributed.sharding import distributed, joined_ranks
from wm_gym.train_world.loop_config import LoopConfig, check_run
from wm_gym.train_world.trainer import Recipe, train


def run_recipe(config: LoopConfig, threads: int, prepare: Callable[[], Recipe[Any]]) -> str:
    """Prepare and train; returns a summary, one line. A run in the same folder is resumed.

    Where torchrun has started several processes, they train together.

    Args:
        config: Settings of the loop.
        threads: Threads of torch in this process.
        prepare: Reads the data and makes the recipe; called once the run has been checked.

    Raises:
        ValueError: If the folder or device of the run cannot be used, a folder holds no recordings, the run in the
            folder has other settings, or several processes cannot divide the batch or train this recipe.
    """
    check_run(config)
    torch.set_num_threads(threads)
    with joined_ranks(config) as ranks:
        recipe = prepare() if ranks == 1 else distributed(prepare())
        progress = train(recipe)
    minutes = progress.seconds / 60
    return f"{progress.step} steps in {minutes:.1f} minutes; {recipe.file} and logs are in {config.output}"
