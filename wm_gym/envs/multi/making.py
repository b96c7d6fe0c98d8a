"""Constructors of PettingZoo environments, and the rows from which they are made and registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wm_gym.envs.parallel_env import WorldParallelEnv
from wm_gym.envs.registration import MAX_EPISODE_STEPS

try:
    import pettingzoo
    from pettingzoo.utils import parallel_to_aec
except ImportError as error:
    raise ImportError("environments of several bodies need PettingZoo: pip install 'wm-gym[multi]'") from error

IDS: dict[str, str] = {
    "tag": "wm_gym/tag-v0",
    "meet": "wm_gym/meet-v0",
    "explore_together": "wm_gym/explore_together-v0",
    "follow": "wm_gym/follow-v0",
}
"""Task to id; `wm_gym.envs.multi.<task>_v0` is its module."""

NUM_AGENTS = 3


def parallel_env_of(task: str) -> Callable[..., WorldParallelEnv]:
    """What makes the parallel environment of a task."""

    def parallel_env(
        num_agents: int = NUM_AGENTS, *, max_cycles: int | None = MAX_EPISODE_STEPS, **settings: Any
    ) -> WorldParallelEnv:
        """Several bodies in one world, who act at once.

        Args:
            num_agents: Most agents that can be in the world.
            max_cycles: Steps after which every episode is truncated; None for no limit.
            settings: Further arguments of `wm_gym.envs.parallel_env.WorldParallelEnv`.

        Raises:
            ValueError: If a setting is unknown, or more than the backend can do.
        """
        made = WorldParallelEnv(num_agents, task=task, max_episode_steps=max_cycles, **settings)
        made.metadata["name"] = f"{task}_v0"
        return made

    return parallel_env


def env_of(task: str) -> Callable[..., pettingzoo.AECEnv[str, Any, Any]]:
    """What makes the environment of a task in which agents act in turn."""
    parallel_env = parallel_env_of(task)

    def env(num_agents: int = NUM_AGENTS, **settings: Any) -> pettingzoo.AECEnv[str, Any, Any]:
        """Several bodies in one world, who act in turn; the world moves after the last.

        Args:
            num_agents: As of `parallel_env`.
            settings: As of `parallel_env`.

        Raises:
            ValueError: If a setting is unknown, or more than the backend can do.
        """
        return parallel_to_aec(parallel_env(num_agents, **settings))

    return env


def register_ids() -> None:
    """Make every id known to `pettingzoo.make`."""
    for task, name in IDS.items():
        for kind, constructor in (("parallel", "parallel_env"), ("aec", "env")):
            entry = f"wm_gym.envs.multi.{task}_v0:{constructor}"
            pettingzoo.register(kind, name, entry, max_cycles=MAX_EPISODE_STEPS)  # pyright: ignore[reportCallIssue, reportArgumentType]
