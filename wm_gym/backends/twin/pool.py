"""A pool of engine processes shared by worlds: one each while they suffice, else they switch worlds by loading saves.

Each process is at a token, the fingerprint of its episode so far. A world at that token continues in the process; any
other is restored first, from its save and the actions since then. A forked child leaves the processes to its parent and
starts its own.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

from wm_gym.backends.twin.client import EngineError, EngineProcess
from wm_gym.backends.twin.messages import Advance, EpisodeSetup, Rendered, Restore


class Token:
    """Fingerprint of an episode up to some step.

    States hold tokens and processes weak references to them, so a process is free when no state at its step is left.

    Attributes:
        digest: 32 bytes.
    """

    __slots__ = ("__weakref__", "digest")

    def __init__(self, digest: bytes) -> None:
        self.digest = digest


@dataclass(frozen=True)
class Job:
    """The step of one world.

    Attributes:
        before: Token of the episode before the step, or None at the opening.
        restore: Request that brings a process to that token, or None at the opening.
        advance: Request that then advances it.
        after: Token of the episode after the step.
    """

    before: Token | None
    restore: Restore | None
    advance: Advance
    after: Token


@dataclass
class _Worker:
    """A process and the token that it is at."""

    process: EngineProcess
    digest: bytes | None = None
    token: weakref.ref[Token] | None = None
    setup: EpisodeSetup | None = None
    last_used: int = 0
    busy: bool = False

    @property
    def free(self) -> bool:
        return self.token is None or self.token() is None


class Pool:
    """Up to `max_processes` engine processes.

    Args:
        max_processes: Most processes, at least 1.
        timeout_seconds: Longest time for one answer.
        idle_processes: Most processes that no state needs and that stay at their places, at least 1.
    """

    def __init__(self, max_processes: int, timeout_seconds: float, idle_processes: int = 1) -> None:
        self._max_processes, self._timeout_seconds = max_processes, timeout_seconds
        self._idle_processes = idle_processes
        self._workers: list[_Worker] = []
        self._clock = 0
        _POOLS.add(self)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [worker.process.pid for worker in self._workers]

    def run(self, jobs: Sequence[Job]) -> list[Rendered]:
        """The rendered frames of all jobs, run in parallel on the processes.

        Raises:
            EngineError: If a process died; it is replaced when it is next needed.
        """
        results: dict[int, Rendered] = {}
        waiting = list(range(len(jobs)))
        self._report_deaths(jobs)
        while waiting:
            wave = self._assign_jobs(jobs, waiting)
            errors = [_send(worker, jobs[i]) for i, worker in wave.items()]
            errors += [self._receive(worker, jobs[i], i, results) for i, worker in wave.items()]
            for error in filter(None, errors):
                raise error
            waiting = [i for i in waiting if i not in wave]
        return [results[i] for i in range(len(jobs))]

    def close(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.process.close()
        self._workers = []

    def abandon(self) -> None:
        """Leave all processes to the parent of a forked process."""
        for worker in self._workers:
            worker.process.abandon()
        self._workers = []

    def _assign_jobs(self, jobs: Sequence[Job], waiting: Sequence[int]) -> dict[int, _Worker]:
        """Workers for the next wave of jobs, by index: first for jobs whose token a worker is at, then for others."""
        self._drop_broken()
        wave: dict[int, _Worker] = {}
        for i in waiting:
            worker = next((s for s in self._workers if _is_at(s, jobs[i]) and s not in wave.values()), None)
            if worker:
                wave[i] = worker
        for i in waiting:
            worker = None if i in wave else self._any_worker(jobs[i], list(wave.values()))
            if worker:
                wave[i] = worker
        return wave

    def _any_worker(self, job: Job, taken: Sequence[_Worker]) -> _Worker | None:
        """A worker that no state needs, at the job's place if there is one, else a new one, else any; None if taken.

        A process takes seconds to go to another place, and far less to open anew where it is.
        """
        open_workers = [worker for worker in self._workers if worker not in taken]
        free = sorted((worker for worker in open_workers if worker.free), key=lambda worker: worker.last_used)
        here = [worker for worker in free if _same_place(worker, job)]
        if here or len(free) >= self._idle_processes:
            return (here or free)[0]
        if len(self._workers) < self._max_processes:
            self._workers.append(_Worker(EngineProcess(self._timeout_seconds)))
            return self._workers[-1]
        return free[0] if free else min(open_workers, key=lambda worker: worker.last_used, default=None)

    def _receive(self, worker: _Worker, job: Job, index: int, results: dict[int, Rendered]) -> EngineError | None:
        """Store one job's answer; an error is returned, not raised, so that all answers of a wave are received."""
        if not worker.busy:
            return None
        try:
            if not _is_at(worker, job) and job.restore:
                worker.process.receive()
            rendered = worker.process.receive()
        except EngineError as error:
            return error
        assert rendered is not None
        results[index] = rendered
        self._clock += 1
        worker.digest, worker.token, worker.setup = job.after.digest, weakref.ref(job.after), job.advance.setup
        worker.last_used, worker.busy = self._clock, False
        return None

    def _report_deaths(self, jobs: Sequence[Job]) -> None:
        """Raise once for a process that died at the token of a job; the next attempt runs in another process."""
        for worker in [worker for worker in self._workers if not worker.process.alive]:
            self._workers.remove(worker)
            # one that was still busy has been reported already
            if not worker.busy and any(_is_at(worker, job) for job in jobs):
                raise worker.process.gone()

    def _drop_broken(self) -> None:
        """Drop processes that died, and end those whose answer was never received (after an interrupt)."""
        for worker in self._workers:
            if worker.busy:
                worker.process.close()
        self._workers = [worker for worker in self._workers if worker.process.alive]


_POOLS: weakref.WeakSet[Pool] = weakref.WeakSet()


def _abandon_in_child() -> None:
    for pool in _POOLS:
        pool.abandon()


os.register_at_fork(after_in_child=_abandon_in_child)


def _send(worker: _Worker, job: Job) -> EngineError | None:
    try:
        if not _is_at(worker, job) and job.restore:
            worker.process.send(job.restore)
        worker.process.send(job.advance)
    except EngineError as error:
        return error
    worker.busy = True
    return None


def _is_at(worker: _Worker, job: Job) -> bool:
    return job.before is not None and worker.digest == job.before.digest


def _same_place(worker: _Worker, job: Job) -> bool:
    setup, wanted = worker.setup, job.advance.setup
    return setup is not None and (setup.family, setup.place_seed) == (wanted.family, wanted.place_seed)
