"""The ids of wm-gym, registered with Gymnasium when `wm_gym` is imported. Imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium as gym

if TYPE_CHECKING:
    from pettingzoo import AECEnv

    from wm_gym.envs.parallel_env import WorldParallelEnv

IDS: dict[str, str] = {
    "wm_gym/Explore-v0": "explore",
    "wm_gym/PointGoal-v0": "point_goal",
    "wm_gym/ImageGoal-v0": "image_goal",
    "wm_gym/FollowPath-v0": "follow_path",
    "wm_gym/FindObject-v0": "find_object",
    "wm_gym/Collect-v0": "collect",
    "wm_gym/Avoid-v0": "avoid",
    "wm_gym/EventResponse-v0": "event_response",
}
"""Id to task."""

REMOTE_ID = "wm_gym/Remote-v0"
"""A world on a server, of any task."""

MAX_EPISODE_STEPS = 256


def id_for(task: str) -> str:
    """The id of a task; for one without an id, any that takes `task=`."""
    return next((env_id for env_id, name in IDS.items() if name == task), next(iter(IDS)))


def parallel_env(num_agents: int = 2, *, task: str = "explore", **settings: Any) -> WorldParallelEnv:
    """Several bodies in one world, as a PettingZoo `ParallelEnv`.

    Args:
        num_agents: How many.
        task: Of each, as `wm_gym.envs.config.EpisodeConfig.task`; or of all together, a key of
            `wm_gym.envs.tasks.registry.JOINT_TASKS`.
        settings: Further arguments of `wm_gym.envs.parallel_env.WorldParallelEnv`.

    Raises:
        ValueError: If a setting is unknown, or more than the backend can do.
        ImportError: If PettingZoo is not installed.
    """
    from wm_gym.envs.parallel_env import WorldParallelEnv

    return WorldParallelEnv(num_agents, task=task, **settings)


def aec_env(num_agents: int = 2, *, task: str = "explore", **settings: Any) -> AECEnv[str, Any, Any]:
    """Several bodies in one world, as a PettingZoo `AECEnv`: agents act in turn, and the world moves after the last.

    Args:
        num_agents: As of `parallel_env`.
        task: As of `parallel_env`.
        settings: As of `parallel_env`.

    Raises:
        ValueError: If a setting is unknown, or more than the backend can do.
        ImportError: If PettingZoo is not installed.
    """
    world = parallel_env(num_agents, task=task, **settings)
    from pettingzoo.utils import parallel_to_aec

    return parallel_to_aec(world)


def register_ids() -> None:
    """Make every id known to `gymnasium.make` and `gymnasium.make_vec`."""
    for env_id, task in IDS.items():
        gym.register(
            env_id,
            entry_point="wm_gym.envs.world_env:WorldEnv",
            vector_entry_point="wm_gym.envs.vector_env:WorldVectorEnv",
            max_episode_steps=MAX_EPISODE_STEPS,
            kwargs={"task": task},
        )
    gym.register(REMOTE_ID, entry_point="wm_gym.serving.remote:RemoteEnv", max_episode_steps=MAX_EPISODE_STEPS)
