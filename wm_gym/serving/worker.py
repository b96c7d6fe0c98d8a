"""`Worker`: the one thread in which a server computes. Steps that wait at once are made in one batch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from wm_gym.serving.session import Shown
from wm_gym.serving.sessions import Sessions

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class _Waiting:
    """A step that waits to be made, and what is made of it in the same thread."""

    session_id: str
    action: Any
    finish: Callable[[Shown], Any]
    future: Future[Any] = field(default_factory=Future)

    def settle(self, result: Shown | Exception) -> None:
        """Answer whoever waits."""
        if isinstance(result, Exception):
            self.future.set_exception(result)
            return
        try:
            self.future.set_result(self.finish(result))
        except Exception as error:  # whoever asked is told, others are not concerned
            self.future.set_exception(error)


class Worker:
    """Runs everything that touches sessions, one after another.

    Args:
        sessions: Only this worker's thread uses them from now on.
    """

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self._thread = ThreadPoolExecutor(1, "worlds")
        self._waiting: list[_Waiting] = []
        self._lock = Lock()

    async def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Result of a function, computed in the thread."""
        return await asyncio.wrap_future(self._thread.submit(function, *args, **kwargs))

    async def step(self, session_id: str, action: Any, finish: Callable[[Shown], R]) -> R:
        """One step of a session, together with those of others that wait; what `finish` makes of it.

        Raises:
            LookupError: If there is no such session.
            ValueError: If the action is none.
            RuntimeError: If no world has opened in it.
        """
        one = _Waiting(session_id, action, finish)
        with self._lock:
            self._waiting.append(one)
        self._thread.submit(self._step_all)
        return await asyncio.shield(asyncio.wrap_future(one.future))

    def close(self) -> None:
        """End all sessions and the thread."""
        self._thread.submit(self.sessions.close_all)
        self._thread.shutdown(wait=True)

    def _step_all(self) -> None:
        """Make the steps that wait: the first of each session; the second waits for its own call."""
        batch: dict[str, _Waiting] = {}
        with self._lock:
            for one in self._waiting:
                batch.setdefault(one.session_id, one)
            self._waiting = [one for one in self._waiting if batch[one.session_id] is not one]
        if not batch:
            return
        try:
            results = self.sessions.step([(one.session_id, one.action) for one in batch.values()])
        except Exception as error:  # an engine that died must not take the server along
            results = [error] * len(batch)
        for one, result in zip(batch.values(), results, strict=True):
            one.settle(result)
