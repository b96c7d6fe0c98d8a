"""Recipe "distil": a student that makes chunks in one to a few steps, by distribution matching with a teacher.

The student learns on its own rollouts. Source: LingBot-World section 3.4.2, TeleWorld section 3.5, InSpatio-World
(joint distribution matching).
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.weights import load_weights, save_weights
from wm_gym.train_world.distilling.distillation import Distillation, DistillationConfig, Teachers, distillation_loss
from wm_gym.train_world.distilling.given import Given
from wm_gym.train_world.distilling.scores import HeldOutPieces
from wm_gym.train_world.distilling.student import few_steps
from wm_gym.train_world.distilling.trajectories import Trajectories, draw_pairs, follow_teacher, pairs_error
from wm_gym.train_world.distilling.walks import Pieces, Walks, WalkSources, drawer_of, read_sources
from wm_gym.train_world.distilling.world_rollouts import RolloutConfig, Turn, WorldRollouts, refuse_head, world_loss
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.trainer import Loss, Recipe

ROLLOUTS = ("walks", "world")


@dataclass
class DistilTrainConfig(LoopConfig):
    """Settings of one run: those of the loop, and the distillation's. A step is one turn, of the critic or the student.

    The learning rate is far below that of the teacher: a critic that moves by more than student and teacher are apart
    drives the student to a single colour.

    Attributes:
        teacher: File of the teacher's weights.
        initial: File of the student's first weights; empty for the teacher's.
        realism: File of a teacher that was trained without control; empty for none.
        distillation: Terms of the loss.
        pairs: Samples of the teacher that are drawn before the training, if its regression has a weight.
        rollouts: "walks": of recordings, hints from the last frame alone; "world": through `World`, whose memory hints.
        worlds: Rollouts through `World`.
    """

    output: str = "outputs/train_student"
    steps: int = 5000
    batch: int = 32
    length: int = 1
    learning_rate: float = 5e-5
    constant_share: float = 0.7
    weight_decay: float = 0.0
    average_decay: float = 0.996
    teacher: str = ""
    initial: str = ""
    realism: str = ""
    distillation: DistillationConfig = field(default_factory=DistillationConfig)
    pairs: int = 2048
    rollouts: str = "walks"
    worlds: RolloutConfig = field(default_factory=RolloutConfig)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rollouts not in ROLLOUTS:
            raise ValueError(f"rollouts must be one of {list(ROLLOUTS)}, got {self.rollouts!r}")
        if self.rollouts == "world":
            refuse_head(self.distillation, self.worlds.places)
            weight = self.distillation.regression
            if weight:
                raise ValueError(f"distillation.regression must be 0 with rollouts through worlds, got {weight}")


@dataclass
class DistilRunConfig(WalkSources):
    """The data of a run, and the run.

    Attributes:
        train: The run.
    """

    train: DistilTrainConfig = field(default_factory=DistilTrainConfig)


def run_distil(config: DistilRunConfig) -> str:
    """Read walks, then distil; returns a summary. Raises as `run_recipe` does, or if a teacher does not fit."""

    def prepare() -> Recipe[Any]:
        networks = read_networks(config.train)  # what is missing is refused before walks are read
        return distil_recipe(config.train, networks, *read_sources(config, networks.teacher.config, "teacher"))

    return run_recipe(config.train, config.threads, prepare)


@dataclass(frozen=True)
class Networks:
    """What a distillation begins with.

    Attributes:
        teacher: Samples in many steps.
        initial: Weights of the first student.
        realism: Teacher that was trained without control, or None.
    """

    teacher: VideoNetwork
    initial: VideoNetwork
    realism: VideoNetwork | None = None


def read_networks(config: DistilTrainConfig) -> Networks:
    """The networks of the files that a run names.

    Raises:
        ValueError: If no teacher is named, a file cannot be read, or one is of another shape than the teacher.
    """
    if not config.teacher:
        raise ValueError("train.teacher must name the file of a teacher's weights, got none")
    teacher = load_teacher(config.teacher, "train.teacher")
    named = {"train.initial": config.initial, "train.realism": config.realism}
    others = {name: load_weights(Path(path)) for name, path in named.items() if path}
    for name, network in others.items():
        _check_shape(name, network.config, teacher.config)
    return Networks(teacher, others.get("train.initial", teacher), others.get("train.realism"))


def load_teacher(path: str, name: str) -> VideoNetwork:
    """The network of a teacher's file.

    Raises:
        ValueError: If it cannot be read, or is a student's.
    """
    network = load_weights(Path(path))
    if network.config.renoise:
        steps = network.config.num_steps
        raise ValueError(f"{name} must be a teacher's weights, got those of a student of {steps} steps in {path}")
    return network


def _check_shape(name: str, config: VideoConfig, wanted: VideoConfig) -> None:
    """Make sure that a network is of the teacher's shape; how it samples does not count."""
    for setting, value in vars(wanted).items():
        if setting not in ("num_steps", "sigmas", "renoise") and getattr(config, setting) != value:
            raise ValueError(f"{name} must have the teacher's {setting}, {value}, got {getattr(config, setting)}")


