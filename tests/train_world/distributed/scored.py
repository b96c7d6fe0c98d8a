"""A generator that learns by distribution matching, from scorers that may be anywhere."""

from functools import partial
from pathlib import Path

import torch
import two_ranks  # noqa: F401  the path of the tiny networks
from tiny_pieces import network
from tiny_recipes import VIDEO, samples

from wm_gym.backends.video.codec import SpaceToDepthCodec
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.train_world.distilling.matching import MatchingConfig, matching_loss
from wm_gym.train_world.distributed.scoring import Critic, LocalScorer, Scorer, ScorerConfig, predict, scored_gradient
from wm_gym.train_world.loop_config import LoopConfig
from wm_gym.train_world.trainer import Recipe
from wm_gym.train_world.video.batches import Batch, Batches

CRITIC_STEPS = 2
CONFIG = MatchingConfig(critic_steps=CRITIC_STEPS)


def teacher() -> VideoNetwork:
    return network(1, VIDEO)


def critic() -> VideoNetwork:
    return network(2, VIDEO)


def condition(number: int = 0) -> Batch:
    return Batches(samples(), SpaceToDepthCodec(0.2, 100.0), VIDEO, length=2).draw(2, 0, number, None)


def made(student: VideoNetwork, batch: Batch, generator: torch.Generator) -> torch.Tensor:
    """Clean latents from pure noise, in one step."""
    noise = torch.randn(*batch.times.shape, *student.latent_shape, generator=generator)
    return predict(student, noise, torch.ones(batch.times.shape), batch)


def loss(
    student: VideoNetwork, teacher: Scorer, critic: Critic, batch: Batch, generator: torch.Generator
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The critic's steps on what the student makes, then the student's loss."""
    step = generator.initial_seed()  # of a run with seed 0
    for k in range(CRITIC_STEPS):
        with torch.no_grad():
            clean = made(student, batch, generator)
        critic.learn(clean, batch, step * CRITIC_STEPS + k)
    latents = made(student, batch, generator)
    sigma = CONFIG.draw(*batch.times.shape, generator)
    noise = torch.randn(latents.shape, generator=generator)
    gradient = scored_gradient(teacher, critic, latents, sigma, noise, batch, CONFIG.least_distance)
    return matching_loss(latents, gradient), {}


def recipe(folder: Path, teacher: Scorer, critic: Critic, steps: int = 4) -> Recipe[Batch]:
    student = network(0, VIDEO)
    config = LoopConfig(output=str(folder), steps=steps, batch=2, length=2, warmup=1, report_steps=1, bfloat16=False)
    return Recipe(config, student, condition, partial(loss, student, teacher, critic), None, _write, "student.pt")


def local_scorers(folder: Path) -> tuple[LocalScorer, LocalScorer]:
    return LocalScorer(teacher()), LocalScorer(critic(), critic_config(folder))


def critic_config(folder: Path) -> ScorerConfig:
    return ScorerConfig(learning_rate=1e-3, checkpoint=str(folder / "critic.pt"))


def _write(path: Path, student: torch.nn.Module) -> None:
    torch.save(student.state_dict(), path)
