"""Runs a function in two processes that talk by gloo, and hands back what each returns."""

import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tiny networks of the neighbours

RANKS = 2


def in_two_ranks(function: Callable[..., Any], folder: Path, *arguments: Any) -> list[Any]:
    """What `function(*arguments)` returns in each of two ranks; files between them lie in `folder`."""
    mp.spawn(_one_rank, (function, str(folder), arguments), nprocs=RANKS)  # type: ignore[attr-defined]
    return [torch.load(folder / f"rank{rank}.pt", weights_only=False) for rank in range(RANKS)]


def _one_rank(rank: int, function: Callable[..., Any], folder: str, arguments: tuple[Any, ...]) -> None:
    torch.set_num_threads(1)
    os.environ |= {"GLOO_SOCKET_IFNAME": "lo", "RANK": str(rank), "WORLD_SIZE": str(RANKS)}
    store = f"file://{folder}/store"
    dist.init_process_group("gloo", store, timeout=timedelta(seconds=120), rank=rank, world_size=RANKS)
    try:
        torch.save(function(*arguments), Path(folder) / f"rank{rank}.pt")
    finally:
        dist.destroy_process_group()
