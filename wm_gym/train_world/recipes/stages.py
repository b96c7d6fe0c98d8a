"""Recipes "pretrain", "experts", "act" and "shrink": stages of a teacher and a student that are settings of others.

Source: LingBot-World section 3: a prior of frames without actions (3.1.1), two experts by noise level (3.3.1), actions
by adapters on a frozen backbone (3.3.2); and a student that takes fewer steps than the student it begins as.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from wm_gym.backends.video.weights import load_weights
from wm_gym.train_world.distilling.walks import WalkSources
from wm_gym.train_world.loop_config import check_run
from wm_gym.train_world.recipes.distil import DistilRunConfig, run_distil
from wm_gym.train_world.recipes.teacher import TeacherRunConfig, TeacherTrainConfig, run_teacher


@dataclass
class PretrainRunConfig(TeacherRunConfig):
    """The data of a run without control, and the run.

    Attributes:
        train: The run.
    """

    train: TeacherTrainConfig = field(
        default_factory=lambda: TeacherTrainConfig(output="outputs/train_prior", control=False)
    )


@dataclass
class ActRunConfig(TeacherRunConfig):
    """The data of a run of the steering alone, and the run.

    Attributes:
        train: The run.
    """

    train: TeacherTrainConfig = field(
        default_factory=lambda: TeacherTrainConfig(output="outputs/train_act", parts="steering")
    )


@dataclass
class ExpertsRunConfig(WalkSources):
    """The data of two runs, and what they share.

    Attributes:
        boundary: Noise level from which on the expert of high noise is asked.
        train: Both runs; their outputs are the folders `high` and `low` in its output.
    """

    boundary: float = 0.5
    train: TeacherTrainConfig = field(default_factory=lambda: TeacherTrainConfig(output="outputs/train_experts"))

    def __post_init__(self) -> None:
        if not 0 < self.boundary < 1:
            raise ValueError(f"boundary must be between 0 and 1, got {self.boundary}")


def run_act(config: TeacherRunConfig) -> str:
    """As `run_teacher`; a run that begins with no weights is refused, since a random backbone would stay so."""
    check_run(config.train)
    if not config.train.initial:
        raise ValueError("train.initial must name the file of a teacher's weights, whose backbone stays, got none")
    return run_teacher(config)


def run_experts(config: ExpertsRunConfig) -> str:
    """Train the expert of high noise, then that of low noise; returns a summary. Raises as `run_recipe` does."""
    check_run(config.train)
    bounds = {"high": {"least_level": config.boundary}, "low": {"most_level": config.boundary}}
    done = []
    for name, bound in bounds.items():
        flow = replace(config.train.flow, **bound)
        train = replace(config.train, output=str(Path(config.train.output) / name), flow=flow)
        sources = {one: getattr(config, one) for one in WalkSources.__dataclass_fields__}
        done.append(run_teacher(TeacherRunConfig(**sources, train=train)))
    return "; ".join(done)


def run_shrink(config: DistilRunConfig) -> str:
    """As `run_distil`, from a student of more steps. Refuses any other beginning."""
    check_run(config.train)
    wanted = len(config.train.distillation.sigmas)
    if not config.train.initial:
        raise ValueError("train.initial must name the file of a student of more steps, got none")
    begun = load_weights(Path(config.train.initial)).config
    if not begun.renoise or begun.num_steps <= wanted:
        kind = f"a student of {begun.num_steps}" if begun.renoise else "a teacher"
        raise ValueError(f"train.initial must be of a student of more than {wanted} steps, got {kind}")
    return run_distil(config)
