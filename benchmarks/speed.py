"""Frames per second of a backend in the loop, end to end, against its peers in the same run with the same threads.

    python benchmarks/speed.py --json speed.json --diamond path/to/a/checkout/of/eloialonso/diamond

A step is everything `World.step` does: motion, hints, sampling, the clean-context pass, decoding, and the write to
memory. Worlds open grounded in places of the city and walk at random. Peers: ViZDoom's own Gymnasium environment and,
with `--diamond`, DIAMOND's default denoiser (agent and sampler of its own configuration: 3 denoising steps, 4 past
frames; its own code from the checkout, random weights, its default float32) at the same resolution. One call of
DIAMOND's makes one frame, one step of ours makes 4; frames per second are compared at equal batch sizes.

JSON keys; for 48x64 without suffix, for other sizes with the suffix `_HxW`:
 - `preset_hash`: of weights, resolution, steps and settings of the loop, as in `benchmarks/fidelity.py`.
 - `frames_per_second_batch_1`, `frames_per_second_batch_8`: of all worlds together.
 - `ratio_to_diamond`, `ratio_to_diamond_batch_8`: ours over DIAMOND's, whose own are
   `diamond_frames_per_second_batch_1` and `_batch_8`.
 - `late_to_early_step_time`: median time of 40 steps around step 1,000 over that of 40 around step 50, N = 1. Both
   stretches are replayed from kept states, step by step in turn, so that the machine's load falls on both alike.
   `early_step_ms`, `late_step_ms`: the two medians.
 - `ratio_to_before`, `ratio_to_before_batch_8`: with `--before DIR`, frames per second of the environment over those
   of the checkout in the folder, by turns in one run (`benchmarks/paired.py`).
And `threads`, `machine` (`benchmarks/machine.py`), `vizdoom_frames_per_second`, and for each size and batch
`frames_per_second_HxW_batch_N`, `ratio_to_vizdoom_HxW_batch_N`, `memory_render_ms_HxW`, `memory_write_ms_HxW`,
`memory_points_HxW`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import gymnasium as gym
import numpy as np
import torch
from machine import machine, machine_line
from omegaconf import OmegaConf
from paired import against

from wm_gym.backends.registry import load_backend
from wm_gym.evaluation.preset import preset_hash
from wm_gym.memory.render import render
from wm_gym.memory.write import write
from wm_gym.progress import progress_bar
from wm_gym.scenes.places import find_place, open_world
from wm_gym.world.state import Outcome, WorldState
from wm_gym.world.world import World

BATCHES = (1, 8)
MAIN_SIZE = (48, 64)
EARLY_STEP, LATE_STEP, TIMED_STEPS = 50, 1000, 40
NUM_ACTIONS = 9


def vizdoom_frames_per_second(steps: int) -> float:
    """Colour, depth and labels at 320x240, two tics a frame, as ViZDoom's own environment gives them."""
    from vizdoom import gymnasium_wrapper  # noqa: F401  (registers the ids)

    with TemporaryDirectory() as folder, contextlib.chdir(folder):  # it leaves files where it runs
        env = gym.make("VizdoomMyWayHome-v1", frame_skip=2, disable_env_checker=True)
        assert isinstance(env.action_space, gym.spaces.Discrete)
        num_actions = int(env.action_space.n)
        env.reset(seed=0)
        began = time.perf_counter()
        for k in range(steps):
            _, _, terminated, truncated, _ = env.step(k % num_actions)
            if terminated or truncated:
                env.reset()
        seconds = time.perf_counter() - began
        env.close()
    return steps / seconds


def walk(world: World, num_worlds: int, steps: int, seed: int) -> tuple[float, WorldState, Outcome]:
    """Frames per second of N worlds that walk at random, after a warm-up, with their last states and outcome."""
    spec = world.model.spec
    rng = np.random.default_rng(seed)
    openings = [open_world(spec, find_place("city", k, "full")) for k in range(num_worlds)]
    state, outcome = world.start(openings, list(range(num_worlds)))
    seconds = 0.0
    for step in progress_bar(
        range(steps + 4), desc=f"{spec.name} {spec.height}x{spec.width} N={num_worlds}", leave=False
    ):
        twists = wander(rng, num_worlds, spec.frames_per_step)
        began = time.perf_counter()
        state, outcome = world.step(state, twists)
        seconds += (time.perf_counter() - began) * (step >= 4)
    return num_worlds * steps * spec.frames_per_step / seconds, state, outcome


