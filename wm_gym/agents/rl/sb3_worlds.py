"""A batch of worlds as learners of Stable-Baselines3 take it, with rewards of a size that they learn well."""

from __future__ import annotations

from typing import Any

from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper, VecMonitor

from wm_gym.agents.sb3 import Sb3VecEnv
from wm_gym.envs.vector_env import WorldVectorEnv


def as_sb3(worlds: WorldVectorEnv, reward_scale: float) -> VecEnv:
    """The worlds, with scaled rewards; returns and lengths of episodes in their log are those of the task."""
    return ScaledRewards(VecMonitor(Sb3VecEnv(worlds)), reward_scale)


class ScaledRewards(VecEnvWrapper):
    """Rewards multiplied by a number.

    Args:
        venv: The worlds.
        scale: The number.
    """

    def __init__(self, venv: VecEnv, scale: float) -> None:
        super().__init__(venv)
        self._scale = scale

    def reset(self) -> Any:
        """Open all worlds."""
        return self.venv.reset()

    def step_wait(self) -> Any:
        """One step of all worlds."""
        observation, rewards, dones, infos = self.venv.step_wait()
        return observation, rewards * self._scale, dones, infos
