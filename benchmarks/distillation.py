r"""A teacher, a regressor and students of one to four steps, on equal data; and what each part of distilling adds.

    python benchmarks/distillation.py FOLDER [--stages NAME ...] [--samples 192] [--chunks 8] [--json PATH]

FOLDER holds `train` and `held`, recordings of rooms of 24 x 32:

    wm-gym collect height=24 width=32 families=[rooms] "difficulties={simple: 1.0}" event_share=0 num_clips=1200 \
        output=FOLDER/train
    (the same with split=test num_clips=48 output=FOLDER/held)

Each stage is one `wm-gym train`; those whose weights are there are not run again, and one that was interrupted goes on.
Then all that have weights are scored in closed loop, each chunk from their own last frame: "hidden" starts from a true
frame and sees nothing of the past but the last frame, turned; "cold" starts from nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from wm_gym.backends.video.weights import load_weights
from wm_gym.train_world.distilling.closed_loop import closed_loop, frames_of, unhinted
from wm_gym.train_world.distilling.flow import FlowConfig
from wm_gym.train_world.distilling.scores import Maker, held_out_pieces
from wm_gym.train_world.distilling.walks import read_walks
from wm_gym.train_world.recipes.distil import in_few_steps
from wm_gym.train_world.recipes.teacher import TeacherTrainConfig, maker_of

SEEDS, STRIDE = 2, 4


@dataclass(frozen=True)
class Stage:
    """One training.

    Attributes:
        name: Of its folder.
        recipe: Row of the recipes.
        settings: Overrides; {name} stands for the weights of another stage.
    """

    name: str
    recipe: str
    settings: tuple[str, ...]


_LARGE = ("train.batch=96", "train.warmup=100", "train.report_steps=300")
_FIRST = (*_LARGE, "train.steps=2520", "train.constant_share=1.0", "train.learning_rate=1.5e-3", "train.no_hints=0.0")
_SECOND = (*_LARGE, "train.steps=2200", "train.constant_share=0.3", "train.no_hints=0.15", "train.past_noise=0.08")
_SHORT = ("train.steps=1000", "train.report_steps=500")
_LONG = ("train.steps=3000", "train.report_steps=500", "train.teacher={teacher}")
_EXPERT = (*_LARGE, "train.steps=600", "train.initial={teacher}")
_OF_TEACHER = (*_SHORT, "train.teacher={teacher}")

STAGES = (
    Stage("teacher_begun", "teacher", _FIRST),
    Stage("teacher", "teacher", (*_SECOND, "train.initial={teacher_begun}")),
    Stage("regressor_begun", "teacher", (*_FIRST, "train.objective=regression")),
    Stage("regressor", "teacher", (*_SECOND, "train.objective=regression", "train.initial={regressor_begun}")),
    Stage("student_1", "distil", _LONG),
    Stage("student_2", "distil", (*_LONG, "train.distillation.sigmas=[1.0,0.4]")),
    Stage("student_4", "distil", (*_LONG, "train.distillation.sigmas=[1.0,0.6,0.3,0.12]")),
    # what each part adds, at a shorter length
    Stage("short", "distil", _OF_TEACHER),
    Stage("no_rollout", "distil", (*_OF_TEACHER, "train.distillation.own_share=0.0")),
    Stage("adversarial", "distil", (*_OF_TEACHER, "train.distillation.adversarial=0.02")),
    Stage("pairs", "causal", ("train.steps=600", "train.source=trajectories", "train.initial={teacher}")),
    Stage("truth", "causal", ("train.steps=600", "train.source=truth", "train.initial={teacher}")),
    Stage("after_pairs", "distil", (*_OF_TEACHER, "train.initial={pairs}")),
    Stage("after_truth", "distil", (*_OF_TEACHER, "train.initial={truth}")),
    Stage("high_expert", "teacher", (*_EXPERT, "train.flow.least_level=0.5")),
    Stage("low_expert", "teacher", (*_EXPERT, "train.flow.most_level=0.5")),
    Stage("after_high", "distil", (*_OF_TEACHER, "train.initial={high_expert}")),
    Stage("after_low", "distil", (*_OF_TEACHER, "train.initial={low_expert}")),
    Stage("realism", "teacher", ("train.steps=1000", "train.initial={teacher}", "train.control=false", *_LARGE)),
    Stage("two_teachers", "distil", (*_OF_TEACHER, "train.realism={realism}")),
)  # fmt: skip


def main() -> None:
    """Train what is asked for, then score all that is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stages", nargs="*", default=[stage.name for stage in STAGES])
    parser.add_argument("--samples", type=int, default=192)
    parser.add_argument("--chunks", type=int, default=8)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    for stage in STAGES:
        if stage.name in options.stages:
            run(stage, options.folder)
    print_scores(options)


def run(stage: Stage, folder: Path) -> None:
    """Train one stage, if its weights are not there; an interrupted one goes on."""
    if weights_of(folder, stage.name).exists():
        return
    named = {other.name: weights_of(folder, other.name) for other in STAGES}
    words = [word.format(**named) if "train.distillation" not in word else word for word in stage.settings]
    sources = [f"recordings=[{folder / 'train'}]", f"held_out={folder / 'held'}", "held_out_clips=48"]
    command = [sys.executable, "-m", "wm_gym.cli", "train", f"recipe={stage.recipe}", *sources, *words]
    subprocess.run([*command, f"train.output={folder / stage.name}"], check=True)


def weights_of(folder: Path, name: str) -> Path:
    """The weights of a stage."""
    return folder / name / "weights.safetensors"


