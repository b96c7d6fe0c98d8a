"""A small thread pool for kernels that release the interpreter lock.

Every job writes to its own arrays, so results do not depend on the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

MAX_THREADS = 8


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(len(os.sched_getaffinity(0)), MAX_THREADS), thread_name_prefix="memory")


# a forked child has none of its parent's threads, so it must not inherit the pool that waits for them
os.register_at_fork(after_in_child=_pool.cache_clear)


def run_all(job: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> list[Any]:
    """The results of `job(*args)` for each of `arguments`, in order."""
    calls = list(arguments)
    if len(calls) == 1:
        return [job(*calls[0])]
    return list(_pool().map(lambda args: job(*args), calls))
