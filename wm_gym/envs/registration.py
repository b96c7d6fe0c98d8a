"""The ids of wm-gym, registered with Gymnasium when `wm_gym` is imported. Imports nothing heavy."""

from __future__ import annotations

import gymnasium as gym

IDS: dict[str, str] = {"wm_gym/Explore-v0": "explore", "wm_gym/PointGoal-v0": "point_goal"}
"""Id to task."""

MAX_EPISODE_STEPS = 256


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
