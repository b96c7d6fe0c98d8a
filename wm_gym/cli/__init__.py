"""`wm-gym`: the command line. Settings are Hydra overrides: `wm-gym demo world=park seed=4`. Hydra stays here.

Exit status: 0 done, 1 a replay is not what was recorded, 2 what was asked for cannot be done, 130 interrupted. What
cannot be done is told in one sentence on stderr.
"""

from __future__ import annotations

import os
import sys

from wm_gym.cli.composing import compose
from wm_gym.cli.dispatch import run
from wm_gym.cli.refusals import in_one_sentence

__all__ = ["compose", "main"]


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    # idle OpenMP threads that spin starve the others on a small machine
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = run(words)
        sys.stdout.flush()  # a pipe that is closed is noticed here, not at the interpreter's end
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, RuntimeError, ImportError, OSError, MemoryError) as error:
        name = "wm-gym " + words[0] if words and not words[0].startswith("-") else "wm-gym"
        print(f"{name}: {in_one_sentence(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
