"""Workers that do jobs side by side, and what comes of the jobs: as it arrives, or in order."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wm_gym.launching.schedule import Schedule


class Worker(Protocol):
    """Does jobs one after another; whatever it holds for that, such as worlds, it keeps between them."""

    def do(self, job: Any) -> Any:
        """The result of a job, which depends on the job alone."""
        ...

    def close(self) -> None:
        """Free what is held."""
        ...


@dataclass(frozen=True)
class Message:
    """What a pool tells of one of its workers.

    Attributes:
        worker: Its number.
        what: "ready" once it can begin, "done" with a job, or "lost", and with it what it did.
        result: Of the job that is done.
    """

    worker: int
    what: str
    result: Any = None


class Pool(Protocol):
    """Workers by number, each told what to do and heard of in messages."""

    def submit(self, worker: int, job: Any) -> None:
        """Give a ready worker a job."""
        ...

    def wait(self) -> Message:
        """The next message, waited for. An error that a worker raises is raised here."""
        ...

    def renew(self, worker: int) -> None:
        """Make a lost worker anew; a message tells when it is ready."""
        ...

    def close(self) -> None:
        """End all workers, whatever they do."""
        ...


class LocalPool:
    """One worker in this process: what a cluster does, done here."""

    def __init__(self, make: Callable[[], Worker]) -> None:
        """Make the worker."""
        self._worker, self._messages = make(), [Message(0, "ready")]

    def submit(self, worker: int, job: Any) -> None:
        """Do the job now."""
        self._messages.append(Message(worker, "done", self._worker.do(job)))

    def wait(self) -> Message:
        """The oldest message."""
        return self._messages.pop(0)

    def renew(self, worker: int) -> None:
        """The worker cannot be lost."""
        raise AssertionError("a worker in this process cannot be lost")

    def close(self) -> None:
        """Close the worker."""
        self._worker.close()


def arrivals(pool: Pool, jobs: Sequence[Any], most_losses: int = 3) -> Generator[tuple[int, Any]]:
    """Pairs of a job's number and its result, in order of arrival, each job once.

    Args:
        pool: Whose workers do the jobs; it stays open.
        jobs: What is to be done.
        most_losses: As of `Schedule`.

    Raises:
        RuntimeError: If more workers were lost at one job.
    """
    schedule = Schedule.of(len(jobs), most_losses)
    while not schedule.is_over:
        message = pool.wait()
        if message.what == "lost":
            schedule = schedule.lost(message.worker)
            pool.renew(message.worker)
        elif message.what == "ready":
            schedule = schedule.joined(message.worker)
        else:
            schedule, number = schedule.finished(message.worker)
            yield number, message.result
        schedule, pairs = schedule.assigned()
        for worker, number in pairs.items():
            pool.submit(worker, jobs[number])


def in_order(numbered: Iterable[tuple[int, Any]]) -> Generator[Any]:
    """Values in order of their numbers 0, 1, ...; what comes too early is held back."""
    held: dict[int, Any] = {}
    following = 0
    for number, value in numbered:
        held[number] = value
        while following in held:
            yield held.pop(following)
            following += 1
