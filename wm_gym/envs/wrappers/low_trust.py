"""Episodes end where a world can no longer be believed, so that nothing is learnt from what comes after."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from wm_gym.envs.checking import read_count, read_number


class TruncateOnLowTrust(gym.Wrapper, RecordConstructorArgs):
    """Truncates an episode when `info["trust"]` has stayed under a bound.

    Trust is the share of what memory knew that frames agree with; it is 0 where memory knew nothing, so a bound also
    keeps an agent from places that are wholly made up. `info["low_trust_steps"]` counts steps under the bound in a row.

    Args:
        env: One world, whose info has "trust".
        least: Bound of trust, 0..1.
        steps: Steps in a row under it that end an episode.

    Raises:
        ValueError: If the bound is not within 0..1, or steps are no whole number from 1.
    """

    def __init__(self, env: gym.Env, least: float = 0.5, steps: int = 4) -> None:
        RecordConstructorArgs.__init__(self, least=least, steps=steps)
        gym.Wrapper.__init__(self, env)
        if not 0.0 <= read_number("least", least) <= 1.0:
            raise ValueError(f"least must be within 0..1, got {least}")
        self._least, self._most_steps, self._low = least, read_count("steps", steps), 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As the environment's; nothing is counted yet."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._low = 0
        return observation, {**info, "low_trust_steps": 0}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """As the environment's, truncated where trust has been low for too long."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._low = self._low + 1 if info["trust"] < self._least else 0
        over = truncated or self._low >= self._most_steps
        return observation, reward, terminated, over, {**info, "low_trust_steps": self._low}
