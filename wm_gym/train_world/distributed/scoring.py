"""Teacher and critic of distribution matching as scorers, wherever they are: in this process or in another.

Source: TeleWorld section 3.5: generator, teacher and critic are too large for one device, so each has devices of its
own (`ray_scoring`), and what crosses between them are latents. The loss is `distilling.matching`'s.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor
from torch.optim import AdamW

from wm_gym.backends.video.frame_metadata import FrameMetadata, Role
from wm_gym.backends.video.network import VideoNetwork
from wm_gym.files.atomic import write_atomically
from wm_gym.train_world.distilling.flow import FlowConfig, draw_levels, flow_errors, noised
from wm_gym.train_world.distilling.matching import matching_gradient
from wm_gym.train_world.video.batches import Batch
from wm_gym.train_world.video.latents import latents_of


class Scorer(Protocol):
    """Says what clean latents look like from noisy ones."""

    def score(self, noisy: Tensor, sigma: Tensor, condition: Batch) -> Tensor:
        """Clean latents (B, L, C, h, w), without a graph.

        Args:
            noisy: (B, L, C, h, w).
            sigma: (B, L) noise levels, 0 clean to 1 pure noise.
            condition: What they are predicted from.
        """
        ...


class Critic(Scorer, Protocol):
    """A scorer that learns what the generator makes."""

    def learn(self, clean: Tensor, condition: Batch, number: int) -> float:
        """One step of the critic's optimizer; returns its loss.

        Args:
            clean: (B, L, C, h, w), the generator's.
            condition: What they were made from.
            number: Of this step among the critic's, which all its noise comes from. A step that was taken before is
                not taken again and has the loss NaN: a run that is resumed may ask for it once more.
        """
        ...


@dataclass(frozen=True)
class ScorerConfig:
    """How a network is asked, and how it learns where it is a critic.

    Attributes:
        latents_per_chunk: Latent frames that see one another, the later ones the sooner ones too; 0 for all: both
            directions, as a teacher's.
        learning_rate: Of the critic.
        flow: Noise levels at which it learns.
        seed: Of all its noise.
        checkpoint: File of the critic, read at its start if it is there, and written after each step; empty for none.
    """

    latents_per_chunk: int = 0
    learning_rate: float = 2e-4
    flow: FlowConfig = field(default_factory=lambda: FlowConfig(pure_noise=0.0))
    seed: int = 0
    checkpoint: str = ""


def predict(
    network: VideoNetwork, noisy: Tensor, sigma: Tensor, condition: Batch, latents_per_chunk: int = 0
) -> Tensor:
    """Clean latents (B, L, C, h, w) that a network predicts of noisy ones; arguments as of `Scorer` and its config."""
    length = latents_per_chunk or condition.times.shape[1]
    chunk = condition.times - (condition.times - condition.times[:, :1]) % length
    hints = latents_of(network.codec, condition, network.config.latents_per_chunk).hints
    metadata = FrameMetadata.of(condition.times, sigma, Role.TARGET, chunk)
    return network(noisy, metadata, condition.conditioning(network, hints))[0]


class LocalScorer:
    """A scorer, and a critic, in this process.

    Attributes:
        network: On its device.
        steps: That the critic has taken.
    """

    def __init__(self, network: VideoNetwork, config: ScorerConfig | None = None) -> None:
        """Score by a network, from its checkpoint on if there is one."""
        self.network, self.steps, self._config = network, 0, config or ScorerConfig()
        # without momentum, as DMD2's: what a critic says changes with the generator
        rate = self._config.learning_rate
        self._optimizer = AdamW(network.parameters(), rate, betas=(0.0, 0.99), weight_decay=0.0, fused=True)
        if self._config.checkpoint and Path(self._config.checkpoint).exists():
            self._read(Path(self._config.checkpoint))

    @torch.no_grad()
    def score(self, noisy: Tensor, sigma: Tensor, condition: Batch) -> Tensor:
        """As of `Scorer`."""
        return predict(self.network, noisy, sigma, condition, self._config.latents_per_chunk)

    def learn(self, clean: Tensor, condition: Batch, number: int) -> float:
        """As of `Critic`.

        Raises:
            ValueError: If steps before this one have not been taken.
        """
        if number > self.steps:
            raise ValueError(f"the critic must take step {self.steps} next, got {number}")
        if number < self.steps:
            return float("nan")
        generator = torch.Generator().manual_seed(self._config.seed * 1_000_003 + number)
        count, length = clean.shape[:2]
        levels = draw_levels(count, length, self._config.flow, generator).to(clean.device)

        def bound(noisy: Tensor, sigma: Tensor) -> Tensor:
            return predict(self.network, noisy, sigma, condition, self._config.latents_per_chunk)

        loss = flow_errors(bound, clean, levels, self._config.flow, generator).mean()
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        self.steps += 1
        if self._config.checkpoint:
            self._write(Path(self._config.checkpoint))
        return loss.item()

    def _write(self, path: Path) -> None:
        state = {"network": self.network.state_dict(), "optimizer": self._optimizer.state_dict(), "steps": self.steps}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda file: torch.save(state, file))

    def _read(self, path: Path) -> None:
        state = torch.load(path, map_location="cpu", weights_only=True)
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.steps = state["steps"]


def scored_gradient(
    teacher: Scorer,
    critic: Scorer,
    latents: Tensor,
    sigma: Tensor,
    noise: Tensor,
    condition: Batch,
    least_distance: float,
) -> Tensor:
    """`matching_gradient` by scorers, both asked at once; arguments as there.

    Raises:
        RuntimeError: If the process of a scorer has ended; it says which.
    """
    noisy = noised(latents.detach(), sigma, noise)
    with ThreadPoolExecutor(2) as pool:
        real, fake = pool.map(lambda scorer: scorer.score(noisy, sigma, condition), (teacher, critic))
    return matching_gradient(lambda *_: real, lambda *_: fake, latents, sigma, noise, least_distance)
