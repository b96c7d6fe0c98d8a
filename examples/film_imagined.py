"""Films of walks outward through imagined places, side by side, each over its plan.

python examples/film_imagined.py --output imagined.mp4 --seconds 40 --families city park rooms
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wm_gym.backends.registry import load_backend
from wm_gym.evaluation.layouts.walking import Walker
from wm_gym.evaluation.pictures import enlarge
from wm_gym.files.video import VideoWriter
from wm_gym.layout.cells import PATCH, picture
from wm_gym.layout.plan import Plan
from wm_gym.plans import FAMILIES
from wm_gym.progress import progress_bar
from wm_gym.scenes.named import open_named
from wm_gym.world.state import WorldState
from wm_gym.world.world import World

HEIGHT, WIDTH, SCALE, PLAN_CELLS = 48, 64, 4, 128


def over_plan(frame: NDArray[np.uint8], plan: Plan, body: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A frame, enlarged, above the plan round the body."""
    i, j = plan.cell_at(float(body[0]), float(body[1]))
    corner = i // PATCH * PATCH - PLAN_CELLS // 2, j // PATCH * PATCH - PLAN_CELLS // 2
    shown = picture(plan.region(corner, PLAN_CELLS, PLAN_CELLS)[0], 1)
    shown[(shown == (255, 0, 255)).all(-1)] = (24, 24, 28)
    for step, colour in ((0.0, (255, 0, 0)), (1.5, (255, 160, 0))):
        x, y = body[0] + step * np.cos(body[3]), body[1] + step * np.sin(body[3])
        u, v = (cell - first for cell, first in zip(plan.cell_at(float(x), float(y)), corner, strict=True))
        shown[max(0, PLAN_CELLS - 2 - v) : PLAN_CELLS - v + 1, max(0, u - 1) : u + 2] = colour
    side = SCALE * WIDTH
    drawn = np.asarray(Image.fromarray(shown).resize((side, side), Image.Resampling.NEAREST))
    return np.concatenate([enlarge(frame, SCALE), drawn[side // 4 : 3 * side // 4]])


def film(world: World, name: str, seed: int, prompt: str, frames: int) -> list[NDArray[np.uint8]]:
    """The frames of one walk."""
    opening = open_named(world.spec, name, seed, "full", prompt=prompt)
    state, _ = world.start([opening], [seed])
    walker, found = Walker(), []
    for _ in progress_bar(range(frames // world.spec.frames_per_step), desc=name, unit="step"):
        state, shots, bodies = _stepped(world, state, walker)
        plan = state.completions[0].plan
        assert plan is not None
        found += [over_plan(shot, plan, body) for shot, body in zip(shots, bodies, strict=True)]
    return found


def _stepped(
    world: World, state: WorldState, walker: Walker
) -> tuple[WorldState, NDArray[np.uint8], NDArray[np.float64]]:
    plan = state.completions[0].plan
    assert plan is not None
    bodies = walker.poses(plan, state.body_poses[0], world.spec.frames_per_step)
    state, outcome = world.follow(state, bodies[None])
    return state, outcome.chunk.frames[0].numpy(), bodies


def main() -> None:
    """Films the walks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--families", nargs="+", default=list(FAMILIES[:-1]))
    parser.add_argument("--prompts", nargs="*", default=[])
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--sheet", type=Path, help="a picture of frames at even times")
    asked = parser.parse_args()
    world = World(load_backend("video", HEIGHT, WIDTH))
    names = ["imagined" for _ in asked.prompts] or [f"imagined/{family}" for family in asked.families]
    prompts = asked.prompts or [""] * len(names)
    count = int(asked.seconds * world.spec.fps)
    films = [film(world, name, asked.seed, prompt, count) for name, prompt in zip(names, prompts, strict=True)]
    together = [np.concatenate(row, 1) for row in zip(*films, strict=True)]
    with VideoWriter(asked.output, world.spec.fps, *together[0].shape[:2]) as writer:
        for frame in together:
            writer.add(frame)
    if asked.sheet:
        rows = [np.concatenate([one[k] for k in range(0, len(one), max(1, len(one) // 8))][:8], 1) for one in films]
        Image.fromarray(np.concatenate(rows)).save(asked.sheet)


if __name__ == "__main__":
    main()
