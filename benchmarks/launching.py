"""Episodes by workers of a Ray cluster against episodes in one process: what starting and asking them costs.

    python benchmarks/launching.py --workers 2 --json launching.json            # by the extra `distributed`

On one machine workers share its processors, so `speed_up` says what is won there and `overhead_seconds` what is lost:
both are of the same episodes, whose rows are compared.

JSON keys: `machine`; `episodes`, `steps`, `workers`; `local_seconds` of one process, `ray_seconds` with workers that
are ready, `start_seconds` of Ray and its workers; `call_ms` of a job that does nothing; `speed_up`; `overhead_seconds`
beyond an even share of the local time; `same_rows`.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import machine, machine_line

from wm_gym.agents.episode_worker import EpisodeWorkers
from wm_gym.agents.episodes import Start
from wm_gym.launching.launchers import opened_pool
from wm_gym.launching.pool import Message, arrivals
from wm_gym.launching.ray_cluster import RayConfig
from wm_gym.launching.schedule import split_evenly


@dataclass(frozen=True)
class Nothing:
    """Makes workers that give back what they are given."""

    def __call__(self) -> Nothing:
        """The worker."""
        return self

    def do(self, job: Any) -> Any:
        """The job itself."""
        return job

    def close(self) -> None:
        """Nothing is held."""


def call_ms(config: RayConfig, calls: int = 200) -> float:
    """Milliseconds of a job that does nothing, on one worker."""
    with opened_pool(Nothing(), RayConfig(1, config.cpus)) as pool:
        list(arrivals(pool, range(10)))
        pool.renew(0)
        assert pool.wait() == Message(0, "ready")
        began = time.perf_counter()
        for number in range(calls):
            pool.submit(0, number)
            assert pool.wait().result == number
        return 1000 * (time.perf_counter() - began) / calls


def measured(workers: EpisodeWorkers, starts: list[Start], config: RayConfig) -> dict[str, Any]:
    """Seconds of both, and whether their episodes agree."""
    worker = workers()
    worker.do(starts[: workers.num_envs])  # compiled and read
    began = time.perf_counter()
    local = worker.do(starts)
    local_seconds = time.perf_counter() - began
    worker.close()
    began = time.perf_counter()
    with opened_pool(workers, config) as pool:
        messages = [pool.wait() for _ in range(pool.workers)]
        start_seconds = time.perf_counter() - began
        for message in messages:  # each compiles and reads once
            pool.submit(message.worker, starts[: workers.num_envs])
        ready = [Message(pool.wait().worker, "ready") for _ in messages]
        jobs = [[starts[n] for n in job] for job in split_evenly(len(starts), workers.num_envs, pool.workers)]
        began = time.perf_counter()
        played = dict(arrivals(_Ready(pool, ready), jobs))
        ray_seconds = time.perf_counter() - began
    rows = [one.row() for number in range(len(jobs)) for one in played[number]]
    return {
        "local_seconds": local_seconds, "start_seconds": start_seconds, "ray_seconds": ray_seconds,
        "speed_up": local_seconds / ray_seconds, "overhead_seconds": ray_seconds - local_seconds / len(messages),
        "same_rows": rows == [one.row() for one in local],
    }  # fmt: skip


class _Ready:
    """A pool whose workers have been heard of already."""

    def __init__(self, pool: Any, messages: list[Message]) -> None:
        self._pool, self._messages = pool, messages
        self.submit, self.renew, self.close = pool.submit, pool.renew, pool.close

    def wait(self) -> Message:
        """The next message, first of all that they are ready."""
        return self._messages.pop() if self._messages else self._pool.wait()


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cpus", type=float, default=1.0, help="that Ray reserves for each worker")
    parser.add_argument("--episodes", type=int, default=16)
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--backend", default="video")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    settings = {"backend": asked.backend, "resolution": (48, 64), "max_episode_steps": asked.steps}
    workers, config = EpisodeWorkers("random", settings=settings), RayConfig(asked.workers, asked.cpus)
    figures = {"machine": machine(), **{name: getattr(asked, name) for name in ("episodes", "steps", "workers")}}
    figures |= {"call_ms": call_ms(config)}
    figures |= measured(workers, [Start(seed) for seed in range(asked.episodes)], config)
    print(machine_line())
    print(json.dumps({name: value for name, value in figures.items() if name != "machine"}, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
