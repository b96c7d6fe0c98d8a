r"""A teacher, a regressor and students of one to four steps, on equal data; and what each part of distilling adds.

    python benchmarks/distillation.py FOLDER [--stages NAME ...] [--rows NAME ...] [--samples 192] [--chunks 8]
        [--seeds 4] [--json PATH]

FOLDER holds `train` and `held`, recordings of rooms of 24 x 32:

    wm-gym collect height=24 width=32 families=[rooms] "difficulties={simple: 1.0}" event_share=0 num_clips=1200 \
        output=FOLDER/train
    (the same with split=test num_clips=48 output=FOLDER/held)

Each stage is one `wm-gym train`; those whose weights are there are not run again, and one that was interrupted goes on.
Then all that have weights, or those named as rows, are scored in closed loop, each chunk from their own last frame:
"hidden" starts from a true frame and sees nothing of the past but the last frame, turned; "cold" starts from nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.weights import load_weights
from wm_gym.evaluation.generation.evaluating import evaluate_generation
from wm_gym.evaluation.generation.pieces import TruePieces
from wm_gym.evaluation.generation.report import table, write_report
from wm_gym.train_world.distilling.closed_loop import closed_loop, frames_of, unhinted
from wm_gym.train_world.distilling.flow import FlowConfig
from wm_gym.train_world.distilling.scores import Maker, held_out_pieces
from wm_gym.train_world.distilling.walks import Pieces, Walks, read_walks
from wm_gym.train_world.recipes.distil import in_few_steps
from wm_gym.train_world.recipes.teacher import TeacherTrainConfig, maker_of

STRIDE, OTHERS = 4, 192
SHIFT = 1.5
"""Of the teacher's noise levels."""


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
_LEVELS = (f"train.flow.shift={SHIFT}", "train.flow.level_spread=1.3")
"""What colour a wall has is decided where there is little but noise: in these rooms the noise of a frame's mean
colour is as large as that colour at a level of .82, and three times as large at .93."""

_TAUGHT = (*_LARGE, *_LEVELS, "train.no_hints=0.15")
_FIRST = (*_TAUGHT, "train.steps=1500", "train.constant_share=1.0", "train.learning_rate=1.5e-3")
_SECOND = (*_TAUGHT, "train.steps=2200", "train.constant_share=0.3", "train.past_noise=0.08")
_OF = "train.teacher={teacher}"
_LOW_LEVELS = (
    "train.distillation.score.shift=0.5", "train.distillation.flow.shift=1.0",
    "train.distillation.flow.level_spread=1.1",
)  # fmt: skip
_BEGUN = ("train.steps=400", "train.report_steps=400", "train.initial={teacher}")
_FEW = (_OF, "train.steps=300", "train.report_steps=300")
_STUDENT = (*_FEW, "train.initial={pairs}")
_EXPERT = (*_TAUGHT, "train.steps=300", "train.initial={teacher}")
_TIED = ("train.pairs=1024", "train.distillation.regression=1.0")

STAGES = (
    Stage("teacher_begun", "teacher", _FIRST),
    Stage("teacher", "teacher", (*_SECOND, "train.initial={teacher_begun}")),
    Stage("regressor_begun", "teacher", (*_FIRST, "train.objective=regression")),
    Stage("regressor", "teacher", (*_SECOND, "train.objective=regression", "train.initial={regressor_begun}")),
    Stage("pairs", "causal", (*_BEGUN, "train.source=trajectories", f"train.flow.shift={SHIFT}")),
    Stage("student_1", "distil", _STUDENT),
    Stage("student_2", "distil", (*_STUDENT, "train.distillation.sigmas=[1.0,0.4]")),
    Stage("student_4", "distil", (*_STUDENT, "train.distillation.sigmas=[1.0,0.6,0.3,0.12]")),
    # what each part adds
    Stage("fast", "distil", (*_STUDENT, "train.learning_rate=3e-4")),
    Stage("no_rollout", "distil", (*_STUDENT, "train.distillation.own_share=0.0")),
    Stage("adversarial", "distil", (*_STUDENT, "train.distillation.adversarial=0.02")),
    Stage("after_none", "distil", (*_FEW, "train.initial={teacher}")),
    Stage("realism", "teacher", (*_EXPERT, "train.control=false")),
    Stage("two_teachers", "distil", (*_STUDENT, "train.realism={realism}")),
    Stage("truth", "causal", (*_BEGUN, "train.source=truth")),
    Stage("after_truth", "distil", (*_FEW, "train.initial={truth}")),
    Stage("low_levels", "distil", (*_STUDENT, *_LOW_LEVELS)),
    Stage("tied", "distil", (*_STUDENT, "train.steps=1000", *_TIED)),
    Stage("high_expert", "teacher", (*_EXPERT, "train.flow.least_level=0.5")),
    Stage("low_expert", "teacher", (*_EXPERT, "train.flow.most_level=0.5")),
    Stage("after_high", "distil", (*_FEW, "train.initial={high_expert}")),
    Stage("after_low", "distil", (*_FEW, "train.initial={low_expert}")),
)  # fmt: skip


