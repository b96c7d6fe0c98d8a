"""Endurance of a generated world: step time, memory and image quality over 2,000 steps of one walk.

    python benchmarks/endurance.py --families park --json endurance.json
    python benchmarks/endurance.py --families rooms city courtyard park warehouse --steps 600 --json pictures.json

Two worlds of one held-out place of each family, one after the other: grounded, on 32 keyframes, and cold, on one chunk
of ground truth, as `benchmarks/fidelity.py` opens them. A scripted explorer walks out for `--steps-out` steps, home
along its trail, and out again in another direction; at home or stuck, it starts a new tour from there. It collides with
memory; the twin gives only waypoints, which set directions.

JSON keys; grounded without prefix, cold with `cold_`; means over families. N is `--steps`, 2000:
 - `step_ms_50`, `step_ms_N`: median milliseconds of 40 steps around step 50 and of the last 40. Both stretches are
   replayed from kept states at the end, step by step in turn, so that the machine's load falls on both alike.
   `late_to_early_step_time`: the second over the first.
 - `memory_points_50`, `memory_points_N`, `memory_bytes_50`, `memory_bytes_N`, `memory_bytes_ratio`: size of the memory.
   `peak_mb_50`, `peak_mb_N`, `peak_mb_ratio`: peak memory of the whole process up to then.
 - `sharpness_100`, `sharpness_500`, `sharpness_N`: gradient energy of the frames of 200 steps around (at the end: up
   to) that step: by default the first and the third tour, out and home, so that far and near parts of a place count
   alike. `sharpness_ratio`: at 500 over at 100; the tours take different ways, so one walk says little.
 - `structure_100`, `structure_500`, `structure_N`: share of these frames that pass the realism classifier.
   `structure_ratio`: at 500 over at 100.
 - `farthest_metres` from the start, `bumped_share` of steps that collided, `tours`: number of tours.
And `preset_hash`, `places`, `steps`, `machine` (`benchmarks/machine.py`). Figures that a short walk does not reach are
left out.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from machine import machine, machine_line
from torch import Tensor
from tqdm import tqdm

from wm_gym.agents.explorer import Explorer
from wm_gym.backends.registry import load_backend
from wm_gym.evaluation.openings import openings_in
from wm_gym.evaluation.preset import preset_hash
from wm_gym.evaluation.realism import RealismClassifier
from wm_gym.evaluation.scores import gradient_energy
from wm_gym.memory.memory import Memory
from wm_gym.progress import progress_bar
from wm_gym.scenes.families import FAMILIES
from wm_gym.scenes.keyframe_scale import FINER
from wm_gym.scenes.places import find_place
from wm_gym.train_world.data.splits import nth_seed
from wm_gym.world.state import WorldState
from wm_gym.world.world import World
from wm_gym.world_model import Opening, Place

PREFIXES = {"grounded": "", "cold": "cold_"}
PLACE = 100
"""Number of the place among those for testing, the first of `benchmarks/fidelity.py`."""
EARLY_STEP, TIMED_STEPS = 50, 40
PICTURED_STEPS, AROUND = (100, 500), 200
SEED = 0


class Journey:
    """One world on its walk, with the figures measured on it."""

    def __init__(self, world: World, opening: Opening, explorer: Explorer, steps: int) -> None:
        self._world, self._explorer, self._steps = world, explorer, steps
        self._state, _ = world.start([opening], [SEED])
        self._starts = {f"{EARLY_STEP}": EARLY_STEP - TIMED_STEPS // 2, f"{steps}": steps - TIMED_STEPS}
        self._kept: dict[int, WorldState] = {}
        self._twists: list[np.ndarray] = []
        self._frames: dict[int, list[Tensor]] = {mark: [] for mark in (*PICTURED_STEPS, steps)}
        self._farthest, self._bumps = 0.0, 0
        self.figures: dict[str, float] = {}

    def run(self, bar: tqdm, classifier: RealismClassifier) -> dict[str, float]:
        """Walk all steps; returns the figures."""
        for step in range(self._steps):
            if step in self._starts.values():
                self._kept[step] = self._state
            self._advance(step)
            bar.update()
        self._weigh(self._state.memories[0], self._steps)
        self.figures |= {
            "farthest_metres": self._farthest,
            "bumped_share": self._bumps / self._steps,
            "tours": self._explorer.tours,
        }
        self._time()
        self._judge_pictures(classifier)
        return self.figures

    def _advance(self, step: int) -> None:
        """Step number `step`, counted from 0."""
        twist = self._explorer.act(self._state.body_poses[0])
        self._twists.append(np.tile(twist, (1, self._world.model.spec.frames_per_step, 1)))
        self._state, outcome = self._world.step(self._state, self._twists[-1])
        for mark, frames in self._frames.items():
            if -AROUND // 2 <= step - mark < AROUND // 2 or mark == self._steps <= step + AROUND:
                frames.append(outcome.chunk.frames[0])
        self._farthest = max(self._farthest, float(np.linalg.norm(self._state.body_poses[0, :2])))
        self._bumps += outcome.collided[0]
        if step + 1 == EARLY_STEP:
            self._weigh(self._state.memories[0], EARLY_STEP)

    def _weigh(self, memory: Memory, step: int) -> None:
        self.figures[f"memory_points_{step}"] = memory.num_static + memory.num_sky + memory.num_moving
        self.figures[f"memory_bytes_{step}"] = memory.nbytes
        self.figures[f"peak_mb_{step}"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3

    def _time(self) -> None:
        """Replay both stretches, step by step in turn, and time them."""
        starts = {name: first for name, first in self._starts.items() if 0 <= first <= self._steps - TIMED_STEPS}
        states = {name: self._kept[first] for name, first in starts.items()}
        seconds: dict[str, list[float]] = {name: [] for name in states}
        for k in range(TIMED_STEPS):
            for name in states:
                twists = self._twists[starts[name] + k]
                began = time.perf_counter()
                states[name], _ = self._world.step(states[name], twists)
                seconds[name].append(time.perf_counter() - began)
        self.figures |= {f"step_ms_{name}": 1e3 * float(np.median(each)) for name, each in seconds.items()}

    def _judge_pictures(self, classifier: RealismClassifier) -> None:
        for mark, chunks in self._frames.items():
            if chunks and mark <= self._steps:
                frames = torch.cat(chunks)
                self.figures[f"sharpness_{mark}"] = float(gradient_energy(frames).mean())
                self.figures[f"structure_{mark}"] = float(classifier.passes(frames).double().mean())


def with_ratios(figures: dict[str, float], steps: int) -> dict[str, float]:
    """The figures of walks of so many steps, with the ratio of each late figure to its early one where both exist."""
    early, late = PICTURED_STEPS
    pairs = {
        "late_to_early_step_time": (f"step_ms_{steps}", f"step_ms_{EARLY_STEP}"),
        "memory_bytes_ratio": (f"memory_bytes_{steps}", f"memory_bytes_{EARLY_STEP}"),
        "peak_mb_ratio": (f"peak_mb_{steps}", f"peak_mb_{EARLY_STEP}"),
        "sharpness_ratio": (f"sharpness_{late}", f"sharpness_{early}"),
        "structure_ratio": (f"structure_{late}", f"structure_{early}"),
    }
    known = {name: pair for name, pair in pairs.items() if set(pair) <= set(figures) and figures[pair[1]]}
    return figures | {name: figures[above] / figures[below] for name, (above, below) in known.items()}


def place_of(family: str) -> Place:
    """The held-out place of a family."""
    return find_place(f"{family}/{nth_seed('test', PLACE + FAMILIES.index(family))}", 0, "full")


def report(figures: dict[str, Any], columns: Sequence[str]) -> None:
    """Print a table with one row for each figure and one column for each opening."""
    print(f"{'':28s}" + "".join(f"{prefix.rstrip('_') or 'grounded':>16s}" for prefix in columns))
    for name, value in figures.items():
        if isinstance(value, float | int) and f"cold_{name}" in figures:
            print(f"{name:28s}" + "".join(f"{figures[prefix + name]:16.3f}" for prefix in columns))


def main() -> None:
    """Walk, measure, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", help="of the video model; without, those that are shipped")
    parser.add_argument("--size", default="48x64", metavar="HxW")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=["city"])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--steps-out", type=int, default=100, help="of each tour, before it turns home")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    height, width = (int(number) for number in asked.size.split("x"))
    settings = {"weights": asked.weights} if asked.weights else {}
    world, classifier = World(load_backend("video", height, width, **settings)), RealismClassifier.load()
    twin = World(load_backend("twin", FINER * height, FINER * width))
    begun = [openings_in(world.model.spec, twin, place_of(family)) for family in asked.families]
    twin.close()
    places = [openings["grounded"].name for openings in begun]
    figures: dict[str, Any] = {"preset_hash": preset_hash(world), "places": places, "steps": asked.steps}
    figures["machine"] = machine()
    with progress_bar(total=len(begun) * len(PREFIXES) * asked.steps, unit="step", smoothing=0.01) as bar:
        for name, prefix in PREFIXES.items():
            made = []
            for openings in begun:
                opening = openings[name]
                bar.set_description(opening.name)
                explorer = Explorer(opening.waypoints.numpy(), SEED, asked.steps_out)
                made.append(Journey(world, opening, explorer, asked.steps).run(bar, classifier))
            means = {key: float(np.mean([each[key] for each in made])) for key in made[0]}
            figures |= {f"{prefix}{key}": value for key, value in with_ratios(means, asked.steps).items()}
    world.close()
    print(machine_line())
    report(figures, list(PREFIXES.values()))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
