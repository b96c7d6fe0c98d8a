"""Compares worlds in batches with the same worlds alone; as a program, in a process of its own.

python tests/backends/batches.py --size 48x64 --dtype float32 --counts 1 2 3
"""

import argparse
import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch

from wm_gym.backends.video.model import VideoModel
from wm_gym.scenes.captures import load_capture
from wm_gym.scenes.images import open_picture
from wm_gym.scenes.named import SHIPPED
from wm_gym.world.guiding import completion_for
from wm_gym.world.world import World

COUNTS = 1, 2, 3, 4, 5, 8
"""Sizes of batches."""

LARGEST, STEPS = max(COUNTS), 2


def world_of(size, dtype="float32", **settings):
    """A world of frames of a size, without retrieved scenes: the inpainter invents what is unseen."""
    height, width = size
    model = VideoModel.create(height, width, dtype=dtype, **settings)
    return World(model, completion=completion_for(model.spec, settings={"scene_bank": "none"}))


def openings_of(world):
    """One opening for each of the largest batch: most open on a capture, one on a picture that is completed."""
    spec = world.model.spec
    places = sorted(SHIPPED.glob("*.npz"))[:2]
    captures = [load_capture(path, spec.height, spec.width, 1) for path in places]
    picture = np.random.default_rng(0).integers(0, 256, (spec.height, spec.width, 3), dtype=np.uint8)
    cold = open_picture(picture, spec.height, spec.width, prompt="a place")
    return [cold if n == 1 else captures[n % 2] for n in range(LARGEST)]


def twists_of(step, numbers):
    """(N, 4, 4) twists of the worlds of these numbers."""
    every = np.random.default_rng(step).uniform(-1, 1, (LARGEST, 1, 4)).repeat(4, 1)
    return every[list(numbers)]


def walk(world, openings, numbers, steps=STEPS):
    """What each of the worlds of these numbers shows in a batch of them, and what its model remembers, as bytes."""
    numbers = list(numbers)
    state, _ = world.start([openings[n] for n in numbers], numbers)
    shown = [[] for _ in numbers]
    for step in range(steps):
        state, outcome = world.step(state, twists_of(step, numbers))
        for n, parts in enumerate(shown):
            parts += [t[n] for t in (outcome.chunk.frames, outcome.chunk.depth, outcome.chunk.moving)]
    for n, parts in enumerate(shown):
        parts += world.model.pack(world.model.select(state.model, [n])).tensors.values()
    return [b"".join(part.float().numpy().tobytes() for part in parts) for parts in shown]


def differing(world, counts=COUNTS, steps=STEPS):
    """Pairs of a batch's size and a world's number in it for which the batch shows another world than is alone."""
    openings = openings_of(world)
    alone = [walk(world, openings, [n], steps)[0] for n in range(max(counts))]
    together = {count: walk(world, openings, range(count), steps) for count in counts}
    return [(count, n) for count, worlds in together.items() for n, one in enumerate(worlds) if one != alone[n]]


def main():
    """Print what differs; exit status 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=["36x48", "48x64"])
    parser.add_argument("--dtypes", nargs="+", default=["float32"])
    parser.add_argument("--threads", nargs="+", type=int, default=[1], help="of torch, as a caller sets them")
    parser.add_argument("--counts", nargs="+", type=int, default=list(COUNTS))
    parser.add_argument("--steps", type=int, default=STEPS)
    asked = parser.parse_args()
    found = 0
    for size in asked.sizes:
        for dtype in asked.dtypes:
            world = world_of(tuple(map(int, size.split("x"))), dtype)
            for threads in asked.threads:
                torch.set_num_threads(threads)
                different = differing(world, asked.counts, asked.steps)
                print(f"{size} {dtype}, {threads} threads: {different or 'all equal'}")
                found += len(different)
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main()