def main() -> None:
    """Train what is asked for, then score all that is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stages", nargs="*", default=[stage.name for stage in STAGES])
    parser.add_argument("--rows", nargs="*", help="those to score; without a name: none")
    parser.add_argument("--samples", type=int, default=192)
    parser.add_argument("--chunks", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    for stage in STAGES:
        if stage.name in options.stages:
            run(stage, options.folder)
    if options.rows != []:
        score(options)


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
        TeacherTrainConfig(
            objective="flow" if is_flow else "regression", flow=FlowConfig(num_steps=num_steps, shift=SHIFT)
        )
    )


def rows(folder: Path) -> Mapping[str, tuple[Path, Maker]]:
    """Weights, and how they make chunks, by name; a teacher in one step too."""
    trained = {stage.name: stage for stage in STAGES if weights_of(folder, stage.name).exists()}
    found = {name: (weights_of(folder, name), make_of(stage, 16)) for name, stage in trained.items()}
    if "teacher" in trained:
        found["teacher_in_one_step"] = weights_of(folder, "teacher"), make_of(trained["teacher"], 1)
    return found


def true_pieces(network: VideoNetwork, pieces: Pieces, walks: Walks, cold: bool) -> TruePieces:
    """Held-out pieces, and the first chunks of other walks for the floor."""
    truth = frames_of(pieces.clean)
    unseen = np.ones(truth.shape[:-1], bool) if cold else unhinted(network, pieces)
    return TruePieces(
        truth, unseen, pieces.path.numpy(), pieces.intrinsics.numpy(), frames_of(pieces.before[:, None])[:, 0],
        walks.frames[:, : pieces.length], is_cold=cold,
    )  # fmt: skip


def of_seed(network: VideoNetwork, make: Maker, pieces: Pieces, cold: bool) -> Callable[[int], np.ndarray]:
    """A seed to the frames of all pieces."""
    return lambda seed: frames_of(closed_loop(network, make, pieces, 1, seed, cold=cold))


def score(options: argparse.Namespace) -> None:
    """Reports of all that has weights, starting from a true frame and from nothing."""
    walks, found = read_walks(str(options.folder / "held"), STRIDE), rows(options.folder)
    found = {name: row for name, row in found.items() if options.rows is None or name in options.rows}
    others = read_walks(str(options.folder / "train"), STRIDE, OTHERS)
    networks = {name: load_weights(path) for name, (path, _) in found.items()}
    one = next(iter(networks.values()))
    pieces = held_out_pieces(one, walks, options.chunks, options.samples)
    for regime in ("hidden", "cold"):
        cold = regime == "cold"
        makers = {name: of_seed(networks[name], make, pieces, cold) for name, (_, make) in found.items()}
        report = evaluate_generation(
            makers, true_pieces(one, pieces, others, cold), range(options.seeds), options.chunks
        )
        write_report(options.folder / f"report_{regime}", f"Distillation, {regime}", report)
        print(f"{regime}\n{table(report)}\n", flush=True)
        if options.json:
            told = json.loads(options.json.read_text()) if options.json.exists() else {}
            told[regime] = told.get(regime, {}) | report.figures
            options.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
