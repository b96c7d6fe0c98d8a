"""Frames per second of a backend inside the loop, beside ViZDoom's own Gymnasium environment in the same run.

    python benchmarks/speed.py --backend twin --json speed.json

JSON keys, for each size HxW and batch N: `frames_per_second_HxW_batch_N`, `ratio_to_vizdoom_HxW_batch_N`,
`memory_render_ms_HxW`, `memory_write_ms_HxW`, `memory_points_HxW`; and `vizdoom_frames_per_second`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import gymnasium as gym
import numpy as np
from tqdm import tqdm

from wm_gym.backends.places import find_place, open_world
from wm_gym.backends.registry import load_backend
from wm_gym.memory.render import render
from wm_gym.memory.write import write
from wm_gym.world.state import Outcome, WorldState
from wm_gym.world.world import World

BATCHES = (1, 8)


def vizdoom_frames_per_second(steps: int) -> float:
    """Colour, depth and labels at 320x240, two tics a frame, as ViZDoom's own environment gives them."""
    from vizdoom import gymnasium_wrapper  # noqa: F401  (registers the ids)

    with TemporaryDirectory() as folder, contextlib.chdir(folder):  # it leaves files where it runs
        env = gym.make("VizdoomMyWayHome-v1", frame_skip=2, disable_env_checker=True)
        env.reset(seed=0)
        began = time.perf_counter()
        for k in range(steps):
            _, _, terminated, truncated, _ = env.step(k % env.action_space.n)
            if terminated or truncated:
                env.reset()
        seconds = time.perf_counter() - began
        env.close()
    return steps / seconds


def walk(world: World, num_worlds: int, steps: int, seed: int) -> tuple[float, WorldState, Outcome]:
    """Frames per second of N worlds that wander, after a warm-up, and where they end."""
    spec = world.model.spec
    rng = np.random.default_rng(seed)
    openings = [open_world(spec, find_place("city", k, "full")) for k in range(num_worlds)]
    state, outcome = world.start(openings, list(range(num_worlds)))
    seconds = 0.0
    for step in tqdm(range(steps + 4), desc=f"{spec.name} {spec.height}x{spec.width} N={num_worlds}", leave=False):
        twists = np.clip(rng.normal([0.6, 0, 0, 0], [0.5, 0.2, 0.5, 0.1], (num_worlds, 1, 4)), -1, 1)
        began = time.perf_counter()
        state, outcome = world.step(state, np.repeat(twists, spec.frames_per_step, 1))
        seconds += (time.perf_counter() - began) * (step >= 4)
    return num_worlds * steps * spec.frames_per_step / seconds, state, outcome


def memory_milliseconds(world: World, state: WorldState, outcome: Outcome, repeats: int = 20) -> tuple[float, float]:
    """Median milliseconds to render the hints of one step of the first world, and to write the step."""
    spec, chunk, memory = world.model.spec, outcome.chunk, state.memories[0]
    rendering, writing = [], []
    for _ in range(repeats):
        began = time.perf_counter()
        render([memory], chunk.world_from_camera[:1], outcome.intrinsics[:1], spec.height, spec.width,
               frame_index=[state.frame_index[0]], appearance=[0])  # fmt: skip
        rendered = time.perf_counter()
        write(memory, chunk.frames[0], chunk.depth[0], chunk.moving[0], chunk.world_from_camera[0],
              outcome.intrinsics[0], hints=outcome.hints.of_world(0), frame_index=state.frame_index[0],
              appearance=0)  # fmt: skip
        rendering.append(rendered - began)
        writing.append(time.perf_counter() - rendered)
    return 1e3 * float(np.median(rendering)), 1e3 * float(np.median(writing))


def main() -> None:
    """Measure, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="memory")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--sizes", nargs="+", default=["48x64", "96x128"], metavar="HxW")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    peer = vizdoom_frames_per_second(4 * asked.steps)
    figures = {"vizdoom_frames_per_second": peer}
    print(f"ViZDoom's own environment: {peer:.0f} frames/s")
    for height, width in (map(int, size.split("x")) for size in asked.sizes):
        world = World(load_backend(asked.backend, height, width))
        for num_worlds in BATCHES:
            fps, state, outcome = walk(world, num_worlds, max(8, asked.steps // num_worlds), seed=0)
            name = f"{height}x{width}_batch_{num_worlds}"
            figures |= {f"frames_per_second_{name}": fps, f"ratio_to_vizdoom_{name}": fps / peer}
            print(f"{asked.backend} {name:20s} {fps:8.1f} frames/s  {fps / peer:6.3f} of ViZDoom's")
        size = f"{height}x{width}"
        figures[f"memory_render_ms_{size}"], figures[f"memory_write_ms_{size}"] = memory_milliseconds(
            world, state, outcome
        )
        figures[f"memory_points_{size}"] = state.memories[0].num_static
        print(
            f"memory {size}: render {figures[f'memory_render_ms_{size}']:.2f} ms, "
            f"write {figures[f'memory_write_ms_{size}']:.2f} ms a step, {figures[f'memory_points_{size}']} points"
        )
        world.close()
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
