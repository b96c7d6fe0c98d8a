"""Video world models as Gymnasium environments. Importing this registers the ids; nothing heavy is imported.

The names below are imported from where they live when they are first used.
"""

import os

# Idle OpenMP threads that spin starve each other on a small machine (a step of 8 ms takes 800). OpenMP reads this
# once, when torch is first imported; who sets it, or imports torch earlier, is left alone.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wm_gym import presets
from wm_gym.envs.registration import aec_env, parallel_env, register_ids

if TYPE_CHECKING:
    from wm_gym.backends.registry import load_backend
    from wm_gym.envs.config import EpisodeConfig
    from wm_gym.envs.state import EnvState
    from wm_gym.envs.vector_env import WorldVectorEnv
    from wm_gym.envs.world_env import WorldEnv
    from wm_gym.world.state import WorldState
    from wm_gym.world.world import World
    from wm_gym.world_model import Chunk, Condition, ModelSpec, WorldModel

__version__ = "0.1.0"

__all__ = [
    "Chunk",
    "Condition",
    "EnvState",
    "EpisodeConfig",
    "ModelSpec",
    "World",
    "WorldEnv",
    "WorldModel",
    "WorldState",
    "WorldVectorEnv",
    "__version__",
    "aec_env",
    "load_backend",
    "parallel_env",
    "presets",
]

_HOMES = {
    "Chunk": "wm_gym.world_model",
    "Condition": "wm_gym.world_model",
    "EnvState": "wm_gym.envs.state",
    "EpisodeConfig": "wm_gym.envs.config",
    "ModelSpec": "wm_gym.world_model",
    "World": "wm_gym.world.world",
    "WorldEnv": "wm_gym.envs.world_env",
    "WorldModel": "wm_gym.world_model",
    "WorldState": "wm_gym.world.state",
    "WorldVectorEnv": "wm_gym.envs.vector_env",
    "load_backend": "wm_gym.backends.registry",
}


def __getattr__(name: str) -> Any:
    """A name of `__all__`, imported now and kept (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


register_ids()
