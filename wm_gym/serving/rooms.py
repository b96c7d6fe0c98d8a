"""`Room`: the connections of one session: one message at a time, and whoever looks on. Lives in the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MOST_WATCHERS = 32
_MOST_WAITING = 2
"""Replies that wait for a slow watcher; older ones are left out."""


@dataclass(eq=False)
class Room:
    """Connections of one session.

    Attributes:
        lock: Held while a message is answered.
        watchers: A queue of packed replies for each who looks on; None ends it.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    watchers: set[asyncio.Queue[bytes | None]] = field(default_factory=set)

    @contextmanager
    def watching(self) -> Iterator[asyncio.Queue[bytes | None]]:
        """What is shown from now on, for one more who looks on.

        Raises:
            RuntimeError: If there are as many as a session takes.
        """
        if len(self.watchers) >= MOST_WATCHERS:
            raise RuntimeError(f"watchers of a session must be at most {MOST_WATCHERS}, got one more")
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_WAITING)
        self.watchers.add(queue)
        try:
            yield queue
        finally:
            self.watchers.discard(queue)

    def show(self, frames: bytes | None) -> None:
        """Hand a packed reply to all who look on; None tells them that the session has ended."""
        for queue in self.watchers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(frames)


class Rooms:
    """The rooms of all sessions, by id."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}

    def of(self, session_id: str) -> Room:
        """The room of a session, made when it is first asked for."""
        return self._rooms.setdefault(session_id, Room())

    def keep_only(self, session_ids: set[str]) -> None:
        """Leave out the rooms of all other sessions."""
        for session_id in self._rooms.keys() - session_ids:
            self.end(session_id)

    def end(self, session_id: str) -> None:
        """Tell those who look on that a session has ended."""
        if session_id in self._rooms:
            self._rooms.pop(session_id).show(None)
