"""The engine's own process: `python -m wm_gym.backends.twin.worker FD FOLDER` serves one simulator over a pipe.

It ends when the other end of the pipe closes, and removes its folder. Imports no torch.
"""

from __future__ import annotations

import os
import shutil
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from wm_gym.backends.twin.messages import Advance, Failure, Rendered, Restore
from wm_gym.backends.twin.simulator import Simulator


def main() -> None:
    """Serve until the pipe closes."""
    pipe, folder = int(sys.argv[1]), Path(sys.argv[2])
    # the engine below must not hold the pipe open when this process dies
    os.set_inheritable(pipe, False)
    connection = Connection(pipe)
    simulator = Simulator(folder)
    try:
        while True:
            connection.send(_answer(simulator, connection.recv()))
    except (EOFError, OSError):
        pass  # the client is gone
    finally:
        simulator.close()
        shutil.rmtree(folder, ignore_errors=True)


def _answer(simulator: Simulator, request: Advance | Restore) -> Rendered | Failure | None:
    """The answer to a request: rendered frames, None after a restore, or the reason of a failure."""
    try:
        if isinstance(request, Advance):
            return simulator.advance(request)
        simulator.restore(request)
        return None
    except Exception as error:
        return Failure(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
