"""The loss of a distillation, turn by turn: some for the critic and the head, then one for the student.

A step of the trainer is one turn, by the batch's number, so that a run resumes in the middle of a round. Parameters
whose turn it is not have no gradient, and the optimizer leaves them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor, nn
from torch.optim import AdamW, Optimizer

from wm_gym.backends.video.network import VideoNetwork
from wm_gym.train_world.distilling.adversary import AdversarialHead, FeatureReader, deceiving_loss, head_loss
from wm_gym.train_world.distilling.flow import FlowConfig, draw_levels, flow_errors, noised
from wm_gym.train_world.distilling.given import Given, bound
from wm_gym.train_world.distilling.matching import MatchingConfig, matching_gradient, matching_loss
from wm_gym.train_world.distilling.student import Made, make_chunk
from wm_gym.train_world.distilling.walks import Pieces

REALISM_EVERY = 2
"""With two teachers, one batch in so many is judged by the teacher of realism."""


@dataclass(frozen=True)
class DistillationConfig:
    """What a student learns by; every term is a switch.

    Attributes:
        sigmas: Noise levels of the student, falling from 1.
        chunks: Chunks of its own rollouts; 1: it always starts from a true frame.
        own_share: Share of batches that are rolled out, if there are several chunks.
        cold_share: Share of samples that start from nothing instead of a true frame. Every batch has some, or the
            critic would know best what came last.
        matching: Weight of distribution matching.
        adversarial: Weight of the adversarial head; 0: none.
        regression: Weight of the error on pairs of noise and what the teacher samples from it; 0: none. Matching alone
            seeks modes, and a student may lose those of the teacher that it has not begun with.
            Source: Yin et al. 2024 (DMD, equation 9), with the plain error of latents.
        score: Noise levels at which teacher and critic are asked.
        flow: Noise levels at which the critic learns, and how the teacher samples pairs.
    """

    sigmas: tuple[float, ...] = (1.0,)
    chunks: int = 4
    own_share: float = 0.5
    cold_share: float = 0.25
    matching: float = 1.0
    adversarial: float = 0.0
    regression: float = 0.0
    score: MatchingConfig = field(default_factory=MatchingConfig)
    flow: FlowConfig = field(default_factory=lambda: FlowConfig(pure_noise=0.0, shift=1.5, level_spread=1.3))

    def __post_init__(self) -> None:
        object.__setattr__(self, "sigmas", tuple(self.sigmas))  # a list, where it was read from a file
        if self.chunks < 1:
            raise ValueError(f"chunks must be at least 1, got {self.chunks}")
        weights = self.matching, self.adversarial
        if min(weights) < 0 or not sum(weights) > 0:
            raise ValueError(f"matching and adversarial must be weights, one of them above 0, got {weights}")
        if self.regression < 0:
            raise ValueError(f"regression must be at least 0, got {self.regression}")

    @property
    def turns(self) -> int:
        """Turns of a round; the last is the student's."""
        return self.score.critic_steps + 1

    def is_students(self, number: int) -> bool:
        """Whether a turn is the student's."""
        return number % self.turns == self.turns - 1


class Distillation(nn.Module):
    """All that is trained: a student, the critic of what it makes, and an adversarial head.

    Attributes:
        student: Makes chunks in a few steps.
        critic: Begins as the teacher.
        head: Reads the critic's features.
    """

    def __init__(self, student: VideoNetwork, critic: VideoNetwork) -> None:
        super().__init__()
        config = student.config
        self.student, self.critic = student, critic
        self.head = AdversarialHead(config.inner_dim, config.num_heads)

    def optimizer(self, learning_rate: float, critic_rate: float) -> Optimizer:
        """One optimizer of all, without momentum: what a critic says of a student changes with it."""
        groups = [
            {"params": list(self.student.parameters()), "lr_scale": 1.0},
            {"params": [*self.critic.parameters(), *self.head.parameters()], "lr_scale": critic_rate},
        ]
        return AdamW(groups, learning_rate, betas=(0.0, 0.99), weight_decay=0.0, fused=True)


@dataclass(frozen=True)
class Teachers:
    """Frozen networks that the student is compared with.

    Attributes:
        control: Sees hints, camera and keys.
        realism: Sees none of them; None for a single teacher. Source: InSpatio-World, joint distribution matching,
            whose two tasks are never mixed in a sample.
    """

    control: VideoNetwork
    realism: VideoNetwork | None = None


