"""Action chunks: K actions in, K rewards out, for policies that plan several steps at once."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector.utils import batch_space

from wm_gym.envs.checking import read_count


class ActionChunks(gym.Wrapper, RecordConstructorArgs):
    """Takes K actions at a time and does them one after another, until the episode ends.

    The reward is their sum, because Gymnasium and its learners want one number. `info["chunk_rewards"]` (K,) float64
    holds each of them, 0 for actions that were not taken any more, and `info["actions_taken"]` how many were. Where
    the environment gives `info["frames"]`, they are those of all the steps; the rest of `info` is the last step's.

    Args:
        env: One world.
        num_actions: K.

    Raises:
        ValueError: If num_actions is no integer from 1, or a chunk does not hold K actions.
    """

    def __init__(self, env: gym.Env, num_actions: int) -> None:
        num_actions = read_count("num_actions", num_actions)
        RecordConstructorArgs.__init__(self, num_actions=num_actions)
        gym.Wrapper.__init__(self, env)
        self._num_actions = num_actions
        self.action_space = batch_space(env.action_space, num_actions)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As the environment's; no action was taken yet."""
        observation, info = self.env.reset(seed=seed, options=options)
        return observation, {**info, "chunk_rewards": np.zeros(self._num_actions), "actions_taken": 0}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """As many steps of the environment as there are actions."""
        if np.ndim(action) == 0 or len(action) != self._num_actions:
            raise ValueError(f"a chunk must hold {self._num_actions} actions, got {action!r}")
        rewards, frames = np.zeros(self._num_actions), []
        observation, terminated, truncated, info = None, False, False, {}
        taken = 0
        while taken < self._num_actions and not (terminated or truncated):
            observation, rewards[taken], terminated, truncated, info = self.env.step(action[taken])
            frames.append(info.get("frames"))
            taken += 1
        info = {**info, "chunk_rewards": rewards, "actions_taken": taken}
        if frames[0] is not None:
            info["frames"] = np.concatenate(frames)
        return observation, float(rewards.sum()), terminated, truncated, info