def wander(rng: np.random.Generator, num_worlds: int, num_frames: int) -> np.ndarray:
    """Twists of one step, (N, T, 4)."""
    twists = np.clip(rng.normal([0.6, 0, 0, 0], [0.5, 0.2, 0.5, 0.1], (num_worlds, 1, 4)), -1, 1)
    return np.repeat(twists, num_frames, 1)


def early_and_late_milliseconds(world: World, early: int, late: int) -> tuple[float, float]:
    """Median milliseconds of the steps around an early and around a late step of one world."""
    spec, half = world.model.spec, TIMED_STEPS // 2
    rng = np.random.default_rng(1)
    state, _ = world.start([open_world(spec, find_place("city", 0, "full"))], [0])
    kept: list[WorldState] = []
    for step in progress_bar(range(late - half), desc=f"{spec.name} to step {late}", leave=False):
        if step == early - half:
            kept.append(state)
        state, _ = world.step(state, wander(rng, 1, spec.frames_per_step))
    kept.append(state)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(TIMED_STEPS):
        twists = wander(rng, 1, spec.frames_per_step)
        for which in (0, 1):
            began = time.perf_counter()
            kept[which], _ = world.step(kept[which], twists)
            seconds[which].append(time.perf_counter() - began)
    return 1e3 * float(np.median(seconds[0])), 1e3 * float(np.median(seconds[1]))


def load_diamond(checkout: Path) -> Any:
    """DIAMOND's sampler with its default denoiser, from its own code and configuration.

    Raises:
        ValueError: If the folder is no checkout of DIAMOND.
    """
    source, config = checkout / "src", checkout / "config"
    if not (source / "models" / "diffusion" / "denoiser.py").exists():
        raise ValueError(f"--diamond must be a checkout of eloialonso/diamond, got {checkout}")
    # its denoiser imports two names, for annotations only, from modules that need its loggers and data sets
    for module, name in (("data", "Batch"), ("utils", "LossAndLogs")):
        stand_in = ModuleType(module)
        setattr(stand_in, name, object)
        sys.modules[module] = stand_in
    sys.path.insert(0, str(source))
    from models import diffusion  # type: ignore[import-not-found]

    agent = OmegaConf.load(config / "agent" / "default.yaml")
    steps = OmegaConf.load(config / "trainer.yaml").world_model_env.diffusion_sampler.num_steps_denoising
    inner, outer = _settings(agent.denoiser.inner_model), _settings(agent.denoiser)
    outer.pop("inner_model")
    inner_model = diffusion.InnerModelConfig(**inner, num_actions=NUM_ACTIONS)
    denoiser = diffusion.Denoiser(diffusion.DenoiserConfig(inner_model=inner_model, **outer)).eval()
    return diffusion.DiffusionSampler(denoiser, diffusion.DiffusionSamplerConfig(num_steps_denoising=steps))


def _settings(config: Any) -> dict[str, Any]:
    """A node of DIAMOND's configuration as plain arguments."""
    plain = OmegaConf.to_container(config)
    assert isinstance(plain, dict)
    return {str(name): value for name, value in plain.items() if name != "_target_"}


def diamond_frames_per_second(sampler: Any, batch: int, height: int, width: int, frames: int) -> float:
    """Frames per second of DIAMOND, autoregressive on its own frames, after a warm-up."""
    past = sampler.denoiser.cfg.inner_model.num_steps_conditioning
    seen, actions = torch.rand(batch, past, 3, height, width) * 2 - 1, torch.zeros(batch, past, dtype=torch.long)
    seconds = 0.0
    for k in progress_bar(range(frames + 2), desc=f"DIAMOND {height}x{width} N={batch}", leave=False):
        began = time.perf_counter()
        frame, _ = sampler.sample(seen, actions)
        seen = torch.cat([seen[:, 1:], frame[:, None]], 1)
        seconds += (time.perf_counter() - began) * (k >= 2)
    return batch * frames / seconds


def memory_milliseconds(world: World, state: WorldState, outcome: Outcome, repeats: int = 20) -> tuple[float, float]:
    """Median milliseconds to render the hints of one step of the first world, and to write the step."""
    spec, chunk, memory = world.model.spec, outcome.chunk, state.memories[0]
    assert chunk.depth is not None and chunk.moving is not None and chunk.world_from_camera is not None
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


