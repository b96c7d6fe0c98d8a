"""Another checkout timed against this one by turns, so that the machine's load falls on both alike.

Each checkout steps the same environments under the same actions in a process of its own. Run as a program this module
is such a process: it reads requests from its input, one JSON object a line, and answers each by one.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parents[1]
ENV, WARM_UP, ROUNDS, WORLD_STEPS = "wm_gym/Explore-v0", 4, 30, 6


class Checkout:
    """Environments of N worlds in a process that imports wm_gym from a folder.

    Raises:
        ValueError: If the folder holds no wm_gym.
    """

    def __init__(self, folder: Path, num_envs: int, settings: Mapping[str, Any], threads: int) -> None:
        if not (folder / "wm_gym" / "__init__.py").exists():
            raise ValueError(f"--before must be a checkout of wm-gym, got {folder}")
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            env={**os.environ, "PYTHONPATH": str(folder.resolve()), "OMP_WAIT_POLICY": "PASSIVE"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ask({"num_envs": num_envs, "settings": dict(settings), "threads": threads})

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one request.

        Raises:
            RuntimeError: If the process has died.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"a checkout that is timed must keep running, got exit code {self._process.wait()}")
        return json.loads(answer)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def against(
    folder: Path, num_envs: int, settings: Mapping[str, Any], threads: int = 1, lacks: Sequence[str] = ()
) -> dict[str, Any]:
    """Median milliseconds of a step of N worlds in both checkouts, and how many times as fast this one is.

    Args:
        folder: The other checkout.
        num_envs: N.
        settings: Of the environment, as `gymnasium.make_vec` takes them.
        threads: Of torch.
        lacks: Settings that the other checkout does not know yet.

    Returns:
        "before_ms", "ms", "ratio_to_before" (the median over rounds), "cpu_ratio_to_before" (of processor time, which
        other programs disturb less), and "equal_bytes": whether all observations were equal.
    """
    known = {name: value for name, value in settings.items() if name not in lacks}
    both = [Checkout(folder, num_envs, known, threads), Checkout(HERE, num_envs, settings, threads)]
    request, rows, equal = {"steps": max(1, WORLD_STEPS // num_envs)}, [], True
    for k in range(ROUNDS):
        order = (0, 1) if k % 2 else (1, 0)
        answers = {which: both[which].ask(request) for which in order}
        equal &= answers[0]["hash"] == answers[1]["hash"]
        rows.append([answers[which][clock] for clock in ("ms", "cpu_ms") for which in (0, 1)])
    for checkout in both:
        checkout.close()
    before, now, cpu_before, cpu_now = np.array(rows).T
    medians = {
        "before_ms": before, "ms": now, "ratio_to_before": before / now, "cpu_ratio_to_before": cpu_before / cpu_now,
    }  # fmt: skip
    return {name: float(np.median(values)) for name, values in medians.items()} | {"equal_bytes": equal}


def serve() -> None:
    """Answer requests until the input ends: the first makes the environments, each other one asks for steps."""
    import gymnasium as gym
    import torch

    import wm_gym  # noqa: F401  (registers the ids)

    asked, digest = json.loads(input()), hashlib.sha256()
    torch.set_num_threads(asked["threads"])
    env = gym.make_vec(ENV, num_envs=asked["num_envs"], **asked["settings"])
    env.reset(seed=0)
    env.action_space.seed(0)
    for _ in range(WARM_UP):
        env.step(env.action_space.sample())
    print(json.dumps({}), flush=True)
    for line in sys.stdin:
        actions = [env.action_space.sample() for _ in range(json.loads(line)["steps"])]
        began, busy = time.perf_counter(), time.process_time()
        for action in actions:
            observation = env.step(action)[0]
        spent = {"ms": time.perf_counter() - began, "cpu_ms": time.process_time() - busy}
        for name in sorted(observation):
            digest.update(np.ascontiguousarray(observation[name]).tobytes())
        each = {name: 1e3 * seconds / len(actions) for name, seconds in spent.items()}
        print(json.dumps({**each, "hash": digest.hexdigest()}), flush=True)


if __name__ == "__main__":
    serve()
