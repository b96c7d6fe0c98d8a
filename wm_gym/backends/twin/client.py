"""The client of one engine process: requests out, frames back, and a clear error when the process dies.

The process is started by `subprocess` on an inherited pipe, so a script needs no main guard. It leads its own process
group: the engine below it ends when the group is killed, and Ctrl-C here does not reach it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from wm_gym.backends.twin.messages import ENGINE_NOTE, Advance, Failure, Rendered, Restore

_CLOSING_SECONDS = 3.0
_SHARED_MEMORY = Path("/dev/shm")


class EngineError(RuntimeError):
    """The engine process of a world died, hung or refused."""


class EngineProcess:
    """A worker process with one engine.

    Args:
        timeout_seconds: Longest time for one answer.
    """

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        folder = Path(tempfile.mkdtemp(prefix="wm_gym_twin_"))
        self._connection, theirs = Pipe(duplex=True)
        command = [sys.executable, "-m", "wm_gym.backends.twin.worker", str(theirs.fileno()), str(folder)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path)}
        self._process = subprocess.Popen(
            command, pass_fds=(theirs.fileno(),), cwd=folder, env=environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        theirs.close()
        self._end = weakref.finalize(self, _end_process, self._process, self._connection, folder)

    @property
    def pid(self) -> int:
        """Process id of the worker."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether requests may still be sent."""
        return self._end.alive and self._process.poll() is None

    def send(self, request: Advance | Restore) -> None:
        """Send a request; `receive` waits for its answer.

        Raises:
            EngineError: If the process is gone.
        """
        try:
            self._connection.send(request)
        except OSError as error:
            raise self.gone() from error

    def receive(self) -> Rendered | None:
        """The answer to the oldest unanswered request; None after a `Restore`.

        Raises:
            EngineError: If the process is gone, too slow, or the request failed.
        """
        try:
            if not self._connection.poll(self._timeout_seconds):
                self.close()
                raise EngineError(f"the twin's engine gave no answer in {self._timeout_seconds:g} s and was ended")
            answer = self._connection.recv()
        except (EOFError, OSError) as error:
            raise self.gone() from error
        if isinstance(answer, Failure):
            self.close()
            raise EngineError(f"the twin's engine could not go on: {answer.reason}")
        return answer

    def gone(self) -> EngineError:
        """Clean up after a process that died; returns the error to raise."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_CLOSING_SECONDS)
        code = self._process.returncode
        self.close()
        return EngineError(f"the twin's engine process {self.pid} died (exit status {code}); reset the world to go on")

    def abandon(self) -> None:
        """Close this end of the pipe and leave the process running, for the parent of a forked process."""
        self._end.detach()
        self._connection.close()

    def close(self) -> None:
        """End the process and remove its files; may be called twice."""
        self._end()


def _end_process(process: subprocess.Popen[bytes], connection: Connection, folder: Path) -> None:
    """Close the pipe, give the worker a moment to exit, then kill what is left of its process group."""
    connection.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_CLOSING_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _remove_shared_memory(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _remove_shared_memory(folder: Path) -> None:
    """Remove what a killed engine left in shared memory: its files end in the name that the worker noted."""
    with contextlib.suppress(OSError):
        name = (folder / ENGINE_NOTE).read_text()
        for file in _SHARED_MEMORY.glob(f"ViZDoom*{name}"):
            file.unlink(missing_ok=True)
