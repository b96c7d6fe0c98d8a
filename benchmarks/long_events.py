"""Events that last, and people at a distance: is snow as crisp after 5,000 steps as at first, do specks live?

    python benchmarks/long_events.py [--steps 5000] [--walks 20] [--json PATH]

Snow falls in a grounded place while a body turns round on the spot, `--steps` long, a turn in 24 steps; then it ends,
and the body turns on for two turns. Beside it the same world without snow.

JSON keys:
 - `sharpness_first`, `sharpness_last`: gradient energy of shown frames in the first and the last three minutes of the
   world's time (whole turns), and `sharpness_ratio`; `clear_sharpness_ratio`: the same of the world without snow.
 - `after_db`: PSNR of the turn after the snow against the turn before it (the first is without snow), `clear_db`: the
   same of the world without snow over the same time; `after_loss_db`: how much lower the first is.
 - `equal_memory`: whether the two worlds' memories are equal at the end.
 - `specks`: moving components under 12 pixels that live 4 steps, in `--walks` cold walks of 40 steps through held-out
   places of all families; `specks_a_walk`; `movers_a_walk`: components that are not that small and live as long.
And `machine`.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from machine import machine, machine_line
from scipy import ndimage
from torch import Tensor

from wm_gym.backends.registry import load_backend
from wm_gym.evaluation.openings import openings_in
from wm_gym.evaluation.scores import gradient_energy, psnr_db
from wm_gym.progress import progress_bar
from wm_gym.scenes.families import FAMILIES
from wm_gym.scenes.keyframe_scale import FINER
from wm_gym.scenes.places import find_place, open_world
from wm_gym.train_world.data.splits import nth_seed
from wm_gym.world.state import WorldState
from wm_gym.world.world import World

TURN_STEPS, TURNS_IN_A_MINUTE = 24, 11
SMALL_PIXELS, LIVES_STEPS, WALK_STEPS, REACH_PIXELS = 12, 4, 40, 2
FIRST_PLACE = 140


def turned(state: WorldState, step: int, frames: int) -> np.ndarray:
    """(1, T, 5) body poses of a step of a turn on the spot, which begins where the world opened."""
    poses = np.repeat(state.body_poses[:, None], frames, 1)
    poses[..., 3] = 2 * np.pi * (step * frames + 1 + np.arange(frames)) / (TURN_STEPS * frames)
    return poses


class Turning:
    """A world that turns on the spot, and the last frame of every step that it has shown."""

    def __init__(self, world: World, place: str) -> None:
        opening = open_world(world.model.spec, find_place(place, 0, "full"))
        self._world, (self.state, _) = world, world.start([opening], [0])
        self.frames = list[Tensor]()

    def go_on(self, steps: int) -> None:
        """Turn on by so many steps."""
        for _ in range(steps):
            poses = turned(self.state, len(self.frames), self._world.model.spec.frames_per_step)
            self.state, outcome = self._world.follow(self.state, poses)
            self.frames.append(outcome.chunk.frames[0, -1])

    def ask(self, text: str) -> None:
        """Ask for an event from now on."""
        script = self.state.scripts[0].schedule(text, self.state.frame_index[0])
        self.state = replace(self.state, scripts=(script,))

    def turns(self, first: int, last: int) -> Tensor:
        """Frames of whole turns, from the one to before the other."""
        return torch.stack(self.frames[first * TURN_STEPS : last * TURN_STEPS])


def snow(place: str, steps: int) -> dict[str, float]:
    """Figures of a long snowfall."""
    world = World(load_backend("video", 48, 64))
    snowed, clear = Turning(world, place), Turning(world, place)
    turns = max(2 * 3, steps // TURN_STEPS)
    with progress_bar(total=2 * (turns + 4) * TURN_STEPS, unit="step", smoothing=0.01) as bar:
        for one in (snowed, clear):
            for turn in range(turns + 4):
                one.go_on(TURN_STEPS)
                bar.update(TURN_STEPS)
                if one is snowed and turn == 0:
                    one.ask("it snows heavily")
                if one is snowed and turn == turns:
                    one.ask("the snow stops")
    world.close()
    minutes = min(3 * TURNS_IN_A_MINUTE, turns // 2 - 1)
    spans = (2, 2 + minutes), (turns - minutes, turns)
    energies = [[float(gradient_energy(one.turns(*span)).mean()) for span in spans] for one in (snowed, clear)]
    (early, late), (clear_early, clear_late) = energies
    after, without = (
        float(psnr_db(one.turns(turns + 3, turns + 4), one.turns(0, 1)).mean()) for one in (snowed, clear)
    )
    return {
        "sharpness_first": early,
        "sharpness_last": late,
        "sharpness_ratio": late / early,
        "clear_sharpness_ratio": clear_late / clear_early,
        "after_db": after,
        "clear_db": without,
        "after_loss_db": without - after,
        "equal_memory": float(snowed.state.memories[0] == clear.state.memories[0]),
    }


def lived(moving: np.ndarray) -> list[int]:
    """Most pixels, over its life so far, of each component of moving masks (T, H, W) that lives `LIVES_STEPS` steps."""
    alive: list[tuple[np.ndarray, int, int]] = []
    ended: list[int] = []
    for mask in moving:
        labels = np.asarray(ndimage.label(mask, np.ones((3, 3)))[0])  # pyright: ignore[reportIndexIssue]
        parts = [labels == number for number in range(1, labels.max() + 1)]
        grown = []
        for part in parts:
            wide = ndimage.binary_dilation(part, iterations=REACH_PIXELS)
            before = max((one for one in alive if (one[0] & wide).any()), key=lambda one: one[1], default=None)
            frames, pixels = (before[1] + 1, max(before[2], int(part.sum()))) if before else (1, int(part.sum()))
            grown.append((part, frames, pixels))
            if frames == LIVES_STEPS * 4:
                ended.append(pixels)
        alive = grown
    return ended


def specks(walks: int) -> dict[str, float]:
    """Figures of moving components in cold walks."""
    world, twin = World(load_backend("video", 48, 64)), World(load_backend("twin", FINER * 48, FINER * 64))
    sizes = []
    for walk in progress_bar(range(walks), unit="walk"):
        family = FAMILIES[walk % len(FAMILIES)]
        place = find_place(f"{family}/{nth_seed('test', FIRST_PLACE + walk)}", 0, "full")
        state, _ = world.start([openings_in(world.model.spec, twin, place)["cold"]], [walk])
        rng, moving = np.random.default_rng(walk), []
        for _ in range(WALK_STEPS):
            twist = np.array([rng.uniform(0.3, 1), 0, rng.uniform(-0.6, 0.6), 0])
            state, outcome = world.step(state, np.tile(twist, (1, world.model.spec.frames_per_step, 1)))
            assert outcome.chunk.moving is not None
            moving.append(outcome.chunk.moving[0].numpy())
        sizes += lived(np.concatenate(moving))
    for one in (world, twin):
        one.close()
    small = sum(size < SMALL_PIXELS for size in sizes)
    return {"specks": small, "specks_a_walk": small / walks, "movers_a_walk": (len(sizes) - small) / walks}


def main() -> None:
    """Prints and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--place", default="city/9")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--walks", type=int, default=20)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    figures = specks(asked.walks) if asked.walks else {}
    figures |= snow(asked.place, asked.steps) if asked.steps else {}
    print(machine_line())
    for name, value in figures.items():
        print(f"{name:24s}{value:10.3f}")
    if asked.json:
        asked.json.write_text(json.dumps(figures | {"machine": machine()}, indent=2) + "\n")


if __name__ == "__main__":
    main()
