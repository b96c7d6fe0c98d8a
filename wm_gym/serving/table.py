"""`Table`: the connections of one shared world, and the clock by which it moves. Lives in the event loop.

The world steps when a player acts, an event has just begun or somebody comes or goes, at most as often as its frames
last. Who acted in the last step is waited for a moment, so that nobody's walk stutters.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wm_gym.serving.party import Party
from wm_gym.serving.refusing import as_json, sentence_of
from wm_gym.serving.replies import Wanted, reply_to
from wm_gym.serving.rooms import MOST_WATCHERS
from wm_gym.serving.wire import pack
from wm_gym.serving.worker import Worker

GRACE_SECONDS = 0.15
"""Longest wait for a player who acted in the last step."""

SEAT_SECONDS = 5.0
"""Time for which the body of a player whose connection was lost waits for it."""

RUN_ON_STEPS = 20
"""Steps that a world makes by itself after a director has written something."""

_MOST_WAITING = 2


@dataclass(eq=False)
class Viewer:
    """One connection.

    Attributes:
        role: A key of `party.ROLES`.
        seat: Of a player; None of others.
        body: Name of the body whose eyes are looked through, or None for the first.
        wanted: What it is shown.
        waiting: Replies that are yet to be sent; when it is slow the older ones are left out. None ends it.
        news: Set when there is one.
    """

    role: str
    seat: str | None = None
    body: str | None = None
    wanted: Wanted = field(default_factory=Wanted)
    waiting: deque[bytes | str | None] = field(default_factory=lambda: deque(maxlen=_MOST_WAITING))
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, reply: bytes | str | None) -> None:
        """Hand it a reply; None tells that the world has ended."""
        self.waiting.append(reply)
        self.news.set()


@dataclass(frozen=True)
class Act:
    """What a player is to do in the next step.

    Attributes:
        number: Of its message.
        action: In the action space.
    """

    number: int
    action: Any


class Table:
    """Connections of one party.

    Args:
        worker: Computes.
        party: Only the worker's thread uses it.

    Attributes:
        viewers: Who is connected.
        time_goes_on: Whether the world steps without any act.
    """

    def __init__(self, worker: Worker, party: Party) -> None:
        self._worker, self.party = worker, party
        self.viewers: set[Viewer] = set()
        self.time_goes_on = False
        self._pending: dict[str, Act] = {}
        self._acted: set[str] = set()
        self._run_on = 0
        self._wake = asyncio.Event()
        self._clock = asyncio.create_task(self._run())

    async def enter(self, role: str, seat: str | None) -> Viewer:
        """One more connection; that of a player takes a seat, or comes back to its own.

        Raises:
            FullError: If there are as many players as the party takes.
            RuntimeError: If there are as many connections as it takes.
        """
        if len(self.viewers) >= MOST_WATCHERS:
            raise RuntimeError(f"connections to a shared world must be at most {MOST_WATCHERS}, got one more")
        viewer = Viewer(role)
        self.viewers.add(viewer)
        if role != "player":
            return viewer
        try:
            viewer.seat, viewer.body = await self._worker.call(self._sit, seat)
        except BaseException:
            self.viewers.discard(viewer)
            raise
        for other in self.viewers - {viewer}:
            if other.seat == viewer.seat:
                other.show(None)
        self.run_on(1)
        return viewer

    async def leave(self, viewer: Viewer, *, is_lost: bool) -> None:
        """One connection fewer; the body of a player whose connection was lost waits for `SEAT_SECONDS`."""
        self.viewers.discard(viewer)
        if viewer.seat is None:
            return
        self._pending.pop(viewer.seat, None)
        if is_lost:
            await asyncio.sleep(SEAT_SECONDS)
        if all(other.seat != viewer.seat for other in self.viewers):
            await self._worker.call(self.party.leave, viewer.seat)
            self.run_on(1)

    def act(self, seat: str, act: Act) -> None:
        """Do something in the next step, in place of what was to be done in it before."""
        self._pending[seat] = act
        self._wake.set()

    def run_on(self, steps: int) -> None:
        """Step at least so many times more, whoever acts."""
        self._run_on = max(self._run_on, steps)
        self._wake.set()

    async def picture_for(self, viewer: Viewer, number: int | None) -> bytes:
        """What a connection sees now."""
        return await self._worker.call(lambda: self._packed([viewer], {viewer: number})[viewer])

    def close(self) -> None:
        """Stop the clock and tell all who are connected that the world has ended."""
        self._clock.cancel()
        for viewer in self.viewers:
            viewer.show(None)

    async def _run(self) -> None:
        period = self.party.group.core.world.spec.frames_per_step / self.party.group.core.world.spec.fps
        while True:
            await self._wake.wait()
            self._wake.clear()
            if not (self._pending or self._run_on or self.time_goes_on):
                continue
            await self._gather()
            began = asyncio.get_running_loop().time()
            await self._step()
            await asyncio.sleep(began + period - asyncio.get_running_loop().time())
            self._wake.set()

    async def _gather(self) -> None:
        """Wait a moment for those who acted in the last step."""
        loop = asyncio.get_running_loop()
        until = loop.time() + GRACE_SECONDS
        while self._missing() and loop.time() < until:
            try:
                await asyncio.wait_for(self._wake.wait(), until - loop.time())
            except TimeoutError:
                return
            self._wake.clear()

    def _missing(self) -> set[str]:
        return (self._acted & {viewer.seat for viewer in self.viewers if viewer.seat}) - set(self._pending)

    async def _step(self) -> None:
        acts, self._pending = self._pending, {}
        self._acted, self._run_on = set(acts), max(0, self._run_on - 1)
        viewers = list(self.viewers)
        numbers = {viewer: acts[viewer.seat].number for viewer in viewers if viewer.seat in acts}
        try:
            shown = await self._worker.call(self._stepped, acts, viewers, numbers)
        except Exception as error:  # whatever happens in a world, the connections live on
            for viewer in viewers:
                viewer.show(as_json({"id": numbers.get(viewer), "ok": False, "error": sentence_of(error)}))
            return
        for viewer in viewers:
            viewer.show(shown.get(viewer))

    def _sit(self, seat: str | None) -> tuple[str, str]:
        seat = seat if seat in self.party.seats else self.party.join()
        assert seat is not None
        return seat, self.party.body_of(seat)

    def _stepped(
        self, acts: Mapping[str, Act], viewers: list[Viewer], numbers: Mapping[Viewer, int | None]
    ) -> dict[Viewer, bytes]:
        """Step in the worker's thread; what each connection sees then, but for players for whom there was no room."""
        self.party.step({seat: act.action for seat, act in acts.items()})
        left = [viewer for viewer in viewers if viewer.seat is None or viewer.seat in self.party.seats]
        return self._packed(left, numbers)

    def _packed(self, viewers: list[Viewer], numbers: Mapping[Viewer, int | None]) -> dict[Viewer, bytes]:
        made: dict[tuple[str | None, Wanted], dict[str, Any]] = {}
        replies: dict[Viewer, bytes] = {}
        bodies = self.party.bodies()
        for viewer in viewers:
            key = (viewer.body, viewer.wanted)
            if key not in made:
                made[key] = reply_to(self.party.shown(viewer.body), viewer.wanted)
            head = {"id": numbers.get(viewer), "ok": True, "body": viewer.body, "bodies": bodies}
            replies[viewer] = pack(head | made[key])
        return replies
