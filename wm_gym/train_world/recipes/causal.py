"""Recipe "causal": a teacher becomes a causal model that is asked at a few noise levels, before it is distilled.

Chunks see themselves and the chunks before them, each at a noise level of its own, drawn from the few that the student
will be asked at, and clean. Source: LingBot-World section 3.4.1, equation 2. Or it learns where the teacher's samples
end that pass through these levels (CausVid's ODE pairs; InSpatio-World's initialisation by teacher trajectories).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from wm_gym.backends.video.network import VideoNetwork
from wm_gym.backends.video.weights import save_weights
from wm_gym.train_world.distilling.flow import FlowConfig, flow_errors
from wm_gym.train_world.distilling.given import bound
from wm_gym.train_world.distilling.scores import HeldOutPieces
from wm_gym.train_world.distilling.trajectories import Trajectories, draw_pairs, follow_teacher, pairs_error
from wm_gym.train_world.distilling.walks import Pieces, Walks, WalkSources, drawer_of, read_sources, teacher_forced
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.recipes.distil import in_few_steps, load_teacher
from wm_gym.train_world.recipes.running import run_recipe
from wm_gym.train_world.recipes.teacher import hidden_by_muon
from wm_gym.train_world.trainer import Recipe

SOURCES = ("truth", "trajectories")


@dataclass
class CausalTrainConfig(LoopConfig):
    """Settings of one run: those of the loop, and what it learns from.

    Attributes:
        initial: File of a teacher's weights, such as those of the expert of high noise.
        source: "truth": recordings; "trajectories": what the teacher samples.
        sigmas: Noise levels that the student will be asked at, falling from 1.
        clean_share: Share of chunks that are clean, from "truth".
        pairs: Samples of the teacher that are drawn before the training, for "trajectories".
        cold_share: Share of them before which nothing was seen.
        chunk: Latent frames of a chunk.
        flow: How the teacher samples.
    """

    output: str = "outputs/train_causal"
    steps: int = 1000
    batch: int = 48
    length: int = 1
    learning_rate: float = 5e-4
    warmup: int = 50
    constant_share: float = 0.5
    weight_decay: float = 0.0
    initial: str = ""
    source: str = "truth"
    sigmas: list[float] = field(default_factory=lambda: [1.0])
    clean_share: float = 0.1
    pairs: int = 2048
    cold_share: float = 0.15
    chunk: int = 1
    flow: FlowConfig = field(default_factory=FlowConfig)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.source not in SOURCES:
            raise ValueError(f"source must be one of {list(SOURCES)}, got {self.source!r}")
        if self.length % self.chunk:
            raise ValueError(f"length must be a multiple of chunk ({self.chunk}), got {self.length}")


@dataclass
class CausalRunConfig(WalkSources):
    """The data of a run, and the run.

    Attributes:
        train: The run.
    """

    train: CausalTrainConfig = field(default_factory=CausalTrainConfig)


def run_causal(config: CausalRunConfig) -> str:
    """Read walks, then train; returns a summary. Raises as `run_recipe` does, or if there is no teacher."""

    def prepare() -> Recipe[Any]:
        teacher = read_teacher(config.train.initial)
        return causal_recipe(config.train, teacher, *read_sources(config, teacher.config, "train.initial"))

    return run_recipe(config.train, config.threads, prepare)


def read_teacher(path: str) -> VideoNetwork:
    """The network of a teacher's file.

    Raises:
        ValueError: If none is named, or it cannot be read, or it is a student's.
    """
    if not path:
        raise ValueError("train.initial must name the file of a teacher's weights, got none")
    return load_teacher(path, "train.initial")


def causal_recipe(
    config: CausalTrainConfig, teacher: VideoNetwork, walks: Walks, held_out: Walks | None = None
) -> Recipe[Any]:
    """The training of a causal student from a teacher, scored on its first chunk."""
    torch.manual_seed(config.seed)
    sampling = {"num_steps": len(config.sigmas), "sigmas": tuple(config.sigmas), "renoise": True}
    network = VideoNetwork(replace(teacher.config, latents_per_chunk=config.chunk, **sampling))
    network.load_state_dict(teacher.state_dict())
    draw_at = drawer_of(walks, network, config.length, config.seed)
    if config.source == "truth":
        draw = partial(_truth, draw_at, config.batch)
        loss_of = partial(_loss_of_truth, network, config)
    else:
        trajectories = follow_teacher(
            teacher.to(config.device), draw_at, config.pairs, config.sigmas, config.flow, config.cold_share
        )
        draw = partial(draw_pairs, trajectories, config.batch, config.seed)
        loss_of = partial(_loss_of_pairs, network)
    score = None if held_out is None else HeldOutPieces(held_out, config.chunk, in_few_steps)
    optimizer = hidden_by_muon(network, config.learning_rate, config.weight_decay)
    return Recipe(config, network, draw, loss_of, score, save_weights, "weights.safetensors", optimizer)


def _truth(draw_at: Any, batch: int, number: int) -> Pieces:
    return draw_at(count=batch, number=number)


def _loss_of_truth(
    network: VideoNetwork, config: CausalTrainConfig, batch: Pieces, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Diffusion forcing at few levels: each chunk at one of its own, clean ones only as the past of others."""
    given = teacher_forced(batch, config.chunk, network.config, network.packing)
    count, chunks = len(batch.clean), config.length // config.chunk
    levels = torch.tensor(config.sigmas)[torch.randint(len(config.sigmas), (count, chunks), generator=generator)]
    is_clean = (torch.rand(count, chunks, generator=generator) < config.clean_share) & (
        torch.arange(chunks) < chunks - 1
    )
    sigma = torch.where(is_clean, 0.0, levels).repeat_interleave(config.chunk, 1).to(batch.clean.device)
    errors = flow_errors(bound(network, given), batch.clean, sigma, config.flow, generator)
    asked = (sigma > 0).float()[:, :, None, None, None]
    loss = (errors * asked).sum() / (asked.expand_as(errors).sum())
    return loss, {"forced": loss.detach()}


def _loss_of_pairs(
    network: VideoNetwork, batch: Trajectories, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Where the teacher's samples end, from where they pass a level."""
    loss = pairs_error(network, batch)
    return loss, {"pairs": loss.detach()}
