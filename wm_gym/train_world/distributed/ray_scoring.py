"""A scorer in a process of its own, by Ray: on devices that the generator does not use.

Source: TeleWorld section 3.5, which has Ray (Moritz et al. 2017) place generator, teacher and critic on disjoint GPUs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from wm_gym.backends.video.network import VideoNetwork
from wm_gym.launching.ray_cluster import started_ray
from wm_gym.train_world.distributed.scoring import LocalScorer, ScorerConfig
from wm_gym.train_world.video.batches import Batch


class RayScorer:
    """A scorer, and a critic, that is a Ray actor; tensors cross on the CPU.

    Attributes:
        name: What errors call it.
    """

    def __init__(
        self,
        name: str,
        network: VideoNetwork,
        config: ScorerConfig | None = None,
        *,
        cpus: float = 0.5,
        gpus: float = 0.0,
        threads: int = 1,
    ) -> None:
        """Start the actor, and Ray in this process if it has not been.

        Args:
            name: What errors call it.
            network: Copied into the actor.
            config: As of `LocalScorer`.
            cpus: That Ray reserves for it.
            gpus: Likewise; above 0 the network is on a GPU.
            threads: Of torch in its process.

        Raises:
            ImportError: If Ray is not installed.
        """
        self.name, self._ray = name, started_ray(for_what="scorers in processes of their own")
        actor = self._ray.remote(num_cpus=cpus, num_gpus=gpus)(_Host)
        self._actor = actor.remote(network, config, "cuda" if gpus else "cpu", threads)

    def score(self, noisy: Tensor, sigma: Tensor, condition: Batch) -> Tensor:
        """As of `Scorer`.

        Raises:
            RuntimeError: If the process has ended.
        """
        return self._asked("score", noisy, sigma, condition).to(noisy.device)

    def learn(self, clean: Tensor, condition: Batch, number: int) -> float:
        """As of `Critic`.

        Raises:
            RuntimeError: If the process has ended.
            ValueError: If steps before this one have not been taken.
        """
        return self._asked("learn", clean, condition, number)

    def close(self) -> None:
        """End the process."""
        self._ray.kill(self._actor)

    def _asked(self, method: str, *values: Any) -> Any:
        crossing = [on(value, torch.device("cpu")) for value in values]
        try:
            return self._ray.get(getattr(self._actor, method).remote(*crossing))
        except self._ray.exceptions.RayTaskError as error:  # raised in there: the message is that of its cause
            raise error.cause from error
        except self._ray.exceptions.RayActorError as error:
            raise RuntimeError(
                f"the scorer {self.name!r} must be running, but its process has ended: start it again and resume the "
                "run from its checkpoint"
            ) from error


class _Host:
    """A scorer as it is in the actor's process."""

    def __init__(self, network: VideoNetwork, config: ScorerConfig | None, device: str, threads: int) -> None:
        torch.set_num_threads(threads)
        self._device = torch.device(device)
        self._scorer = LocalScorer(network.to(self._device), config)

    def score(self, *values: Any) -> Tensor:
        return self._scorer.score(*(on(value, self._device) for value in values)).cpu()

    def learn(self, *values: Any) -> float:
        return self._scorer.learn(*(on(value, self._device) for value in values))


def on(value: Any, device: torch.device) -> Any:
    """A tensor or batch on a device, without a graph; any other value as it is."""
    if isinstance(value, Tensor):
        return value.detach().to(device)
    return value.to(device) if isinstance(value, Batch) else value
