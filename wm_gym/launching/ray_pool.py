"""Workers that are Ray actors: processes on any machine of a cluster, each with what it holds, such as worlds.

Source: Moritz et al. 2018, "Ray: A Distributed Framework for Emerging AI Applications" (actors, object store).
"""

from __future__ import annotations

import contextlib
import os
import pickle
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import wm_gym
from wm_gym.launching.carried import Carried, bytes_of, carried_by, located, relocated
from wm_gym.launching.pool import Message, Worker
from wm_gym.launching.ray_cluster import RayConfig, started_ray

CLOSING_SECONDS = 2.0
"""In which idle workers end by themselves. Engines of busy ones end with the pipe to them."""

_WAITING_SECONDS = 1.0


class RayPool:
    """Workers on a cluster.

    Files that settings name lie in Ray's object store, once on each machine, and are copied to machines that do not
    have them.

    Attributes:
        workers: How many.
    """

    def __init__(
        self, make: Callable[[], Worker], config: RayConfig, naming: Sequence[Any] = (), *, at_most: int = 0
    ) -> None:
        """Start the workers; Ray too, if it has not been started.

        Args:
            make: Makes a worker in its process; a dataclass of settings.
            config: How many, and where.
            naming: What else names files: settings in the jobs.
            at_most: Workers that there is something to do for; 0 for any number.

        Raises:
            ImportError: If Ray is not installed.
            ValueError: If the cluster cannot be joined, or does not hold so many workers.
        """
        carried = carried_by(make, list(naming))
        self._was_started = _is_started()
        self._ray = started_ray(config.address, store_bytes=2 * sum(one.size for one in carried))
        self.workers = config.count(self._ray.cluster_resources())
        self.workers = min(self.workers, at_most) if at_most else self.workers
        self._make, self._files = make, [(one, self._ray.put(bytes_of(one))) for one in carried]
        self._kind = self._ray.remote(num_cpus=config.cpus, num_gpus=config.gpus, max_restarts=0)(_Host)
        self._actors: dict[int, Any] = {}
        self._asked: dict[Any, tuple[int, str]] = {}
        for worker in range(self.workers):
            self._start(worker)

    def submit(self, worker: int, job: Any) -> None:
        """Give a ready worker a job."""
        self._ask(worker, "done", self._actors[worker].do.remote(job))

    def wait(self) -> Message:
        """The next message, waited for.

        Raises:
            Exception: What a worker raised.
        """
        done: list[Any] = []
        while not done:  # in short waits, so that Ctrl-C is heard
            done, _ = self._ray.wait(list(self._asked), num_returns=1, timeout=_WAITING_SECONDS)
        worker, what = self._asked.pop(done[0])
        errors = self._ray.exceptions
        try:
            answer = self._ray.get(done[0])
            return Message(worker, what, None if answer is None else pickle.loads(answer))
        except errors.RayTaskError as error:  # raised in there: the message is that of its cause
            raise error.cause from error
        except (errors.RayActorError, errors.ObjectLostError, errors.OutOfMemoryError, errors.WorkerCrashedError):
            return Message(worker, "lost")

    def renew(self, worker: int) -> None:
        """Start a lost worker again, where there is room for it."""
        self._asked = {ref: asked for ref, asked in self._asked.items() if asked[0] != worker}
        self._kill(worker)
        self._start(worker)

    def close(self) -> None:
        """End all workers: gently those that will answer soon, and Ray itself if it was started for this."""
        with contextlib.suppress(self._ray.exceptions.RayError):
            closing = [actor.close.remote() for actor in self._actors.values()]
            self._ray.wait(closing, num_returns=len(closing), timeout=CLOSING_SECONDS)
        for worker in list(self._actors):
            self._kill(worker)
        if not self._was_started:
            self._ray.shutdown()

    def pids(self) -> list[int]:
        """Process ids of the workers, each on its machine."""
        return self._ray.get([actor.pid.remote() for actor in self._actors.values()])

    def _start(self, worker: int) -> None:
        files, refs = [one for one, _ in self._files], [ref for _, ref in self._files]
        self._actors[worker] = self._kind.remote(self._make, wm_gym.__version__, files, refs)
        self._ask(worker, "ready", self._actors[worker].ready.remote())

    def _ask(self, worker: int, what: str, ref: Any) -> None:
        self._asked[ref] = worker, what

    def _kill(self, worker: int) -> None:
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._ray.kill(self._actors.pop(worker))


class _Host:
    """A worker as it is in its process."""

    def __init__(self, make: Callable[[], Worker], version: str, files: list[Carried], refs: list[Any]) -> None:
        self._make, self._version, self._files, self._refs = make, version, files, refs
        self._places: dict[str, str] = {}
        self._worker: Worker | None = None

    def ready(self) -> None:
        """Make the worker: an error of its settings is raised here, where it can be told."""
        import ray  # pyright: ignore[reportMissingImports]

        if wm_gym.__version__ != self._version:
            raise ValueError(f"wm-gym on {os.uname().nodename} must be {self._version}, got {wm_gym.__version__}")
        contents = dict(zip(self._files, ray.get(self._refs), strict=True))
        self._places = located(contents, cache_folder())
        self._worker = relocated(self._make, self._places)()

    def do(self, job: Any) -> bytes:
        assert self._worker is not None
        # as bytes, which outlive the object store: arrays in it end with it
        return pickle.dumps(self._worker.do(relocated(job, self._places)))

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()

    def pid(self) -> int:
        return os.getpid()


def cache_folder() -> Path:
    """Where a machine keeps files that were carried to it; it may be emptied at any time between runs."""
    return Path(tempfile.gettempdir()) / f"wm_gym-{os.getuid()}" / "carried"


def _is_started() -> bool:
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ImportError:
        return False
    return ray.is_initialized()
