"""Which worker does which job, as a value: what is asked, what is lost, what is over. Knows nothing of processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise


@dataclass(frozen=True)
class Schedule:
    """Jobs by their numbers, and workers by theirs.

    Attributes:
        waiting: Jobs that nobody does yet; the first one is next.
        ready: Workers that have nothing to do; the first one is asked next.
        running: The job of each worker that does one.
        losses: How often a worker was lost at a job, for jobs at which one was.
        most_losses: So many workers may be lost at one job; one more ends the run.
    """

    waiting: tuple[int, ...]
    ready: tuple[int, ...] = ()
    running: Mapping[int, int] = field(default_factory=dict)
    losses: Mapping[int, int] = field(default_factory=dict)
    most_losses: int = 3

    @classmethod
    def of(cls, jobs: int, most_losses: int = 3) -> Schedule:
        """Jobs 0 to `jobs` - 1, none of them begun, and no worker ready."""
        return cls(tuple(range(jobs)), most_losses=most_losses)

    @property
    def is_over(self) -> bool:
        """Whether every job is done."""
        return not self.waiting and not self.running

    def joined(self, worker: int) -> Schedule:
        """A worker is ready to begin."""
        return replace(self, ready=(*self.ready, worker))

    def assigned(self) -> tuple[Schedule, dict[int, int]]:
        """Jobs go to ready workers in order; also gives the new pairs of worker and job."""
        pairs = dict(zip(self.ready, self.waiting, strict=False))
        count = len(pairs)
        left = replace(self, waiting=self.waiting[count:], ready=self.ready[count:], running={**self.running, **pairs})
        return left, pairs

    def finished(self, worker: int) -> tuple[Schedule, int]:
        """A worker has done its job and is ready again; also gives the job."""
        running = dict(self.running)
        job = running.pop(worker)
        return replace(self, ready=(*self.ready, worker), running=running), job

    def lost(self, worker: int) -> Schedule:
        """A worker is gone: the job that it did is next, so that results in order do not wait for it.

        Raises:
            RuntimeError: If more workers than `most_losses` were lost at that job.
        """
        ready = tuple(one for one in self.ready if one != worker)
        running = dict(self.running)
        job = running.pop(worker, None)
        if job is None:
            return replace(self, ready=ready)
        losses = {**self.losses, job: self.losses.get(job, 0) + 1}
        if losses[job] > self.most_losses:
            raise RuntimeError(
                f"workers lost at one job must be at most {self.most_losses}, got {losses[job]} at job {job}: it ends "
                "the process that does it, or needs more memory than there is"
            )
        return replace(self, waiting=(job, *self.waiting), ready=ready, running=running, losses=losses)


def split_evenly(count: int, least: int, workers: int, rounds: int = 4) -> list[range]:
    """Numbers 0 to `count` - 1 in jobs of nearly equal size, each of at least so many.

    Few large jobs leave workers idle at the end and lose much with a worker; small ones leave the worlds of a batch
    idle while the last of them goes on.

    Args:
        count: How many numbers, at least `least`.
        least: Numbers of a job, at least 1.
        workers: That share the jobs.
        rounds: Jobs that a worker does, where there is enough for all.
    """
    jobs = max(1, min(count // least, workers * rounds))
    ends = [count * number // jobs for number in range(jobs + 1)]
    return [range(first, last) for first, last in pairwise(ends)]
