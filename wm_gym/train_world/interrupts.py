"""Ctrl-C between the steps of a run, so that a step is taken whole or not at all."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wm_gym.train_world.ranks import agreed


@contextmanager
def held_interrupts() -> Iterator[Callable[[], None]]:
    """Hold Ctrl-C back until the function that this yields is called, which raises `KeyboardInterrupt` if it came.

    If it came to one of several ranks, all stop. Python lets only the main thread handle signals: in other threads
    nothing is held back.
    """
    asked: list[int] = []
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, lambda number, _: asked.append(number)) if is_main else None

    def stop_if_asked() -> None:
        if agreed(bool(asked)):
            raise KeyboardInterrupt

    try:
        yield stop_if_asked
    finally:
        if is_main:
            signal.signal(signal.SIGINT, before)
