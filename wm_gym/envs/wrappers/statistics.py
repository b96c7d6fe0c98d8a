"""Episode statistics of many worlds, with the keys of Gymnasium's `RecordEpisodeStatistics`.

Gymnasium's own is for numpy output only: it adds rewards into numpy arrays and indexes them by numpy masks, which
torch tensors refuse. For one world take `gymnasium.wrappers.RecordEpisodeStatistics`.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import torch
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from torch import Tensor

from wm_gym.envs.checking import read_count
from wm_gym.envs.wrappers.autoreset import Beginnings
from wm_gym.envs.wrappers.tensors import as_given, as_tensor


class VectorRecordEpisodeStatistics(VectorWrapper):
    """`infos["episode"]` = {"r": returns, "l": lengths, "t": seconds}, each (N,), zero but where `infos["_episode"]`.

    The keys are there on steps that end an episode only. Arrays are of the kind that rewards are: numpy, or torch on
    their device.

    Args:
        env: Many worlds.
        buffer_length: How many of the last episodes the queues hold.
        stats_key: The key in infos.

    Attributes:
        episode_count: EnvCore ended so far.
        return_queue: Returns of the last episodes.
        length_queue: Their lengths in steps.
        time_queue: Their seconds.

    Raises:
        ValueError: If the environment does not say how it resets, or buffer_length is no integer from 1.
    """

    def __init__(self, env: VectorEnv, buffer_length: int = 100, stats_key: str = "episode") -> None:
        super().__init__(env)
        self._key, self._beginnings = stats_key, Beginnings(env)
        self.episode_count = 0
        buffer_length = read_count("buffer_length", buffer_length)
        self.return_queue: deque[float] = deque(maxlen=buffer_length)
        self.length_queue: deque[int] = deque(maxlen=buffer_length)
        self.time_queue: deque[float] = deque(maxlen=buffer_length)
        self._returns = torch.zeros(env.num_envs, dtype=torch.float64)
        self._lengths = torch.zeros(env.num_envs, dtype=torch.int64)
        self._started = torch.zeros(env.num_envs, dtype=torch.float64)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As the environment's; worlds that `options["reset_mask"]` leaves out go on counting."""
        self._begin(self._beginnings.at_reset(options))
        observation, infos = self.env.reset(seed=seed, options=options)
        return observation, infos

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """As the environment's.

        Raises:
            ValueError: If infos hold the key already.
        """
        observation, rewards, terminations, truncations, infos = self.env.step(actions)
        began, ended = self._beginnings.at_step(terminations, truncations)
        counts = torch.ones_like(ended) if self._beginnings.mode is AutoresetMode.SAME_STEP else ~began
        self._begin(~counts)
        self._returns = self._returns + as_tensor(rewards).double() * counts
        self._lengths = self._lengths + counts
        if ended.any():
            infos = {**infos, **self._tell(infos, ended, rewards)}
        if self._beginnings.mode is AutoresetMode.SAME_STEP:
            self._begin(ended)
        return observation, rewards, terminations, truncations, infos

    def _begin(self, worlds: Tensor) -> None:
        self._returns = self._returns.to(worlds.device).masked_fill(worlds, 0.0)
        self._lengths = self._lengths.to(worlds.device).masked_fill(worlds, 0)
        self._started = self._started.to(worlds.device).masked_fill(worlds, time.perf_counter())

    def _tell(self, infos: dict[str, Any], ended: Tensor, like: Any) -> dict[str, Any]:
        if self._key in infos or f"_{self._key}" in infos:
            raise ValueError(f"infos must not hold {self._key!r} yet, got {sorted(infos)}")
        seconds = time.perf_counter() - self._started
        self.episode_count += int(ended.sum())
        self.return_queue.extend(self._returns[ended].tolist())
        self.length_queue.extend(self._lengths[ended].tolist())
        self.time_queue.extend(seconds[ended].tolist())
        rows = {"r": self._returns, "l": self._lengths, "t": seconds}
        episode = {name: as_given(row * ended, like) for name, row in rows.items()}
        return {self._key: episode, f"_{self._key}": as_given(ended.clone(), like)}