def distillation_loss(
    trained: Distillation,
    teachers: Teachers,
    batch: Pieces,
    length: int,
    config: DistillationConfig,
    generator: Generator,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of the turn that the batch's number names, and its parts.

    Args:
        trained: Student, critic and head.
        teachers: Frozen.
        batch: Pieces of at least `chunks` chunks.
        length: Latent frames of a chunk.
        config: Terms of the loss.
        generator: Of all noise, on the CPU.
    """
    chunk, exit_step = _draw_chunk(config, generator)
    cold = torch.rand(len(batch.clean), generator=generator) < config.cold_share
    with torch.set_grad_enabled(config.is_students(batch.number)):
        made = make_chunk(trained.student, batch, chunk, length, config.sigmas, generator, exit_step, cold=cold)
    return turn_loss(trained, teachers, batch.number, made, config, generator)


def turn_loss(
    trained: Distillation, teachers: Teachers, number: int, made: Made, config: DistillationConfig, generator: Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of turn `number` on a chunk that the student has made, with a graph if it is its turn."""
    rounds = number // config.turns
    by_realism = teachers.realism is not None and rounds % REALISM_EVERY == REALISM_EVERY - 1
    judged = made.given.without_control() if by_realism else made.given
    if not config.is_students(number):
        return _critics_turn(trained, made, judged, config, generator)
    teacher = teachers.realism if by_realism and teachers.realism is not None else teachers.control
    return _students_turn(trained, teacher, made, judged, config, generator)


def _draw_chunk(config: DistillationConfig, generator: Generator) -> tuple[int, int]:
    """Index of the chunk that is judged, and of the step after which it is judged."""
    is_own = _happens(config.own_share, generator) and config.chunks > 1
    chunk = int(torch.randint(1, config.chunks, (), generator=generator)) if is_own else 0
    return chunk, int(torch.randint(len(config.sigmas), (), generator=generator))


def _happens(share: float, generator: Generator) -> bool:
    return float(torch.rand((), generator=generator)) < share


def _critics_turn(
    trained: Distillation, made: Made, judged: Given, config: DistillationConfig, generator: Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """The critic learns what the student makes, the head to tell it from the truth."""
    critic, latents = bound(trained.critic, judged), made.latents.detach()
    count, length = latents.shape[:2]
    levels = draw_levels(count, length, config.flow, generator).to(latents.device)
    critic_loss = flow_errors(critic, latents, levels, config.flow, generator).mean()
    if not config.adversarial:
        return critic_loss, {"critic": critic_loss.detach()}
    level = config.score.draw(count, length, generator).to(latents.device)
    noise = torch.randn(latents.shape, generator=generator).to(latents.device)
    read = FeatureReader(trained.critic)
    assert made.true is not None
    with torch.no_grad():  # the head alone learns by this
        features = [read(critic, noised(one, level, noise), level) for one in (made.true, latents)]
    told = head_loss(*(trained.head(one) for one in features))
    return critic_loss + told, {"critic": critic_loss.detach(), "head": told.detach()}


def _students_turn(
    trained: Distillation,
    teacher: VideoNetwork,
    made: Made,
    judged: Given,
    config: DistillationConfig,
    generator: Generator,
) -> tuple[Tensor, dict[str, Tensor]]:
    latents, critic = made.latents, bound(trained.critic, judged)
    level = config.score.draw(latents.shape[0], latents.shape[1], generator).to(latents.device)
    noise = torch.randn(latents.shape, generator=generator).to(latents.device)
    parts = {}
    if config.matching:
        least = config.score.least_distance
        gradient = matching_gradient(bound(teacher, judged), critic, latents, level, noise, least)
        parts["matching"] = config.matching * matching_loss(latents, gradient)
    if config.adversarial:
        with _still(trained.critic, trained.head):
            features = FeatureReader(trained.critic)(critic, noised(latents, level, noise), level)
            parts["adversarial"] = config.adversarial * deceiving_loss(trained.head(features))
    return torch.stack(list(parts.values())).sum(), {name: part.detach() for name, part in parts.items()}


@contextmanager
def _still(*modules: nn.Module) -> Iterator[None]:
    """What is computed within leads to no gradient of these modules' parameters: they do not learn to be deceived."""
    learning = [one for module in modules for one in module.parameters() if one.requires_grad]
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
