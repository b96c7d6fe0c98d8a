"""The last K observations of each of many worlds. For one world take `gymnasium.wrappers.FrameStackObservation`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space
from torch import Tensor

from wm_gym.envs.checking import read_count
from wm_gym.envs.wrappers.autoreset import Beginnings
from wm_gym.envs.wrappers.tensors import as_given, as_tensor, over


class VectorFrameStack(VectorWrapper):
    """Every part of an observation as (N, K, ...), oldest first; an episode begins as K times its first observation.

    Raises:
        ValueError: If stack_size is no integer from 1, or observations are no Dict.
    """

    def __init__(self, env: VectorEnv, stack_size: int) -> None:
        stack_size = read_count("stack_size", stack_size)
        if not isinstance(env.single_observation_space, gym.spaces.Dict):
            raise ValueError(f"observations must be a Dict, got {env.single_observation_space}")
        super().__init__(env)
        self.single_observation_space = batch_space(env.single_observation_space, stack_size)
        self.observation_space = batch_space(self.single_observation_space, env.num_envs)
        self._size = stack_size
        self._beginnings = Beginnings(env)
        self._stacks: dict[str, Tensor] = {}

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As the environment's; worlds that `options["reset_mask"]` leaves out keep their stacks."""
        began = self._beginnings.at_reset(options)
        observation, infos = self.env.reset(seed=seed, options=options)
        fresh = {name: self._repeat(as_tensor(part)) for name, part in observation.items()}
        kept = self._stacks or fresh
        self._stacks = {name: torch.where(over(began, part), part, kept[name]) for name, part in fresh.items()}
        return self._given(observation), infos

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """As the environment's."""
        observation, rewards, terminations, truncations, infos = self.env.step(actions)
        began, ended = self._beginnings.at_step(terminations, truncations)
        if "final_obs" in infos and self._beginnings.mode is AutoresetMode.SAME_STEP:
            infos = {**infos, "final_obs": self._final(infos["final_obs"], ended)}
        for name, part in observation.items():
            newest = as_tensor(part)
            pushed = torch.cat([self._stacks[name][:, 1:], newest[:, None]], 1)
            self._stacks[name] = torch.where(over(began, pushed), self._repeat(newest), pushed)
        return self._given(observation), rewards, terminations, truncations, infos

    def _repeat(self, part: Tensor) -> Tensor:
        return part[:, None].expand(-1, self._size, *part.shape[1:])

    def _given(self, like: Mapping[str, Any]) -> dict[str, Any]:
        # a later step writes new stacks, so that these are the caller's to keep
        return {name: as_given(stack, like[name]) for name, stack in self._stacks.items()}

    def _final(self, observations: Any, ended: Tensor) -> Any:
        """The stacks that the last observations of the ended episodes complete."""
        if isinstance(observations, Mapping):
            parts = {name: as_tensor(part) for name, part in observations.items()}
            full = {name: torch.cat([self._stacks[name][:, 1:], part[:, None]], 1) for name, part in parts.items()}
            return {name: as_given(stack, observations[name]) for name, stack in full.items()}
        finals = np.full(len(observations), None, dtype=object)
        for n in ended.nonzero().flatten().tolist():
            finals[n] = {name: self._completed(name, n, part) for name, part in observations[n].items()}
        return finals

    def _completed(self, name: str, world: int, part: Any) -> Any:
        newest = as_tensor(np.asarray(part)) if not isinstance(part, Tensor) else part
        return as_given(torch.cat([self._stacks[name][world, 1:], newest[None]], 0), part)