def distil_recipe(
    config: DistilTrainConfig, networks: Networks, walks: Walks, held_out: Walks | None = None
) -> Recipe[Any]:
    """The distillation of a teacher on walks, scored on others."""
    torch.manual_seed(config.seed)
    of_loss, device = config.distillation, torch.device(config.device)
    trained = new_distillation(networks, of_loss).to(device)
    teachers = Teachers(networks.teacher.to(device), None if networks.realism is None else networks.realism.to(device))
    score = None if held_out is None else _of_student(HeldOutPieces(held_out, config.length, in_few_steps))
    optimizer = trained.optimizer(config.learning_rate, of_loss.score.critic_rate)
    if config.rollouts == "world":
        loss_of = _on_worlds(config, trained, teachers)
        return Recipe(config, trained, Turn, loss_of, score, _save, "weights.safetensors", optimizer, is_backward=True)
    draw_at = drawer_of(walks, trained.student, of_loss.chunks * config.length, config.seed)

    def draw(number: int) -> Pieces:
        return draw_at(config.batch, number=number)

    pairs = _pairs_of(config, teachers.control, walks) if of_loss.regression else None

    def on_walks(batch: Pieces, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        loss, parts = distillation_loss(trained, teachers, batch, config.length, of_loss, generator)
        if pairs is None or not of_loss.is_students(batch.number):
            return loss, parts
        drawn = draw_pairs(pairs, config.batch, config.seed, batch.number).to(device)
        error = of_loss.regression * pairs_error(trained.student, drawn)
        return loss + error, parts | {"regression": error.detach()}

    return Recipe(config, trained, draw, on_walks, score, _save, "weights.safetensors", optimizer)


def _pairs_of(config: DistilTrainConfig, teacher: VideoNetwork, walks: Walks) -> Trajectories:
    """What the teacher samples on walks, at the noise levels of the student."""
    of_loss, draw_at = config.distillation, drawer_of(walks, teacher, config.length, config.seed)
    return follow_teacher(teacher, draw_at, config.pairs, of_loss.sigmas, of_loss.flow, of_loss.cold_share)


def _on_worlds(config: DistilTrainConfig, trained: Distillation, teachers: Teachers) -> Loss[Turn]:
    rollouts = WorldRollouts(trained.student, config.worlds, config.seed)

    def on_worlds(turn: Turn, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        return world_loss(trained, teachers, turn.number, rollouts, config.distillation, generator)

    return on_worlds


def new_distillation(networks: Networks, config: DistillationConfig) -> Distillation:
    """A student and a critic that begin as networks that are trained already."""
    student, critic = deepcopy(networks.initial), deepcopy(networks.teacher)
    sampling = {"num_steps": len(config.sigmas), "sigmas": config.sigmas, "renoise": True}
    student.config = replace(student.config, **sampling)
    return Distillation(student.requires_grad_(True), critic.requires_grad_(True))


def in_few_steps(network: VideoNetwork, given: Given, seed: int) -> Tensor:
    """How a student makes chunks."""
    return few_steps(network, given, network.config.sigmas, torch.Generator().manual_seed(seed))


def _of_student(score: HeldOutPieces) -> Any:
    """Scores the student of a distillation."""
    return lambda network: score(cast(Distillation, network).student)


def _save(path: Path, network: nn.Module) -> object:
    return save_weights(path, cast(Distillation, network).student)
