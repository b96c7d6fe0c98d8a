"""Torch as generation wants it, whatever the caller has set: threads, autocast, default dtype and device, precision.

Torch keeps all that in the process or the thread, and a learner sets it for its own network. A world's numbers must
not depend on it, so they are computed inside `own_arithmetic()`, after which the caller's settings are as they were.

A forked child inherits the settings of torch's thread pools and not their threads: its first parallel loop would wait
for them for ever. Importing this module therefore lets a child go on with one thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import lru_cache, partial, wraps
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

DEVICE_TYPES = ("cpu", "cuda")
"""Whose autocast is switched off."""

_CALLERS_THREADS: ContextVar[int] = ContextVar("callers_threads", default=0)
"""Threads that the caller of the outermost `own_arithmetic()` has given torch; 0 outside."""

SUBNORMAL = 1e-310
"""Half of it is another number, unless the processor takes such small ones for zero."""


@contextmanager
def own_arithmetic(threads: int = 1) -> Iterator[None]:
    """Within it torch computes in full precision by so many threads; the caller's settings come back after it.

    Args:
        threads: Of torch's kernels on the CPU. One is fastest for small networks, and then no kernel cuts its sums up
            by the number of cores.
    """
    callers = _CALLERS_THREADS.set(callers_threads())
    settings = ((torch.get_num_threads, torch.set_num_threads, threads), *_settings())
    changed = [(put, found, wanted) for get, put, wanted in settings if (found := get()) != wanted]
    try:
        for put, _, wanted in changed:
            put(wanted)
        with nullcontext() if torch.get_default_device().type == "cpu" else torch.device("cpu"):
            yield
    finally:
        for put, found, _ in reversed(changed):
            put(found)
        _CALLERS_THREADS.reset(callers)


def callers_threads() -> int:
    """Threads that the caller has given torch, also inside `own_arithmetic()`."""
    return _CALLERS_THREADS.get() or torch.get_num_threads()


def each_in_threads(function: Callable[[T], R], values: Sequence[T]) -> list[R]:
    """The function of each value, side by side by as many threads as the caller has given torch."""
    threads = min(len(values), callers_threads())
    if threads < 2:
        return [function(value) for value in values]
    # a library that asks OpenMP itself would else take as many threads again in each
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(torch.get_num_threads(),)) as pool:
        return list(pool.map(function, values))


def takes_kernels(tensor: Tensor) -> bool:
    """Whether kernels compiled for the CPU may take a tensor: it lies there, and no gradient will be asked for."""
    return tensor.device.type == "cpu" and torch.is_inference_mode_enabled()


def in_own_arithmetic(function: Callable[P, R]) -> Callable[P, R]:
    """The function, computed inside `own_arithmetic()`."""

    @wraps(function)
    def computed(*args: P.args, **kwargs: P.kwargs) -> R:
        with own_arithmetic():
            return function(*args, **kwargs)

    return computed


@lru_cache(maxsize=1)
def _settings() -> tuple[tuple[Callable[[], Any], Callable[[Any], Any], Any], ...]:
    """For each setting but the threads what reads it, what sets it, and the wanted value."""
    return (
        *(
            (partial(torch.is_autocast_enabled, device), partial(torch.set_autocast_enabled, device), False)
            for device in DEVICE_TYPES
        ),
        (torch.get_default_dtype, torch.set_default_dtype, torch.float32),
        (_flushes_denormal, torch.set_flush_denormal, False),
        *((partial(getattr, holder, name), partial(setattr, holder, name), to) for holder, name, to in _libraries()),
    )


def _flushes_denormal() -> bool:
    return SUBNORMAL / 2 == 0.0


def _libraries() -> list[tuple[Any, str, Any]]:
    """Object, attribute and wanted value: oneDNN is used, products are exact, and no clock chooses the kernels."""
    onednn, cublas, cudnn = torch.backends.mkldnn, torch.backends.cuda.matmul, torch.backends.cudnn
    chosen = [(onednn, "enabled", True), (cudnn, "benchmark", False), (cudnn, "deterministic", True)]
    exact = [(cublas, "allow_bf16_reduced_precision_reduction", False)]
    if not hasattr(cublas, "fp32_precision"):  # torch before 2.9
        return [*chosen, *exact, (cublas, "allow_tf32", False), (cudnn, "allow_tf32", False)]
    products = onednn.matmul, onednn.conv, cublas, cudnn.conv
    return [*chosen, *exact, *((product, "fp32_precision", "ieee") for product in products)]


os.register_at_fork(after_in_child=partial(torch.set_num_threads, 1))
