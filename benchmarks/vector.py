"""Steps and frames per second of N worlds in one vector environment, and the size of a world in bytes.

    python benchmarks/vector.py --json vector.json

Every world is grounded in the same captured place and takes random actions of its own, which run into walls now and
then, as an untrained policy's do. A step is all that a learner waits for: the loop, observations, rewards and infos, by
`WorldVectorEnv` in its default autoreset mode. Batch sizes take turns, round by round, so that the machine's load falls
on all alike. Gymnasium's own `benchmark_vector_step` is run too; it also counts sampling of actions and resets.

JSON keys; without prefix for the preset "rl" (`wm_gym.presets.RL`), with `default_` for the default one:
 - `steps_per_second`, `frames_per_second`: maps from N, all worlds together.
 - `latency_ms_p50`, `latency_ms_p95`, `latency_ms_p99`: maps from N, of one step of all N worlds.
 - `gymnasium_steps_per_second`: map from N, by `benchmark_vector_step`.
 - `bytes_per_world`: map from N, of a state after the timed steps; data shared by worlds counts once.
 - `cost_growth`: largest ratio of the time per world at some N to that at any smaller N.
 - `ratio_to_before`, `cpu_ratio_to_before`, `before_ms`, `ms`, `equal_bytes`: maps from N, with `--before DIR`: steps
   per second over those of the checkout in the folder, by turns in one run (`benchmarks/paired.py`), the same of
   processor time, the median milliseconds of a step of all N worlds in each, and whether observations are equal.
And `threads`, `output`, `machine` (`benchmarks/machine.py`), which is printed beside the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import gymnasium as gym
import numpy as np
import torch
from gymnasium.utils.performance import benchmark_vector_step
from gymnasium.vector import VectorEnv
from machine import machine, machine_line
from paired import against

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym import presets
from wm_gym.progress import progress_bar
from wm_gym.world.size import nbytes

BATCHES = (1, 2, 4, 8, 16, 32)
WARM_UP = 4
PRESETS = {"": presets.RL, "default_": presets.DEFAULT}


def timed_rounds(envs: dict[int, VectorEnv], rounds: int, worlds_a_round: int, title: str) -> dict[int, np.ndarray]:
    """Seconds of each step of every environment, by N; in a round each N takes about `worlds_a_round` world steps."""
    seconds: dict[int, list[float]] = {count: [] for count in envs}
    for env in envs.values():
        env.reset(seed=0)
        env.action_space.seed(0)
        for _ in range(WARM_UP):
            env.step(env.action_space.sample())
    for _ in progress_bar(range(rounds), desc=title):
        for count, env in envs.items():
            for _ in range(max(1, worlds_a_round // count)):
                actions = env.action_space.sample()
                began = time.perf_counter()
                env.step(actions)
                seconds[count].append(time.perf_counter() - began)
    return {count: np.array(each) for count, each in seconds.items()}


def bytes_of(env: Any) -> int:
    """Bytes of the environments' states."""
    return nbytes([state.world for state in env.get_state()])


def measure(asked: argparse.Namespace, prefix: str, settings: dict[str, Any]) -> dict[str, Any]:
    """All figures of one preset."""
    title = prefix.rstrip("_") or "rl"
    own = dict(settings, backend=asked.backend, world=asked.world, output=asked.output)
    envs = {count: gym.make_vec(asked.env, num_envs=count, **own) for count in asked.batches}
    seconds = timed_rounds(envs, asked.rounds, 2 * max(asked.batches), title)
    figures: dict[str, dict[str, float]] = {}

    def put(name: str, count: int, value: float) -> None:
        figures.setdefault(prefix + name, {})[str(count)] = value

    for count, env in envs.items():
        rate = count / float(seconds[count].mean())
        put("steps_per_second", count, rate)
        put("frames_per_second", count, rate * env.metadata["frames_per_step"])
        for percentile in (50, 95, 99):
            put(f"latency_ms_p{percentile}", count, 1e3 * float(np.percentile(seconds[count], percentile)))
        put("bytes_per_world", count, bytes_of(env) / count)
        if asked.gymnasium_seconds:
            put("gymnasium_steps_per_second", count, benchmark_vector_step(env, asked.gymnasium_seconds, seed=0))
        env.close()
        if asked.before:
            made = {name: own[name] for name in own.keys() - {"output"}}
            for name, value in against(asked.before, count, made, asked.threads, asked.before_lacks).items():
                put(name, count, value)
    costs = [1 / rate for rate in figures[f"{prefix}steps_per_second"].values()]
    growth = max((late / early for k, late in enumerate(costs) for early in costs[:k]), default=1.0)
    report(title, prefix, figures, growth)
    return figures | {f"{prefix}cost_growth": growth}


def report(title: str, prefix: str, figures: dict[str, dict[str, float]], growth: float) -> None:
    """Print a line for each N."""
    print(machine_line())
    print(f"{title}: time per world grows with N by a factor of {growth:.2f} at most")
    for count, rate in figures[f"{prefix}steps_per_second"].items():
        latency = [figures[f"{prefix}latency_ms_p{p}"][count] for p in (50, 95, 99)]
        theirs = figures.get(f"{prefix}gymnasium_steps_per_second", {}).get(count, float("nan"))
        print(
            f"  N={count:>2} {rate:7.1f} steps/s {figures[f'{prefix}frames_per_second'][count]:7.1f} frames/s"
            f"  p50 {latency[0]:6.1f} p95 {latency[1]:6.1f} p99 {latency[2]:6.1f} ms"
            f"  {figures[f'{prefix}bytes_per_world'][count] / 1e6:6.2f} MB a world"
            f"  benchmark_vector_step {theirs:7.1f} steps/s"
        )
    for count, ratio in figures.get(f"{prefix}ratio_to_before", {}).items():
        times = figures[f"{prefix}before_ms"][count], figures[f"{prefix}ms"][count]
        same = "equal" if figures[f"{prefix}equal_bytes"][count] else "other"
        print(
            f"  N={count:>2} before {times[0]:6.1f} ms, now {times[1]:6.1f} ms a step: {ratio:.2f} times as fast"
            f" ({figures[f'{prefix}cpu_ratio_to_before'][count]:.2f} by processor time), {same} bytes"
        )


def main() -> None:
    """Measure, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="wm_gym/Explore-v0")
    parser.add_argument("--backend", default="video")
    parser.add_argument("--world", default="city/9")
    parser.add_argument("--batches", nargs="+", type=int, default=list(BATCHES))
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--gymnasium-seconds", type=int, default=5, help="of benchmark_vector_step; 0 leaves it out")
    parser.add_argument("--output", choices=("numpy", "torch"), default="numpy")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--before", type=Path, metavar="DIR", help="a checkout to be timed against, by turns")
    parser.add_argument("--before-lacks", nargs="*", default=[], help="settings that it does not know yet")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    figures: dict[str, Any] = {"threads": asked.threads, "output": asked.output, "machine": machine()}
    for prefix, settings in PRESETS.items():
        figures |= measure(asked, prefix, settings)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
