"""Distillation on a student's rollouts through `World`: hints of its memory, which its own frames have filled.

A round of turns has one rollout, which begins in named places and walks by chance; its last chunks are judged, one
graph at a time. The student does not change before the round ends, so a run that is resumed in the middle of it rolls
out the same again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from wm_gym.backends.video.network import VideoNetwork
from wm_gym.completion.pipeline import Completion
from wm_gym.entities.drawing import EventDrawing
from wm_gym.scenes.named import open_named
from wm_gym.train_world.distilling.distillation import Distillation, DistillationConfig, Teachers, turn_loss
from wm_gym.train_world.distilling.recording import RecordedChunk, RecordedModel, rolled_out
from wm_gym.train_world.distilling.student import Made
from wm_gym.world.world import World

_DIFFICULTY, _FINER = "full", 1


@dataclass(frozen=True)
class RolloutConfig:
    """Rollouts through worlds.

    Attributes:
        places: Names of places that worlds open on, as `gymnasium.make` takes them.
        worlds: Worlds of one rollout.
        chunks: Chunks of one rollout.
        judged: Last chunks of it that are judged.
    """

    places: tuple[str, ...] = ("rooms/9", "rooms/19", "rooms/29")
    worlds: int = 4
    chunks: int = 16
    judged: int = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", tuple(self.places))  # a list, where it was read from a file
        if not self.places:
            raise ValueError("places must name at least one place, got none")
        if not 1 <= self.judged <= self.chunks:
            raise ValueError(f"judged must be from 1 to chunks ({self.chunks}), got {self.judged}")
        if self.worlds < 1:
            raise ValueError(f"worlds must be at least 1, got {self.worlds}")


@dataclass(frozen=True)
class Turn:
    """A turn by its number alone.

    Attributes:
        number: Of the turn.
    """

    number: int

    def to(self, device: torch.device) -> Turn:
        """The same."""
        return self


class WorldRollouts:
    """Rolls a student out through worlds, once for each round of turns."""

    def __init__(self, student: VideoNetwork, config: RolloutConfig, seed: int) -> None:
        """Open the places. Nothing but the memory of frames completes hints, so that the student imagines all else."""
        self._model = RecordedModel(student, config.judged)
        self._world = World(self._model, completion=Completion(), drawing=EventDrawing())
        self._config, self._seed = config, seed
        self._openings = [open_named(self._model.spec, one, 0, _DIFFICULTY, _FINER) for one in config.places]
        self._round, self._chunks = -1, list[RecordedChunk]()

    def of_round(self, number: int) -> list[RecordedChunk]:
        """The judged chunks of a round; they depend on seed, number and student alone."""
        if number != self._round:
            self._round, self._chunks = number, self._rolled(np.random.default_rng([self._seed, number]))
        return self._chunks

    def _rolled(self, rng: np.random.Generator) -> list[RecordedChunk]:
        config, frames = self._config, self._model.spec.frames_per_step
        chosen = rng.integers(len(self._openings), size=config.worlds)
        seeds = rng.integers(2**31, size=config.worlds).tolist()
        state, _ = self._world.start([self._openings[place] for place in chosen], seeds)
        turns = rng.uniform(-1, 1, (config.worlds, 1, 1))  # each keeps to its side, so that something new comes up
        ahead, turning = rng.uniform(0, 1, (2, config.chunks, config.worlds, 1, 1))
        nothing = np.zeros_like(ahead)
        twists = np.concatenate([ahead, nothing, np.sign(turns) * turning, nothing], -1)
        with torch.autocast(self._model.spec.device.partition(":")[0], enabled=False):  # as in use
            return rolled_out(self._world, self._model, state, np.repeat(twists, frames, axis=2))[1]

    def close(self) -> None:
        """Free the worlds."""
        self._world.close()


def world_loss(
    trained: Distillation,
    teachers: Teachers,
    number: int,
    rollouts: WorldRollouts,
    config: DistillationConfig,
    generator: Generator,
) -> tuple[Tensor, dict[str, Tensor]]:
    """As `distillation_loss`, on rollouts through worlds; gradients are added here, chunk by chunk.

    Returns:
        The mean loss of the judged chunks, without a graph, and its parts.
    """
    chunks = rollouts.of_round(number // config.turns)
    is_students = config.is_students(number)
    total, parts = torch.zeros(()), dict[str, Tensor]()
    for chunk in chunks:
        with torch.set_grad_enabled(is_students):
            latents = chunk.run(trained.student)
        loss, of_chunk = turn_loss(trained, teachers, number, Made(latents, chunk.given), config, generator)
        (loss / len(chunks)).backward()
        total = total + loss.detach().cpu() / len(chunks)
        parts = {name: parts.get(name, 0) + part / len(chunks) for name, part in of_chunk.items()}
    return total, parts


def refuse_head(config: DistillationConfig, places: Sequence[str]) -> None:
    """Make sure that nothing asks for the truth where there is none.

    Raises:
        ValueError: If there is an adversarial head.
    """
    if config.adversarial:
        raise ValueError(
            f"adversarial must be 0 with rollouts through worlds, of which there is no truth ({', '.join(places)}), "
            f"got {config.adversarial}"
        )
