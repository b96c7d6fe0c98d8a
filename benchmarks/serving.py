"""Steps a second of a server with 1, 8 and 32 sessions, beside as many worlds in one process.

    python benchmarks/serving.py --json serving.json

Each session steps as fast as it is answered, and asks for its frames. Steps of the server and of a vector environment
are taken in turn, in short stretches, so that the machine's load falls on both alike; medians over stretches.

JSON keys: `machine`; `size`, `backend`; for N sessions `served_N` and `in_process_N`, steps a second of all together,
`share_N` the first over the second, and `reply_ms_N`, the median wait of a client for a reply.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import gymnasium as gym
import numpy as np
from machine import machine, machine_line
from served import Served, Stream, server

import wm_gym  # noqa: F401 (registers the ids)

COUNTS = (1, 8, 32)


async def opened(served: Served, count: int) -> list[tuple[str, Stream]]:
    """Sessions that have opened."""
    ids = [(await served.request("POST", "/sessions", {"seed": n})).value["id"] for n in range(count)]
    return [(session_id, Stream(served.url, session_id)) for session_id in ids]


async def served_stretch(sessions: list[tuple[str, Stream]], seconds: float, waits: list[float]) -> float:
    """Steps a second of all sessions."""
    until, began = time.monotonic() + seconds, time.monotonic()

    async def walk(number: int, stream: Stream) -> int:
        rng, steps = np.random.default_rng(number), 0
        while time.monotonic() < until:
            asked = time.monotonic()
            reply = await stream.ask("step", action=int(rng.integers(9)), want=["frames"])
            assert reply["ok"], reply
            waits.append(time.monotonic() - asked)
            steps += 1
        return steps

    steps = await asyncio.gather(*(walk(n, stream) for n, (_, stream) in enumerate(sessions)))
    return sum(steps) / (time.monotonic() - began)


def in_process_stretch(env: gym.vector.VectorEnv[Any, Any, Any], seconds: float) -> float:
    """Steps a second of all worlds of a vector environment."""
    began, steps = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        env.step(env.action_space.sample())
        steps += env.num_envs
    return steps / (time.monotonic() - began)


async def compared(served: Served, count: int, asked: argparse.Namespace, size: tuple[int, int]) -> dict[str, float]:
    """Figures of so many sessions."""
    env = gym.make_vec(
        "wm_gym/Explore-v0", num_envs=count, backend=asked.backend, world="city/9", resolution=size, finer=1
    )
    env.reset(seed=0)
    sessions = await opened(served, count)
    waits: list[float] = []
    rates = {"served": [], "in_process": []}
    for _ in range(asked.stretches):
        rates["served"].append(await served_stretch(sessions, asked.seconds, waits))
        rates["in_process"].append(in_process_stretch(env, asked.seconds))
    env.close()
    for session_id, stream in sessions:
        await stream.close()
        await served.request("DELETE", f"/sessions/{session_id}")
    middle = {name: statistics.median(each) for name, each in rates.items()}
    return {
        **{f"{name}_{count}": value for name, value in middle.items()},
        f"share_{count}": middle["served"] / middle["in_process"],
        f"reply_ms_{count}": 1e3 * statistics.median(waits),
    }


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="memory_only")
    parser.add_argument("--size", default="36x48", metavar="HxW")
    parser.add_argument("--counts", type=int, nargs="+", default=list(COUNTS))
    parser.add_argument("--seconds", type=float, default=5.0, help="of a stretch")
    parser.add_argument("--stretches", type=int, default=5)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    height, width = (int(number) for number in asked.size.split("x"))
    settings = [f"backends=[{asked.backend}]", "world=city/9", f"height={height}", f"width={width}", "finer=1"]
    figures: dict[str, Any] = {"machine": machine(), "size": asked.size, "backend": asked.backend}
    with server(*settings, f"most_sessions={max(asked.counts)}") as served:
        for count in asked.counts:
            figures |= asyncio.run(compared(served, count, asked, (height, width)))
    print(machine_line())
    print("\n".join(f"{name:20s}{value:.3f}" for name, value in figures.items() if isinstance(value, float)))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
