"""`PolicyAgent`: acts by a trained policy, without the library that trained it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import torch

from wm_gym.agents.agent import Agent
from wm_gym.agents.rl.policy_file import PolicyCard, described, find_policy, read_card, read_weights
from wm_gym.agents.rl.policy_network import PolicyNetwork, State
from wm_gym.envs.vector_env import WorldVectorEnv
from wm_gym.networks.arithmetic import in_own_arithmetic


class PolicyAgent(Agent):
    """Acts by a policy that `wm-gym train-agent` has trained.

    Every world is looked at by itself, so an action depends neither on how many worlds there are nor on the others.

    Args:
        env: The worlds it acts in.
        path: Folder of the policy, or the name of one that is shipped.
        sampled: Whether actions are drawn as the policy has it; False for the likeliest or best one.

    Raises:
        ValueError: If there is no such policy, or it was trained for another task or other spaces.
    """

    def __init__(self, env: WorldVectorEnv, path: str = "point_goal", sampled: bool = True) -> None:
        super().__init__(env)
        folder = find_policy(path)
        card = read_card(folder)
        _check_fits(path, card, env)
        space = env.single_observation_space
        assert isinstance(space, gym.spaces.Dict)
        with torch.device("meta"):  # weights drawn by chance would take torch's random numbers from the caller
            self._network = PolicyNetwork(space, card.network).eval()
        try:
            self._network.load_state_dict(read_weights(folder), assign=True)
        except RuntimeError as error:
            came = " ".join(str(error).split())
            raise ValueError(f"weights of policy {path!r} must be those of its network, got: {came}") from error
        self._sampled = sampled
        self._rngs = [np.random.default_rng(n) for n in range(env.num_envs)]
        self._states: list[State | None] = [None] * env.num_envs

    @classmethod
    def needs(cls, **settings: Any) -> dict[str, Any]:
        """The settings of the worlds that the policy was trained in."""
        needs = dict(read_card(find_policy(settings.get("path", "point_goal"))).needs)
        return needs | {"resolution": tuple(needs["resolution"])}

    def reset(self, worlds: Sequence[int], seeds: Sequence[int]) -> None:
        """Forget what was seen, and draw anew."""
        for world, seed in zip(worlds, seeds, strict=True):
            self._rngs[world], self._states[world] = np.random.default_rng(seed), None

    @in_own_arithmetic
    def act(self, observation: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        """N actions of the policy's action mode."""
        actions = []
        for n, rng in enumerate(self._rngs):
            seen = {name: values[n] for name, values in observation.items()}
            action, self._states[n] = self._network.act(seen, self._states[n], rng if self._sampled else None)
            actions.append(action)
        return np.stack(actions)


def _check_fits(path: str, card: PolicyCard, env: WorldVectorEnv) -> None:
    task = env.core.config.task
    if task != card.task:
        raise ValueError(f"policy {path!r} must act in task {card.task!r}, got {task!r}")
    spaces = described(env.single_observation_space, env.single_action_space)
    for name in sorted({*spaces, *card.spaces}):
        if spaces.get(name) != card.spaces.get(name):
            raise ValueError(
                f"policy {path!r} must have {name} {_told(card.spaces, name)}, got {_told(spaces, name)}: its worlds "
                f"need {dict(card.needs)}"
            )


def _told(spaces: Mapping[str, Any], name: str) -> str:
    return " ".join(str(value) for value in spaces[name].values()) if name in spaces else "none"
