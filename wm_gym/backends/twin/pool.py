"""Engine processes shared by worlds: one each while they last, then they switch between worlds by loading.

A process stands at a token, the fingerprint of all that its episode has been through. A world whose token a process
stands at just goes on there; any other is restored first, from its save and the actions since. A forked child leaves
the processes to its parent and starts its own.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

from wm_gym.backends.twin.client import EngineError, EngineProcess
from wm_gym.backends.twin.messages import Restore, Show, Shown, Stage


class Token:
    """Fingerprint of a moment of an episode; processes know by it whether any state still lives at their moment.

    Attributes:
        digest: 32 bytes.
    """

    __slots__ = ("__weakref__", "digest")

    def __init__(self, digest: bytes) -> None:
        self.digest = digest


@dataclass(frozen=True)
class Job:
    """One world's share of a step.

    Attributes:
        before: Where the episode stands, or None where it opens.
        restore: How to get there.
        show: What to do then.
        after: Where it stands afterwards.
    """

    before: Token | None
    restore: Restore | None
    show: Show
    after: Token


@dataclass
class _Seat:
    """A process and the moment it stands at."""

    process: EngineProcess
    digest: bytes | None = None
    token: weakref.ref[Token] | None = None
    stage: Stage | None = None
    last_used: int = 0
    busy: bool = False

    @property
    def free(self) -> bool:
        return self.token is None or self.token() is None


class Pool:
    """Up to `max_processes` engine processes.

    Args:
        max_processes: At least 1.
        timeout_seconds: How long an answer may take.
    """

    def __init__(self, max_processes: int, timeout_seconds: float) -> None:
        self._max_processes, self._timeout_seconds = max_processes, timeout_seconds
        self._seats: list[_Seat] = []
        self._clock = 0
        _POOLS.add(self)

    @property
    def pids(self) -> list[int]:
        """Of the worker processes."""
        return [seat.process.pid for seat in self._seats]

    def run(self, jobs: Sequence[Job]) -> list[Shown]:
        """Do all jobs, as many at once as there are processes.

        Raises:
            EngineError: If a process died; it is replaced when it is next needed.
        """
        results: dict[int, Shown] = {}
        waiting = list(range(len(jobs)))
        self._report_deaths(jobs)
        while waiting:
            wave = self._seat_jobs(jobs, waiting)
            errors = [_send(seat, jobs[i]) for i, seat in wave.items()]
            errors += [self._receive(seat, jobs[i], i, results) for i, seat in wave.items()]
            for error in filter(None, errors):
                raise error
            waiting = [i for i in waiting if i not in wave]
        return [results[i] for i in range(len(jobs))]

    def close(self) -> None:
        """End all processes."""
        for seat in self._seats:
            seat.process.close()
        self._seats = []

    def abandon(self) -> None:
        """Leave all processes to the parent of a forked process."""
        for seat in self._seats:
            seat.process.abandon()
        self._seats = []

    def _seat_jobs(self, jobs: Sequence[Job], waiting: Sequence[int]) -> dict[int, _Seat]:
        """Jobs of the next wave and the process of each: first those whose moment a process stands at."""
        self._drop_broken()
        wave: dict[int, _Seat] = {}
        for i in waiting:
            seat = next((s for s in self._seats if _stands(s, jobs[i]) and s not in wave.values()), None)
            if seat:
                wave[i] = seat
        for i in waiting:
            seat = None if i in wave else self._any_seat(jobs[i], list(wave.values()))
            if seat:
                wave[i] = seat
        return wave

    def _any_seat(self, job: Job, taken: Sequence[_Seat]) -> _Seat | None:
        """A process that no world needs, else a new one, else the one longest unused; None when all are taken."""
        open_seats = [seat for seat in self._seats if seat not in taken]
        free = [seat for seat in open_seats if seat.free]
        if free:
            return min(free, key=lambda seat: (not _same_place(seat, job), seat.last_used))
        if len(self._seats) < self._max_processes:
            self._seats.append(_Seat(EngineProcess(self._timeout_seconds)))
            return self._seats[-1]
        return min(open_seats, key=lambda seat: seat.last_used, default=None)

    def _receive(self, seat: _Seat, job: Job, index: int, results: dict[int, Shown]) -> EngineError | None:
        """Take one world's answer; an error is handed on, so that every process of a wave is heard out."""
        if not seat.busy:
            return None
        try:
            if not _stands(seat, job) and job.restore:
                seat.process.receive()
            shown = seat.process.receive()
        except EngineError as error:
            return error
        assert shown is not None
        results[index] = shown
        self._clock += 1
        seat.digest, seat.token, seat.stage = job.after.digest, weakref.ref(job.after), job.show.stage
        seat.last_used, seat.busy = self._clock, False
        return None

    def _report_deaths(self, jobs: Sequence[Job]) -> None:
        """Say once that a process died while a world stood there; asked again, the world goes on in another."""
        for seat in [seat for seat in self._seats if not seat.process.alive]:
            self._seats.remove(seat)
            # one that was still busy has been reported already
            if not seat.busy and any(_stands(seat, job) for job in jobs):
                raise seat.process.gone()

    def _drop_broken(self) -> None:
        """Forget processes that died, and end those whose answer was never taken (an interrupt came between)."""
        for seat in self._seats:
            if seat.busy:
                seat.process.close()
        self._seats = [seat for seat in self._seats if seat.process.alive]


_POOLS: weakref.WeakSet[Pool] = weakref.WeakSet()


def _abandon_in_child() -> None:
    for pool in _POOLS:
        pool.abandon()


os.register_at_fork(after_in_child=_abandon_in_child)


def _send(seat: _Seat, job: Job) -> EngineError | None:
    try:
        if not _stands(seat, job) and job.restore:
            seat.process.send(job.restore)
        seat.process.send(job.show)
    except EngineError as error:
        return error
    seat.busy = True
    return None


def _stands(seat: _Seat, job: Job) -> bool:
    return job.before is not None and seat.digest == job.before.digest


def _same_place(seat: _Seat, job: Job) -> bool:
    stage, wanted = seat.stage, job.show.stage
    return stage is not None and (stage.family, stage.place_seed) == (wanted.family, wanted.place_seed)
