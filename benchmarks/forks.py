"""What a branch of a world costs in bytes and milliseconds, beside a deep copy of the same state, in one run.

    python benchmarks/forks.py --json forks.json

One world walks to step 40, then 16 branches of it are made by `World.select` and, for comparison, by `copy.deepcopy`.
The branches go on with actions of their own, and what each has added is counted again.

JSON keys:
 - `state_bytes`: tensors and arrays of the world before it branches.
 - `fork_ms_per_branch`, `deepcopy_ms_per_branch`: medians, of making one branch of `branches`.
 - `fork_bytes_per_branch`, `deepcopy_bytes_per_branch`: that a branch adds when it is made.
 - `deepcopy_to_fork_time`, `deepcopy_to_fork_bytes`: how many times as much a deep copy takes.
 - `bytes_per_branch_after_K_steps` for K = 1, 8, 32: that a branch no longer shares with the world before it branched.
 - `share_of_state_after_K_steps`: the same as a share of that branch's own state.
 - `saved_bytes`, `save_ms`, `load_ms`: of the state as bytes, and back.
And `branches`, `step`, `backend`, `threads`.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch

from wm_gym.backends.registry import load_backend
from wm_gym.scenes.named import open_named
from wm_gym.world.serialization import from_bytes, to_bytes
from wm_gym.world.size import nbytes, nbytes_beyond
from wm_gym.world.state import WorldState
from wm_gym.world.world import World

MOMENTS = (1, 8, 32)


def milliseconds(call: Callable[[], Any], repeats: int) -> float:
    """Median time of a call."""
    call()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - began))
    return statistics.median(times)


def walk(world: World, state: WorldState, steps: int, rng: np.random.Generator) -> WorldState:
    """The state after `steps` steps of random, mostly forward actions, each world its own."""
    for _ in range(steps):
        twists = np.clip(rng.normal([0.7, 0.0, 0.0, 0.0], [0.3, 0.3, 0.5, 0.2], (state.num_worlds, 4)), -1, 1)
        state, _ = world.step(state, np.repeat(twists[:, None], world.model.spec.frames_per_step, 1))
    return state


def growth(world: World, root: WorldState, branches: int, rng: np.random.Generator) -> dict[str, float]:
    """What a branch adds to what it shares, on average, as it goes its own way."""
    figures, batch, done = {}, world.select(root, [0] * branches), 0
    for moment in MOMENTS:
        batch, done = walk(world, batch, moment - done, rng), moment
        each = [world.select(batch, [n]) for n in range(branches)]
        own = statistics.mean(nbytes_beyond(branch, root) for branch in each)
        share = own / statistics.mean(nbytes(branch) for branch in each)
        figures |= {f"bytes_per_branch_after_{moment}_steps": own, f"share_of_state_after_{moment}_steps": share}
        print(f"after {moment:2d} steps a branch has {own / 1000:.0f} kB of its own, {share:.0%} of its state")
    return figures


def measure(world: World, step: int, branches: int, repeats: int) -> dict[str, Any]:
    """All figures."""
    rng = np.random.default_rng(0)
    opening = open_named(world.model.spec, None, 3, "full")
    root = walk(world, world.start([opening], [3])[0], step, rng)
    forks, deep = world.select(root, [0] * branches), copy.deepcopy(root)
    fork_ms = milliseconds(lambda: world.select(root, [0] * branches), repeats) / branches
    deep_ms = milliseconds(lambda: copy.deepcopy(root), max(3, repeats // 4))
    fork_bytes, deep_bytes = nbytes_beyond(forks, root) / branches, nbytes_beyond(deep, root)
    print(f"state at step {step}: {nbytes(root) / 1000:.0f} kB; {branches} branches")
    print(f"a fork     {fork_ms:9.4f} ms {fork_bytes:12.0f} bytes")
    print(f"a deep copy{deep_ms:9.4f} ms {deep_bytes:12.0f} bytes")
    data = to_bytes(root, world)
    return {
        "state_bytes": nbytes(root),
        "fork_ms_per_branch": fork_ms,
        "deepcopy_ms_per_branch": deep_ms,
        "fork_bytes_per_branch": fork_bytes,
        "deepcopy_bytes_per_branch": deep_bytes,
        "deepcopy_to_fork_time": deep_ms / fork_ms,
        "deepcopy_to_fork_bytes": deep_bytes / fork_bytes,
        "saved_bytes": len(data),
        "save_ms": milliseconds(lambda: to_bytes(root, world), repeats),
        "load_ms": milliseconds(lambda: from_bytes(data, world), repeats),
    } | growth(world, root, branches, rng)


def main() -> None:
    """Measure, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="video")
    parser.add_argument("--size", default="48x64", metavar="HxW")
    parser.add_argument("--step", type=int, default=40)
    parser.add_argument("--branches", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    height, width = map(int, asked.size.split("x"))
    world = World(load_backend(asked.backend, height, width))
    figures = measure(world, asked.step, asked.branches, asked.repeats)
    figures |= {"branches": asked.branches, "step": asked.step, "backend": asked.backend}
    figures["threads"] = torch.get_num_threads()
    world.close()
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
