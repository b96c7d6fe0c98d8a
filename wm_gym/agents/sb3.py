"""Worlds for Stable-Baselines3: one batch of N worlds as an SB3 `VecEnv`, instead of N processes.

env = make_sb3_env("wm_gym/PointGoal-v0", num_envs=8)
PPO("MultiInputPolicy", env).learn(2_000)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from torch import Tensor

from wm_gym.envs.sub_env import SubEnv
from wm_gym.envs.vector_env import WorldVectorEnv

try:
    from stable_baselines3.common.vec_env import VecEnv, VecMonitor
except ImportError as error:
    raise ImportError("worlds for Stable-Baselines3 need it: pip install 'wm-gym[rl]'") from error

Indices = int | Iterable[int] | None


def make_sb3_env(env_id: str, num_envs: int = 1, *, obs_mode: str = "sb3", **settings: Any) -> VecMonitor:
    """N worlds for Stable-Baselines3, with the episodes' returns and lengths in its log.

    Args:
        env_id: A registered id, such as "wm_gym/PointGoal-v0".
        num_envs: N.
        obs_mode: The preset "sb3" gives what SB3's policies take without a warning.
        settings: Further keyword arguments of `gymnasium.make_vec`.
    """
    venv = gym.make_vec(env_id, num_envs, obs_mode=obs_mode, autoreset_mode=AutoresetMode.SAME_STEP.value, **settings)
    return VecMonitor(Sb3VecEnv(venv))


class Sb3VecEnv(VecEnv):
    """A `WorldVectorEnv` as SB3 knows vector environments.

    Args:
        venv: With autoreset mode "SameStep" and numpy output.

    Raises:
        ValueError: If it is no such environment.
    """

    def __init__(self, venv: VectorEnv) -> None:
        if not isinstance(venv, WorldVectorEnv):
            raise ValueError(f"venv must be a WorldVectorEnv, got {type(venv).__name__}")
        if venv.autoreset_mode is not AutoresetMode.SAME_STEP:
            raise ValueError(f"venv must have autoreset_mode 'SameStep', got {venv.autoreset_mode.value!r}")
        if venv.output != "numpy":
            raise ValueError(f"venv must have output 'numpy', got {venv.output!r}")
        self.venv = venv
        self._actions: np.ndarray | None = None
        super().__init__(venv.num_envs, venv.single_observation_space, venv.single_action_space)
        self.metadata = venv.metadata

    def reset(self) -> Any:
        """Open all worlds with the seeds and options that were set for this reset."""
        observation, self.reset_infos = self.venv.reset_each(seed=self._seeds, options=self._options)
        self._reset_seeds()
        self._reset_options()
        return observation

    def step_async(self, actions: np.ndarray) -> None:
        """Remember the actions of the next step."""
        self._actions = actions

    def step_wait(self) -> tuple[Any, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """One step of all worlds; those that ended show their next opening."""
        observation, rewards, terminations, truncations, infos = self.venv.step_each(self._actions)
        assert not isinstance(rewards, Tensor) and not isinstance(terminations, Tensor)
        dones = np.logical_or(terminations, truncations)
        sb3_infos = [
            self._sb3_info(n, info, time_ran_out=bool(truncations[n] and not terminations[n]))
            for n, info in enumerate(infos)
        ]
        return observation, rewards.astype(np.float32), dones, sb3_infos

    def close(self) -> None:
        """Free the backend."""
        self.venv.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """The last frame of each world; None without render mode "rgb_array"."""
        return self.venv.render()

    def get_attr(self, attr_name: str, indices: Indices = None) -> list[Any]:
        """An attribute of each world; see `wm_gym.envs.controls.Controls`."""
        return [getattr(sub_env, attr_name) for sub_env in self._slots(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Indices = None) -> None:
        """Set an attribute that worlds have.

        Raises:
            AttributeError: If they have none of that name.
        """
        for sub_env in self._slots(indices):
            getattr(sub_env, attr_name)
            setattr(sub_env, attr_name, value)

    def env_method(self, method_name: str, *method_args: Any, indices: Indices = None, **method_kwargs: Any) -> list:
        """Call a method of each world, such as "trigger_event"."""
        return [getattr(sub_env, method_name)(*method_args, **method_kwargs) for sub_env in self._slots(indices)]

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: Indices = None) -> list[bool]:
        """False for each: worlds of a batch have no wrappers of their own."""
        return [False for _ in self._slots(indices)]

    def _slots(self, indices: Indices) -> list[SubEnv]:
        return [self.venv.sub_envs[n] for n in self._get_indices(indices)]

    def _sb3_info(self, world: int, info: dict[str, Any], *, time_ran_out: bool) -> dict[str, Any]:
        """SB3's info of one step, with the last observation of an episode; info of an opening goes to `reset_infos`."""
        if "final_info" in info:
            final, last = info.pop("final_info"), info.pop("final_obs")
            self.reset_infos[world] = info
            info = final | {"terminal_observation": last}
        return info | {"TimeLimit.truncated": time_ran_out}
