"""`Agent`: who acts in N worlds at once. Knows nothing of how a world is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from wm_gym.envs.vector_env import WorldVectorEnv


class Agent:
    """Base of all agents: one face for scripts, learned policies, planners and language models.

    An agent acts in the N worlds of a `WorldVectorEnv` that shows what it `needs`. Whatever it keeps of an episode it
    drops at `reset`; all that is chance in it comes from the seeds given there. Settings of its own are keyword
    arguments of its class.

    Args:
        env: The worlds it acts in.

    Attributes:
        obs_mode: What its worlds must show, as `EpisodeConfig.obs_mode`.
        action_mode: How it acts, as `EpisodeConfig.action_mode`.
        env: The worlds it acts in.
    """

    obs_mode: ClassVar[str] = "rgb+depth+pose"
    action_mode: ClassVar[str] = "discrete"

    def __init__(self, env: WorldVectorEnv) -> None:
        self.env = env

    @classmethod
    def needs(cls, **settings: Any) -> dict[str, Any]:
        """Settings of the worlds that an agent of these settings acts in, as `gymnasium.make_vec` takes them."""
        return {"obs_mode": cls.obs_mode, "action_mode": cls.action_mode}

    def reset(self, worlds: Sequence[int], seeds: Sequence[int]) -> None:
        """Episodes begin: forget what was in these worlds.

        Args:
            worlds: Indices of K of the N worlds.
            seeds: K seeds of the agent's own chance.
        """

    def act(self, observation: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        """N actions of the action mode.

        Args:
            observation: Names to N observations.
            info: As the vector environment gives it: arrays of N.
        """
        raise NotImplementedError(f"{type(self).__name__}.act(observation, info) must give an action for each world")
