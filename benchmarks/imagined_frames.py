"""Frames of imagined places: with the video model and without it, beside the twin's.

    python benchmarks/imagined_frames.py [--seeds 3] [--steps 40] [--json PATH]

For each family and each row ("video": the model over its plan; "plan": the plan alone, by the backend `memory_only`),
on walks outward over free ground:
- structure: share of frames that the realism classifier takes for a place; beside it the share of the twin's own, on
  ways out from the starts of held-out places.
- features: Fréchet distance of EfficientNet-Lite0's features from the twin's frames of the family; beside it that of
  one half of the twin's places from the other.
- sharpness: mean gradient energy over that of the twin's frames of the family.
- seeds_db: PSNR between the frames of two seeds; under 30 dB they show different things.
- step_ms: median, mean and 99th percentile of the time of a step; window_share: share of steps in which a plan was
  drawn on.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wm_gym.backends.registry import load_backend
from wm_gym.completion.pipeline import Completion
from wm_gym.evaluation.fidelity import psnr_db
from wm_gym.evaluation.generation.features import LiteFeatures
from wm_gym.evaluation.generation.frechet import Axes
from wm_gym.evaluation.layouts.walking import Walker
from wm_gym.evaluation.realism import RealismClassifier
from wm_gym.evaluation.scores import gradient_energy
from wm_gym.plans import FAMILIES
from wm_gym.progress import progress_bar
from wm_gym.scenes.named import open_named
from wm_gym.world.world import World

HEIGHT, WIDTH = 48, 64
_TWIN_SEEDS = (9, 19, 29, 39, 49, 59, 69, 79)
_AXES = 24
_TWIN_METRES, _TWIN_STEPS = 0.11, 12


def walked(world: World, family: str, seed: int, steps: int) -> tuple[Tensor, list[float], list[bool]]:
    """Frames (T, H, W, 3) of a walk outward, the seconds of its steps, and in which a window was drawn on."""
    opening = open_named(world.spec, f"imagined/{family}", seed, "full")
    state, _ = world.start([opening], [seed])
    walker, frames, seconds, grew = Walker(), [], [], []
    for _ in range(steps):
        before = state.completions[0].plan
        assert before is not None
        bodies = walker.poses(before, state.body_poses[0], world.spec.frames_per_step)
        began = time.perf_counter()
        state, outcome = world.follow(state, bodies[None])
        seconds.append(time.perf_counter() - began)
        grew.append(state.completions[0].plan is not before)
        frames.append(outcome.chunk.frames[0])
    return torch.cat(frames), seconds, grew


def twin_frames(family: str) -> Tensor:
    """Frames of the twin, on ways straight on from the starts of held-out places."""
    twin = World(load_backend("twin", HEIGHT, WIDTH))
    frames = []
    for seed in _TWIN_SEEDS:
        state, _ = twin.start([open_named(twin.spec, f"{family}/{seed}", seed, "full")], [seed])
        twist = np.zeros((1, twin.spec.frames_per_step, 4))
        twist[..., 0] = 0.9
        for step in range(_TWIN_STEPS):
            twist[..., 2] = 0.5 * (step % 4 == 3)
            state, outcome = twin.step(state, twist)
            frames.append(outcome.chunk.frames[0])
    twin.close()
    return torch.cat(frames)


def family_rows(worlds: dict[str, World], family: str, seeds: int, steps: int) -> dict[str, Any]:
    """The figures of one family."""
    classifier, features, true = RealismClassifier.load(), LiteFeatures.load(), twin_frames(family)
    known = features(true.numpy())
    half, axes = len(known) // 2, Axes.fit(known, _AXES)
    rows: dict[str, Any] = {
        "twin": {
            "structure": float(classifier.passes(true).float().mean()),
            "features": axes.distance(known[:half], known[half:]),
        }
    }
    for name, world in worlds.items():
        walks = [walked(world, family, 200 + seed, steps) for seed in range(seeds)]
        frames = torch.cat([one for one, _, _ in walks])
        times = 1e3 * np.concatenate([seconds for _, seconds, _ in walks])
        rows[name] = {
            "structure": float(classifier.passes(frames).float().mean()),
            "features": axes.distance(features(frames.numpy()), known),
            "sharpness": float(gradient_energy(frames).mean() / gradient_energy(true).mean()),
            "seeds_db": float(psnr_db(walks[0][0], walks[1][0]).mean()),
            "step_ms": [float(value) for value in (np.median(times), times.mean(), np.quantile(times, 0.99))],
            "window_share": float(np.mean(np.concatenate([grew for _, _, grew in walks]))),
        }
    return rows


def main() -> None:
    """Prints and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    worlds = {
        "video": World(load_backend("video", HEIGHT, WIDTH)),
        "plan": World(load_backend("memory_only", HEIGHT, WIDTH), completion=Completion.create(HEIGHT, WIDTH)),
    }
    figures = {
        family: family_rows(worlds, family, asked.seeds, asked.steps)
        for family in progress_bar(FAMILIES[:-1], desc="families")
    }
    print(json.dumps(figures, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
