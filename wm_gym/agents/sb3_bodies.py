"""Shared worlds for Stable-Baselines3: each body is an entry of the vector, so that all share one policy's parameters.

env = make_sb3_bodies("tag", num_worlds=4, num_agents=3)
PPO("MultiInputPolicy", env).learn(20_000)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from wm_gym.envs.parallel_vector_env import ParallelVectorEnv
from wm_gym.envs.registration import MAX_EPISODE_STEPS

try:
    from stable_baselines3.common.vec_env import VecEnv, VecMonitor
except ImportError as error:
    raise ImportError("worlds for Stable-Baselines3 need it: pip install 'wm-gym[rl]'") from error

Indices = int | Iterable[int] | None


def make_sb3_bodies(
    task: str,
    num_worlds: int = 1,
    num_agents: int = 2,
    *,
    obs_mode: str = "sb3",
    max_episode_steps: int = MAX_EPISODE_STEPS,
    **settings: Any,
) -> VecMonitor:
    """M worlds of K bodies for Stable-Baselines3, with the returns and lengths of all bodies' episodes in its log.

    Args:
        task: As of `wm_gym.parallel_env`.
        num_worlds: M.
        num_agents: K.
        obs_mode: The preset "sb3" gives what SB3's policies take without a warning.
        max_episode_steps: Steps after which every episode is truncated.
        settings: Further arguments of `WorldParallelEnv`.
    """
    worlds = ParallelVectorEnv(
        num_worlds, num_agents, task=task, obs_mode=obs_mode, max_episode_steps=max_episode_steps, **settings
    )
    return VecMonitor(BodiesVecEnv(worlds))


class BodiesVecEnv(VecEnv):
    """M shared worlds of K bodies as one SB3 `VecEnv` of M K entries, those of a world side by side.

    A world opens anew as soon as the episode of one of its bodies ends; those of the others are truncated, so that no
    entry waits for others.

    Args:
        worlds: The worlds, in which all agents are there from the start.
    """

    def __init__(self, worlds: ParallelVectorEnv) -> None:
        self.worlds, first = worlds, worlds.worlds[0]
        self._names = list(first.possible_agents)
        self._actions: np.ndarray | None = None
        agent = self._names[0]
        super().__init__(
            len(worlds.worlds) * len(self._names), first.observation_space(agent), first.action_space(agent)
        )
        self.metadata = first.metadata

    def reset(self) -> Any:
        """Open all worlds; world m with the seed that was set for its first entry."""
        opened = self.worlds.reset(self._seeds[:: len(self._names)])
        self._reset_seeds()
        self._reset_options()
        self.reset_infos = [infos[agent] for _, infos in opened for agent in self._names]
        return self._batch([observations[agent] for observations, _ in opened for agent in self._names])

    def step_async(self, actions: np.ndarray) -> None:
        """Remember the actions of the next step."""
        self._actions = actions

    def step_wait(self) -> tuple[Any, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """One step of all worlds; those in which an episode ended show their next opening."""
        assert self._actions is not None
        by_world = self._actions.reshape(len(self.worlds.worlds), len(self._names), *self._actions.shape[1:])
        stepped = self.worlds.step([dict(zip(self._names, one, strict=True)) for one in by_world])
        shown, rewards, dones, told = [], [], [], []
        for m, (observations, earned, terminations, truncations, infos) in enumerate(stepped):
            ended = any(terminations.values()) or any(truncations.values())
            for agent in self._names:
                cut = {"TimeLimit.truncated": ended and not terminations[agent]}
                told.append(infos[agent] | cut | ({"terminal_observation": observations[agent]} if ended else {}))
            rewards += [earned[agent] for agent in self._names]
            dones += [ended] * len(self._names)
            observations = self._opened(m) if ended else observations
            shown += [observations[agent] for agent in self._names]
        return self._batch(shown), np.array(rewards, np.float32), np.array(dones), told

    def close(self) -> None:
        """Free the backend."""
        self.worlds.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """The last frames of each world, for its first entry; None without render mode "rgb_array"."""
        return [None if n % len(self._names) else env.render() for n, env in enumerate(self._entries(None))]

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """An attribute of the world of each entry."""
        return [getattr(env, attr_name) for env in self._entries(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Set an attribute that the worlds of entries have.

        Raises:
            AttributeError: If they have none of that name.
        """
        for env in self._entries(indices):
            getattr(env, attr_name)
            setattr(env, attr_name, value)

    def env_method(self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any) -> list:
        """Call a method of the world of each entry."""
        return [getattr(env, method_name)(*method_args, **method_kwargs) for env in self._entries(indices)]

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: Indices = None) -> list[bool]:
        """False for each: entries have no wrappers of their own."""
        return [False for _ in self._entries(indices)]

    def _entries(self, indices: Indices) -> list[Any]:
        return [self.worlds.worlds[n // len(self._names)] for n in self._get_indices(indices)]

    def _opened(self, world: int) -> dict[str, Any]:
        observations, infos = self.worlds.worlds[world].reset()
        first = world * len(self._names)
        self.reset_infos[first : first + len(self._names)] = [infos[agent] for agent in self._names]
        return observations

    def _batch(self, observations: Sequence[Any]) -> Any:
        """Observations of all entries, as one."""
        if not isinstance(observations[0], dict):
            return np.stack(observations)
        return {name: np.stack([one[name] for one in observations]) for name in observations[0]}
