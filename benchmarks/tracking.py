"""Where a camera is, found by what memory shows, when a model does not go where it was sent.

    wm-gym collect output=outputs/test split=test num_clips=60 steps=12 event_share=0 seed=11
    python benchmarks/tracking.py outputs/test [--walks 20] [--slip .15] [--seed 0] [--depth WEIGHTS] [--json PATH]

A recorded walk of the twin is played by a model that gives its frames, whatever it is asked for. Each walk is asked for
more or less than it shows by a share of its own of every move and of every turn (normal, `--slip`), as a video model
is that follows a command loosely. Rows: body poses as commanded; found by memory (`reconstruction.tracking`), which is
taught the twin's depth; and found by memory from colours alone, opened on the first picture, with the depth of the
network. ATE is the root mean square distance of positions at ends of steps, as a share of the path, in per cent; no
alignment, since all begin at one pose. Walks of two metres and more.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wm_gym.backends.base import BaseModel
from wm_gym.geometry.motion import wrapped
from wm_gym.progress import progress_bar
from wm_gym.reconstruction.settings import Reconstruction
from wm_gym.scenes.images import open_picture
from wm_gym.train_world.data.recordings import Clip, Recordings
from wm_gym.world.world import World
from wm_gym.world_model import Chunk, Condition, ModelSpec, Opening

LEAST_PATH_METRES = 2.0


class Played(BaseModel):
    """The frames of a clip, one step after another."""

    def __init__(self, clip: Clip, *, gives_depth: bool) -> None:
        spec = clip.spec
        self.clip, self.gives_depth = clip, gives_depth
        self.spec = ModelSpec(
            "played", spec.height, spec.width, spec.frames_per_step, spec.fps, gives_depth=gives_depth,
            gives_moving=gives_depth, opens_from=("capture",),
        )  # fmt: skip

    def start(self, openings: Sequence[Opening], seeds: Sequence[int]) -> tuple[tuple[Any, ...], Chunk]:
        """The first frame."""
        return (1,), self._chunk(0, 1)

    def step(self, state: tuple[Any, ...], condition: Condition) -> tuple[tuple[Any, ...], Chunk]:
        """The frames of the next step, wherever the camera was sent."""
        end = state[0] + self.spec.frames_per_step
        return (end,), self._chunk(state[0], end)

    def _chunk(self, first: int, end: int) -> Chunk:
        rows = slice(first, end)
        frames = torch.from_numpy(self.clip.frames[rows])[None]
        if not self.gives_depth:
            return Chunk(frames)
        depth = torch.from_numpy(self.clip.depth[rows].astype(np.float32))[None]
        return Chunk(frames, depth, torch.from_numpy(self.clip.moving[rows])[None])


def main() -> None:
    """Print a row for each walk and their medians, and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--walks", type=int, default=20)
    parser.add_argument("--slip", type=float, default=0.15)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--depth", default="embedded")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    recordings, rng, rows = Recordings(asked.recordings), np.random.default_rng(asked.seed), []
    clips = [one for one in map(recordings.clip, range(len(recordings))) if path_of(one) >= LEAST_PATH_METRES]
    picked = np.linspace(0, len(clips) - 1, min(asked.walks, len(clips))).astype(int)
    for clip in progress_bar([clips[k] for k in picked], desc="walks"):
        slip = rng.normal(0.0, asked.slip, 2)
        rows.append(figures_of(clip, slip, asked.depth))
        print(f"{clip.place.family:10s} {clip.policy:10s} " + told(rows[-1]), flush=True)
    for name, of_all in (("median", np.median), ("mean", np.mean)):
        print(f"{name:21s} " + told({key: float(of_all([row[key] for row in rows])) for key in rows[0]}))
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2))


def told(row: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.2f}" for name, value in row.items())


def path_of(clip: Clip) -> float:
    return float(np.linalg.norm(np.diff(clip.body_poses[:, :2], axis=0), axis=1).sum())


def figures_of(clip: Clip, slip: np.ndarray, depth: str) -> dict[str, float]:
    """ATE in per cent of the path, and the largest error of yaw in degrees, of the three ways."""
    figures, path = {"path_metres": path_of(clip)}, path_of(clip)
    ways = {"commanded": (True, False), "with_depth": (True, True), "colours_alone": (False, True)}
    for name, (gives_depth, is_tracked) in ways.items():
        made, true = walked(clip, slip, depth, gives_depth=gives_depth, is_tracked=is_tracked)
        off = np.linalg.norm(made[:, :2] - true[:, :2], axis=1)
        figures[f"{name}_ate"] = 100 * float(np.sqrt(np.square(off).mean())) / path
        figures[f"{name}_yaw"] = max(abs(float(np.degrees(wrapped(one)))) for one in made[:, 3] - true[:, 3])
    return figures


def walked(
    clip: Clip, slip: np.ndarray, depth: str, *, gives_depth: bool, is_tracked: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Body poses (S, 5) at ends of steps, as the world has them and as they were."""
    found = Reconstruction.of({"depth": depth, "poses": "memory" if is_tracked else "commanded"})
    model = Played(clip, gives_depth=gives_depth)
    fov = float(np.degrees(2 * np.arctan(clip.spec.width / 2 / clip.intrinsics[0])))
    known = clip.depth[0].astype(np.float32) if gives_depth else None
    opening = open_picture(
        clip.frames[0], clip.spec.height, clip.spec.width, depth=known, estimator=found.estimator, fov_degrees=fov
    )
    capture = opening.capture
    if gives_depth and capture is not None:
        opening = replace(opening, capture=replace(capture, moving=torch.from_numpy(clip.moving[:1])))
    world = World(model, reconstructor=found.reconstructor, tracker=found.tracker)
    state, _ = world.start([opening], [0])
    made, true = [], []
    for first in range(1, len(clip.frames), clip.spec.frames_per_step):
        rows = np.arange(first, first + clip.spec.frames_per_step)
        state, outcome = world.follow(state, commanded(state.body_poses[0], clip.body_poses, rows, slip)[None])
        made.append(outcome.body_poses[0, -1])
        true.append(clip.body_poses[rows[-1]])
    world.close()
    return np.stack(made), np.stack(true)


def commanded(start: np.ndarray, true: np.ndarray, rows: np.ndarray, slip: np.ndarray) -> np.ndarray:
    """Body poses (T, 5) from a start on, each move and turn of the true ones longer by its share of slip."""
    poses = [start.astype(np.float64)]
    for row in rows:
        before, after, here = true[row - 1], true[row], poses[-1].copy()
        across, angle = (1 + slip[0]) * (after[:2] - before[:2]), here[3] - before[3]
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        here[:2] += turn @ across
        here[3] += (1 + slip[1]) * wrapped(float(after[3] - before[3]))
        here[4] = after[4]
        poses.append(here)
    return np.stack(poses[1:])


if __name__ == "__main__":
    main()
