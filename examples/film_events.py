"""One place under six prompts: a film, and a sheet of its frames.

    python examples/film_events.py outputs/events --world city/9

Six worlds of one place and one seed walk the same way; each is asked for something else. events.mp4 shows them side by
side in real time, events.png some of its frames, a row for each prompt.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
from PIL import Image, ImageDraw

from wm_gym.backends.registry import load_backend
from wm_gym.evaluation.pictures import contact_sheet, enlarge
from wm_gym.files.video import VideoWriter
from wm_gym.progress import progress_bar
from wm_gym.scenes.named import open_named
from wm_gym.world.world import World

PROMPTS = (
    "night falls",
    "it starts to snow heavily",
    "a bonfire is lit ahead",
    "a woman in red appears",
    "it starts to rain",
    "golden light of a low sun",
)
SEED, STEPS, TRIGGER_STEP, FACTOR, ACROSS, CAPTION = 3, 32, 3, 3, 3, 14
SHOWN_STEPS = (2, 4, 7, 10, 15, 20, 26, 31)


def twist(step: int) -> np.ndarray:
    """(4,): stand and look about, step back a little, look about again."""
    if step < 16 or step >= 24:
        return np.array([0.0, 0.0, 0.15 if step % 8 in (0, 1, 6, 7) else -0.15, 0.0])
    return np.array([-0.5, 0.0, 0.0, 0.0])


def record(world: World, name: str) -> np.ndarray:
    """(6, T, H, W, 3) uint8."""
    opening = open_named(world.model.spec, name, SEED, "full")
    state, _ = world.start([opening] * len(PROMPTS), [SEED] * len(PROMPTS))
    chunks = []
    for step in progress_bar(range(STEPS), desc="steps"):
        if step == TRIGGER_STEP:
            for n, text in enumerate(PROMPTS):
                state = state.schedule_event(n, text)
        state, outcome = world.step(state, np.tile(twist(step), (len(PROMPTS), world.spec.frames_per_step, 1)))
        chunks.append(outcome.chunk.frames.numpy())
    return np.concatenate(chunks, 1)


def captioned(frame: np.ndarray, text: str) -> np.ndarray:
    """A frame, enlarged, over its prompt."""
    large = enlarge(frame, FACTOR)
    bar = Image.new("RGB", (large.shape[1], CAPTION), (18, 18, 22))
    ImageDraw.Draw(bar).text((4, 1), text, fill=(235, 235, 235))
    return np.concatenate([large, np.asarray(bar)], 0)


def main() -> None:
    """Record, write the film and the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--world", default="city/9")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    world = World(load_backend("video", 48, 64))
    frames = record(world, asked.world)
    height, width = frames.shape[2] * FACTOR + CAPTION, frames.shape[3] * FACTOR
    with VideoWriter(asked.folder / "events.mp4", world.spec.fps, 2 * height, ACROSS * width) as video:
        for t in range(frames.shape[1]):
            panels = [captioned(frames[n, t], text) for n, text in enumerate(PROMPTS)]
            rows = [np.concatenate(panels[k : k + ACROSS], 1) for k in range(0, len(panels), ACROSS)]
            video.add(np.concatenate(rows, 0))
    last = [world.spec.frames_per_step * (step + 1) - 1 for step in SHOWN_STEPS]
    rows = [(text, [enlarge(frames[n, k], 2) for k in last]) for n, text in enumerate(PROMPTS)]
    columns = [f"step {step - TRIGGER_STEP + 1}" for step in SHOWN_STEPS]
    contact_sheet(rows, columns, margin=190).save(asked.folder / "events.png")
    world.close()


if __name__ == "__main__":
    main()
