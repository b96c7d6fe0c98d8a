"""Rewards of many worlds scaled to a steady spread, for numpy and torch output.

The numbers are those of Gymnasium's `vector.NormalizeReward`, which is for numpy alone: it reckons with masks as torch
does not let it. For one world take `gymnasium.wrappers.NormalizeReward`.
"""

from __future__ import annotations

from typing import Any

import torch
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from gymnasium.wrappers.utils import RunningMeanStd

from wm_gym.envs.checking import read_number
from wm_gym.envs.wrappers.autoreset import Beginnings
from wm_gym.envs.wrappers.tensors import as_given, as_tensor


class VectorNormalizeReward(VectorWrapper):
    """Divides rewards by the standard deviation of the discounted returns seen so far.

    Args:
        env: Many worlds.
        gamma: Discount of the returns, 0..1.
        epsilon: Added to the variance.

    Attributes:
        update_running_mean: False to go on with the statistics as they are, as for an evaluation.
        return_rms: Mean and variance of the returns.

    Raises:
        ValueError: If gamma is not within 0..1, epsilon is not positive, or the environment does not say how it resets.
    """

    def __init__(self, env: VectorEnv, gamma: float = 0.99, epsilon: float = 1e-8) -> None:
        super().__init__(env)
        if not 0.0 <= read_number("gamma", gamma) <= 1.0:
            raise ValueError(f"gamma must be within 0..1, got {gamma}")
        if not read_number("epsilon", epsilon) > 0.0:
            raise ValueError(f"epsilon must be positive, got {epsilon}")
        self.update_running_mean = True
        self.return_rms = RunningMeanStd(shape=())
        self._gamma, self._epsilon = gamma, epsilon
        self._beginnings = Beginnings(env)
        self._returns = torch.zeros(env.num_envs)

    def reset(self, *, seed: Any = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """As the environment's; worlds that `options["reset_mask"]` leaves out go on with their returns."""
        began = self._beginnings.at_reset(options)
        self._returns = self._returns.to(began.device).masked_fill(began, 0.0)
        return self.env.reset(seed=seed, options=options)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """As the environment's, with scaled rewards."""
        observation, rewards, terminations, truncations, infos = self.env.step(actions)
        began, ended = self._beginnings.at_step(terminations, truncations)
        is_same_step = self._beginnings.mode is AutoresetMode.SAME_STEP
        paid = torch.ones_like(began) if is_same_step else ~began
        earned, terminated = as_tensor(rewards), as_tensor(terminations)
        before = self._returns.to(earned.device)
        after = (before * self._gamma).masked_fill(terminated, 0.0) + earned
        self._returns = torch.where(paid, after.float(), before)
        if self.update_running_mean and paid.any():
            self.return_rms.update(self._returns[paid].cpu().numpy())
        if is_same_step:
            self._returns = self._returns.masked_fill(ended, 0.0)
        scaled = earned / (float(self.return_rms.var) + self._epsilon) ** 0.5
        return observation, as_given(scaled, rewards), terminations, truncations, infos
