"""`WorldVectorEnv`: N generated worlds as one Gymnasium vector environment, with one `World.step` for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from torch import Tensor

from wm_gym.envs.checking import read_count
from wm_gym.envs.config import EpisodeConfig
from wm_gym.envs.core import EnvCore
from wm_gym.envs.options import ResetOptions
from wm_gym.envs.state import EnvState
from wm_gym.envs.vector_controls import VectorControls
from wm_gym.envs.vector_input import read_actions, read_mode, read_options_of_all, read_seeds

Array = np.ndarray | Tensor
Observation = dict[str, np.ndarray] | dict[str, Tensor]


# VectorEnv is named among the bases because libraries (skrl) look for Gymnasium's class there, not with isinstance
class WorldVectorEnv(VectorControls, VectorEnv[Any, Any, Any]):  # pyright: ignore[reportIncompatibleMethodOverride, reportIncompatibleVariableOverride]
    """N independent worlds that are stepped in one batch.

    World i equals the `WorldEnv` that is reset with its seed: `reset(seed=s)` gives it s + i.

    Args:
        num_envs: N.
        max_episode_steps: Steps after which an episode is truncated; None or -1 for no limit.
        autoreset_mode: "NextStep", "SameStep" or "Disabled", as `gymnasium.vector.AutoresetMode`.
        output: "numpy", or "torch" for observations, rewards (float32), terminations and truncations that stay on the
            model's device. Masks and numbers in infos are numpy either way; `frames` and `final_obs` follow `output`.
        render_mode: "rgb_array" or None.
        settings: Fields of `wm_gym.envs.config.EpisodeConfig`: task, backend, world, obs_mode, action_mode, ...

    Raises:
        ValueError: If a setting is none that exists.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"]}  # noqa: RUF012 (Gymnasium's own type)

    def __init__(
        self,
        num_envs: int,
        *,
        max_episode_steps: int | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        output: Literal["numpy", "torch"] = "numpy",
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        num_envs, limit = read_count("num_envs", num_envs), _read_limit(max_episode_steps)
        if output not in ("numpy", "torch"):
            raise ValueError(f"output must be 'numpy' or 'torch', got {output!r}")
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode of many worlds must be None or 'rgb_array', got {render_mode!r}")
        self.output, self.autoreset_mode = output, read_mode(autoreset_mode)
        super().__init__(num_envs, EnvCore(EpisodeConfig.of(settings)), render_mode)
        self._max_episode_steps = limit
        for sub_env in self.sub_envs:
            sub_env.metadata, sub_env._max_episode_steps = {**self.metadata, **self.core.metadata}, limit
        self.metadata = {**self.metadata, **self.core.metadata, "autoreset_mode": self.autoreset_mode}

    def reset(  # type: ignore[override]
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | Sequence[dict[str, Any]] | None = None,
    ) -> tuple[Observation, dict[str, Any]]:
        """Open all worlds, or those of a mask; the others stay as they are.

        Args:
            seed: World i gets seed + i, or the i-th of N seeds. None goes on with each world's own numbers; beside a
                state, with those of the state. A seed beside a state makes another future of it.
            options: As for `WorldEnv.reset`, for all worlds; "reset_mask", N booleans, chooses the worlds to reset. Or
                a list of N such dicts, one for each world.

        Raises:
            ValueError: If an option is unknown, of the wrong kind, or more than the backend can do.
            RuntimeError: If a mask leaves out a world that was never reset.
        """
        observation, infos = self.reset_each(seed=seed, options=options)
        return observation, self._batch(infos)

    def step(self, actions: Any) -> tuple[Observation, Array, Array, Array, dict[str, Any]]:
        """One step of every world, and a reset of those that ended, as the autoreset mode says.

        Args:
            actions: N actions, numpy or torch.

        Raises:
            ValueError: If an action is not in the action space; no world has moved then.
            RuntimeError: If a world was not reset, or has ended and must be reset with a mask.
        """
        observation, rewards, terminations, truncations, infos = self.step_each(actions)
        return observation, rewards, terminations, truncations, self._batch(infos)

    def reset_each(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | Sequence[dict[str, Any]] | None = None,
    ) -> tuple[Observation, list[dict[str, Any]]]:
        """As `reset`, but infos are N dicts as `WorldEnv` gives them, empty for worlds that were not reset."""
        seeds = read_seeds(seed, self.num_envs)
        chosen, asked = read_options_of_all(options, self.num_envs)
        for n in chosen:
            self.sub_envs[n].seed(seeds[n])
        fresh = [one is not None for one in seeds]
        for n, state in self._open(chosen, asked, fresh).items():
            self.sub_envs[n].reset(state)
        observation = self._observation()
        return observation, [self._info(sub_env.now) if n in chosen else {} for n, sub_env in enumerate(self.sub_envs)]

    def step_each(self, actions: Any) -> tuple[Observation, Array, Array, Array, list[dict[str, Any]]]:
        """As `step`, but infos are N dicts as `WorldEnv` gives them, with "final_obs" and "final_info" in them."""
        actions = read_actions(actions, self.num_envs)
        over = [n for n, sub_env in enumerate(self.sub_envs) if sub_env.has_ended]
        if over and self.autoreset_mode is AutoresetMode.DISABLED:
            raise RuntimeError(f"worlds {over} have ended and must be reset by options['reset_mask'] before a step")
        going = [n for n in range(self.num_envs) if n not in over]
        moved = self._move(going, actions)
        rewards, terminations, truncations = self._ends(moved)
        ended = terminations | truncations
        if self.autoreset_mode is AutoresetMode.SAME_STEP:
            over = [int(n) for n in np.flatnonzero(ended)]
        opened = self._open(over, [ResetOptions()] * self.num_envs, [False] * self.num_envs)
        infos = self._settle(moved, opened, ended)
        return self._observation(), self._out(rewards), self._out(terminations), self._out(truncations), infos

    def _open(self, worlds: Sequence[int], asked: Sequence[ResetOptions], fresh: Sequence[bool]) -> dict[int, EnvState]:
        rngs = [self.sub_envs[n].np_random for n in worlds]
        opened = self.core.open([asked[n] for n in worlds], rngs, [fresh[n] for n in worlds])
        return dict(zip(worlds, opened, strict=True))

    def _move(self, worlds: Sequence[int], actions: np.ndarray) -> dict[int, tuple[EnvState, float]]:
        if not worlds:
            return {}
        states = [self.sub_envs[n].now for n in worlds]
        return dict(zip(worlds, self.core.step(states, [actions[n] for n in worlds]), strict=True))

    def _ends(self, moved: dict[int, tuple[EnvState, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(N,) rewards, terminations and truncations; a world that was not moved has none."""
        rewards = np.zeros(self.num_envs, np.float64)
        terminations, truncations = np.zeros((2, self.num_envs), np.bool_)
        limit = self._max_episode_steps
        for n, (state, reward) in moved.items():
            rewards[n], terminations[n] = reward, state.is_over
            truncations[n] = limit is not None and self.core.steps(state) >= limit
        return rewards, terminations, truncations

    def _settle(
        self, moved: dict[int, tuple[EnvState, float]], opened: dict[int, EnvState], ended: np.ndarray
    ) -> list[dict[str, Any]]:
        """Hand the new states to the sub-environments; their N infos."""
        infos: list[dict[str, Any]] = [{} for _ in self.sub_envs]
        for n, sub_env in enumerate(self.sub_envs):
            if n in moved:
                sub_env.go_on(moved[n][0], has_ended=bool(ended[n]))
            if n in moved and n in opened:
                infos[n] = {"final_obs": self._one(sub_env.now), "final_info": self._info(sub_env.now)}
            if n in opened:
                sub_env.reset(opened[n])
            infos[n] |= self._info(sub_env.now)
        return infos

    def _observation(self) -> Observation:
        batch = self.core.observe([sub_env.now for sub_env in self.sub_envs])
        return batch if self.output == "torch" else {name: value.cpu().numpy() for name, value in batch.items()}

    def _one(self, state: EnvState) -> Observation:
        if self.output == "numpy":
            return self.core.observe_one(state)
        return {name: value[0] for name, value in self.core.observe([state]).items()}

    def _info(self, state: EnvState) -> dict[str, Any]:
        info = self.core.info(state)
        if self.core.config.return_frames:
            frames = state.outcome.chunk.frames[0]
            info["frames"] = frames.clone() if self.output == "torch" else frames.cpu().numpy().copy()
        return info

    def _batch(self, infos: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """N infos as one, the way of Gymnasium's vector environments."""
        batch: dict[str, Any] = {}
        for n, info in enumerate(infos):
            batch = self._add_info(batch, info, n)
        return batch

    def _add_info(self, vector_infos: dict[str, Any], env_info: dict[str, Any], env_num: int) -> dict[str, Any]:
        """As Gymnasium's, but `frames` stay N arrays: an opening has fewer of them than a step."""
        frames = env_info.pop("frames", None)
        infos = super()._add_info(vector_infos, env_info, env_num)
        if frames is not None:
            infos.setdefault("frames", np.full(self.num_envs, None, dtype=object))[env_num] = frames
            infos.setdefault("_frames", np.zeros(self.num_envs, np.bool_))[env_num] = True
        return infos

    def _out(self, array: np.ndarray) -> Array:
        if self.output == "numpy":
            return array
        tensor = torch.from_numpy(array.astype(np.float32) if array.dtype == np.float64 else array)
        return tensor.to(self.sub_envs[0].now.outcome.chunk.frames.device)


def _read_limit(steps: int | None) -> int | None:
    if steps is None or (steps == -1 and not isinstance(steps, bool | float)):
        return None
    return read_count("max_episode_steps", steps, 1, "at least 1, or None or -1 for no limit")