def make_of(stage: Stage, num_steps: int) -> Maker:
    """How the network of a stage makes chunks."""
    if stage.recipe != "teacher":
        return in_few_steps
    is_flow = "train.objective=regression" not in stage.settings
    return maker_of(
        TeacherTrainConfig(objective="flow" if is_flow else "regression", flow=FlowConfig(num_steps=num_steps))
    )


def rows(folder: Path) -> Mapping[str, tuple[Path, Maker]]:
    """Weights, and how they make chunks, by name; a teacher in one step too."""
    trained = {stage.name: stage for stage in STAGES if weights_of(folder, stage.name).exists()}
    found = {name: (weights_of(folder, name), make_of(stage, 16)) for name, stage in trained.items()}
    if "teacher" in trained:
        found["teacher_in_one_step"] = weights_of(folder, "teacher"), make_of(trained["teacher"], 1)
    return found


def scored(frames: list[np.ndarray], truth: np.ndarray, unseen: np.ndarray, space: Patches) -> dict[str, float]:
    """Figures of one chunk of N rollouts from two seeds."""
    errors = (frames[0] / 255.0 - truth / 255.0) ** 2
    apart = (frames[0] / 255.0 - frames[1] / 255.0) ** 2
    return {
        "psnr_db": decibels(errors[~unseen]), "unseen_psnr_db": decibels(errors[unseen]),
        "seeds_db": decibels(apart[unseen]), "seen_seeds_db": decibels(apart[~unseen]),
        "sharpness": sharpness(frames[0], truth), "patch_distance": space.distance(frames[0], truth),
    }  # fmt: skip


def decibels(squared: np.ndarray) -> float:
    """Of squared errors of colours in 0..1."""
    return float(-10 * np.log10(max(1e-10, squared.mean()))) if squared.size else float("nan")


def sharpness(frames: np.ndarray, truth: np.ndarray) -> float:
    """Energy of horizontal gradients as a share of the truth's."""
    ours, theirs = (np.square(np.diff(t.astype(np.float32), axis=-2)).mean() for t in (frames, truth))
    return float(ours / theirs)


class Patches:
    """Patches of frames in the principal axes of the truth's, as many as hold nearly all of it, each of size one."""

    def __init__(self, truth: np.ndarray, side: int = 8, axes: int = 64) -> None:
        """Axes of the patches of frames (N, H, W, 3)."""
        self._side = side
        patches = self._cut(truth)
        self._mean = patches.mean(0)
        values, vectors = np.linalg.eigh(np.cov(patches.T))
        self._axes = vectors[:, ::-1][:, :axes] / np.sqrt(values[::-1][:axes])

    def distance(self, frames: np.ndarray, truth: np.ndarray) -> float:
        """Frechet distance of the patches of two sets of frames."""
        ours, theirs = ((self._cut(one) - self._mean) @ self._axes for one in (frames, truth))
        (a, b), (c, d) = (ours.mean(0), theirs.mean(0)), (np.cov(ours.T), np.cov(theirs.T))
        root = np.sqrt(np.linalg.eigvals(c @ d).real.clip(0)).sum()
        return float(((a - b) ** 2).sum() + np.trace(c) + np.trace(d) - 2 * root)

    def _cut(self, frames: np.ndarray) -> np.ndarray:
        windows = np.lib.stride_tricks.sliding_window_view(frames, (self._side, self._side), (1, 2))
        half = self._side // 2
        return windows[:, ::half, ::half].reshape(-1, 3 * self._side**2).astype(np.float64)


def print_scores(options: argparse.Namespace) -> None:
    """The table, by chunk, of all that has weights; sheets beside the weights."""
    walks = read_walks(str(options.folder / "held"), STRIDE)
    found = rows(options.folder)
    config = load_weights(next(iter(found.values()))[0])
    pieces = held_out_pieces(config, walks, options.chunks, options.samples)
    truth, unseen = frames_of(pieces.clean), unhinted(config, pieces)
    space, figures = Patches(truth.reshape(-1, *truth.shape[2:])), {}
    for regime in ("hidden", "cold"):
        for name, (path, make) in found.items():
            network = load_weights(path)
            made = [
                frames_of(closed_loop(network, make, pieces, 1, seed, cold=regime == "cold")) for seed in range(SEEDS)
            ]
            for chunk in sorted({0, 1, 3, options.chunks - 1}):
                hidden = np.ones_like(unseen[:, chunk]) if regime == "cold" else unseen[:, chunk]
                one = scored([seed[:, chunk] for seed in made], truth[:, chunk], hidden, space)
                figures[f"{regime}/{name}/{chunk + 1}"] = one
                print(
                    f"{regime:7} {name:20} {chunk + 1:2}",
                    {key: round(value, 2) for key, value in one.items()},
                    flush=True,
                )
            save_sheet(options.folder / f"sheet_{regime}_{name}.png", truth, made, unseen)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


def save_sheet(path: Path, truth: np.ndarray, made: list[np.ndarray], unseen: np.ndarray) -> None:
    """Rows of walks: the truth, then each seed, chunk after chunk; those of which least was seen first."""
    chosen = np.argsort(-unseen[:, 0].mean((1, 2)))[:24:4]
    strips = [np.concatenate(list(one[row]), 1) for row in chosen for one in (truth, *made)]
    sheet = np.concatenate([np.pad(strip, ((1, 1), (0, 0), (0, 0))) for strip in strips], 0)
    Image.fromarray(sheet.repeat(3, 0).repeat(3, 1)).save(path)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
