"""Action chunks for many worlds at once."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space

from wm_gym.envs.checking import read_count
from wm_gym.envs.wrappers.autoreset import Beginnings
from wm_gym.envs.wrappers.tensors import as_given, as_tensor


class VectorActionChunks(VectorWrapper):
    """Takes K actions of each world at a time, (N, K, ...), and does them together, one after another.

    All worlds stop where one of them ends an episode or begins one, so that no action meant for one episode reaches
    the next; what is left of a chunk is not done. Rewards are the sums; `infos["chunk_rewards"]` (N, K) holds each, 0
    for actions that were not taken, and `infos["actions_taken"]` (N,) how many were. The rest of infos is the last
    step's: put `VectorRecordVideo` inside, not outside.

    Args:
        env: Many worlds.
        num_actions: K.

    Raises:
        ValueError: If num_actions is no integer from 1, or a chunk is not (N, K, ...).
    """

    def __init__(self, env: VectorEnv, num_actions: int) -> None:
        num_actions = read_count("num_actions", num_actions)
        super().__init__(env)
        self._num_actions = num_actions
        self._beginnings = Beginnings(env)
        self.single_action_space: gym.Space = batch_space(env.single_action_space, num_actions)
        self.action_space = batch_space(self.single_action_space, env.num_envs)

    def reset(self, *, seed: Any = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """As the environment's; no action was taken yet."""
        self._beginnings.at_reset(options)
        observation, infos = self.env.reset(seed=seed, options=options)
        none = np.zeros((self.num_envs, self._num_actions))
        return observation, {**infos, "chunk_rewards": none, "actions_taken": np.zeros(self.num_envs, np.int64)}

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """As many steps of the environment as there are actions, or fewer."""
        shape = (self.num_envs, self._num_actions)
        if np.ndim(actions) < 2 or tuple(np.shape(actions)[:2]) != shape:
            raise ValueError(f"chunks must be {shape}, worlds and actions, got shape {tuple(np.shape(actions))}")
        result = self.env.step(actions[:, 0])
        paid = [as_tensor(result[1])]
        while not self._has_turned(result) and len(paid) < self._num_actions:
            result = self.env.step(actions[:, len(paid)])
            paid.append(as_tensor(result[1]))
        observation, rewards, terminations, truncations, infos = result
        each = torch.stack(paid + [torch.zeros_like(paid[0])] * (self._num_actions - len(paid)), 1)
        added = {"chunk_rewards": as_given(each, rewards), "actions_taken": np.full(self.num_envs, len(paid), np.int64)}
        return observation, as_given(each.sum(1), rewards), terminations, truncations, {**infos, **added}

    def _has_turned(self, result: tuple[Any, Any, Any, Any, dict[str, Any]]) -> bool:
        """Whether an episode ended or began in a world."""
        began, ended = self._beginnings.at_step(result[2], result[3])
        return bool((began | ended).any())