def measure_memory(world: World, state: WorldState, outcome: Outcome) -> dict[str, float]:
    """Memory's share of a step of the first world."""
    size = f"{world.model.spec.height}x{world.model.spec.width}"
    rendering, writing = memory_milliseconds(world, state, outcome)
    points = state.memories[0].num_static
    print(f"memory {size}: render {rendering:.2f} ms, write {writing:.2f} ms a step, {points} points")
    return {
        f"memory_render_ms_{size}": rendering,
        f"memory_write_ms_{size}": writing,
        f"memory_points_{size}": points,
    }


def measure_size(world: World, asked: argparse.Namespace, peer: float, sampler: Any) -> dict[str, Any]:
    """All figures of one size."""
    spec = world.model.spec
    size = f"{spec.height}x{spec.width}"
    end = "" if (spec.height, spec.width) == MAIN_SIZE else f"_{size}"
    figures: dict[str, Any] = {f"preset_hash{end}": preset_hash(world)}
    print(machine_line())
    for batch in BATCHES:
        fps, state, outcome = walk(world, batch, max(8, asked.steps // batch), seed=0)
        name = f"{size}_batch_{batch}"
        figures |= {f"frames_per_second_batch_{batch}{end}": fps, f"frames_per_second_{name}": fps}
        figures[f"ratio_to_vizdoom_{name}"] = fps / peer
        print(f"{spec.name} {name:20s} {fps:8.1f} frames/s  {fps / peer:6.3f} of ViZDoom's")
        if sampler is not None:
            theirs = diamond_frames_per_second(sampler, batch, spec.height, spec.width, max(4, 16 // batch))
            figures[f"diamond_frames_per_second_batch_{batch}{end}"] = theirs
            figures[f"ratio_to_diamond{'' if batch == 1 else f'_batch_{batch}'}{end}"] = fps / theirs
            print(f"DIAMOND {name:20s} {theirs:8.2f} frames/s; ours are {fps / theirs:.1f} times as many")
        if asked.before:
            own = {"backend": asked.backend, "resolution": (spec.height, spec.width), "world": "city/9"}
            paired = against(asked.before, batch, own, torch.get_num_threads())
            figures[f"ratio_to_before{'' if batch == 1 else f'_batch_{batch}'}{end}"] = paired["ratio_to_before"]
            print(f"before  {name:20s} {paired['before_ms']:8.1f} ms a step, now {paired['ms']:.1f} ms: "
                  f"{paired['ratio_to_before']:.2f} times as fast")  # fmt: skip
        if batch == BATCHES[-1]:
            figures |= measure_memory(world, state, outcome)
    if not asked.no_late:
        early, late = early_and_late_milliseconds(world, EARLY_STEP, LATE_STEP)
        figures |= {f"early_step_ms{end}": early, f"late_step_ms{end}": late}
        figures[f"late_to_early_step_time{end}"] = late / early
        print(f"step {EARLY_STEP}: {early:.1f} ms, step {LATE_STEP}: {late:.1f} ms, ratio {late / early:.3f}")
    return figures


def main() -> None:
    """Measure, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="video")
    parser.add_argument("--weights", help="of backend video, for one size; without, those that are shipped")
    parser.add_argument("--steps", type=int, default=100, help="of each world in batch 1; 8 worlds take an eighth")
    parser.add_argument("--sizes", nargs="+", default=["48x64"], metavar="HxW")
    parser.add_argument("--threads", type=int, help="of torch; without, as many as it takes by itself")
    parser.add_argument("--diamond", type=Path, help="a checkout of eloialonso/diamond, to be timed as well")
    parser.add_argument("--before", type=Path, metavar="DIR", help="a checkout to be timed against, by turns")
    parser.add_argument("--no-late", action="store_true", help="leave out the thousand steps of late_to_early")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    sampler = load_diamond(asked.diamond) if asked.diamond else None
    peer = vizdoom_frames_per_second(4 * asked.steps)
    print(f"ViZDoom's own environment: {peer:.0f} frames/s")
    figures: dict[str, Any] = {
        "threads": torch.get_num_threads(),
        "machine": machine(),
        "vizdoom_frames_per_second": peer,
    }
    settings = {"weights": asked.weights} if asked.weights else {}
    for height, width in (map(int, size.split("x")) for size in asked.sizes):
        world = World(load_backend(asked.backend, height, width, **settings))
        figures |= measure_size(world, asked, peer, sampler)
        world.close()
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
