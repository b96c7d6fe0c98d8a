"""`NoisyAgent`: another agent, some of whose actions are replaced by chance; a ladder of skill from one policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wm_gym.agents.agent import Agent
from wm_gym.agents.registry import find_agent, make_agent
from wm_gym.agents.spaces import draw_action
from wm_gym.envs.vector_env import WorldVectorEnv


class NoisyAgent(Agent):
    """Acts as another agent, but with uniform actions in a share of the steps.

    Args:
        env: The worlds it acts in.
        agent: Name of the other agent.
        share: Of steps by chance, 0..1.
        settings: Of the other agent.

    Raises:
        ValueError: If the share is not within 0..1, or the other agent is unknown.
    """

    def __init__(
        self,
        env: WorldVectorEnv,
        agent: str = "goal_walker",
        share: float = 0.3,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"share must be within 0..1, got {share}")
        super().__init__(env)
        self._agent, self._share = make_agent(agent, env, settings), share
        self._rngs = [np.random.default_rng(n) for n in range(env.num_envs)]

    @classmethod
    def needs(cls, **settings: Any) -> dict[str, Any]:
        """What the other agent needs."""
        name, inner = settings.get("agent", "goal_walker"), settings.get("settings") or {}
        return find_agent(name, inner).needs(**inner)

    def reset(self, worlds: Sequence[int], seeds: Sequence[int]) -> None:
        """Begin anew, the other agent too."""
        self._agent.reset(worlds, seeds)
        for world, seed in zip(worlds, seeds, strict=True):
            self._rngs[world] = np.random.default_rng((seed, 1))

    def act(self, observation: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        """N actions of the other agent, some replaced."""
        actions = np.array(self._agent.act(observation, info))
        for n, rng in enumerate(self._rngs):
            if rng.random() < self._share:
                actions[n] = draw_action(self.env.single_action_space, rng)
        return actions
