"""From a running world to a `Sight`: what experts may know of it."""

from __future__ import annotations

import numpy as np

from wm_gym.agents.vlm.experts import Sight
from wm_gym.envs.state import EnvState
from wm_gym.envs.tasks.find_object import FindObjectState
from wm_gym.envs.vector_env import WorldVectorEnv

_REACH_METRES = 10.0


def sight_of(env: WorldVectorEnv, world: int) -> Sight:
    """What is known of a world from where its body stands.

    Args:
        env: The worlds.
        world: One of them.
    """
    state, core = env.sub_envs[world].now, env.core
    fx, width = float(state.outcome.intrinsics[0][0]), core.world.spec.width
    return Sight(
        body_pose=state.outcome.body_poses[0, -1],
        solid=core.world.solid_round(state.world, 0, _REACH_METRES),
        half_view_radians=float(np.arctan2(0.5 * width, fx)),
        things=_things(env, world, state),
        body=core.world.config.body,
        frames_per_step=core.world.spec.frames_per_step,
    )


def _things(env: WorldVectorEnv, world: int, state: EnvState) -> dict[str, tuple[float, float]]:
    """Objects of the task by colour and shape, and the fire."""
    found: dict[str, tuple[float, float]] = {}
    if isinstance(state.task, FindObjectState):
        found = {
            f"{colour} {shape}": spot for (colour, shape), spot in zip(state.task.kinds, state.task.spots, strict=True)
        }
    for event in env.sub_envs[world].events():
        if event["kind"] == "bonfire" and event["place"] is not None:
            found["fire"] = event["place"][:2]
    return found
