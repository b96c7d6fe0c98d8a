"""Wrappers that change observations: each change is written once, in torch, for one world and for many.

Knows nothing of what the changes are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space
from torch import Tensor

from wm_gym.envs.wrappers.tensors import as_given, as_tensor


class Change(ABC):
    """A change of some parts of an observation. Parts may have any leading axes: worlds, stacked frames, both.

    Attributes:
        reads: The parts that it takes.
        optional: Whether an observation may lack some of them, though not all.
    """

    reads: tuple[str, ...]
    optional: bool = False

    @abstractmethod
    def spaces(self, before: dict[str, gym.spaces.Box]) -> dict[str, gym.Space]:
        """The spaces of the changed parts."""

    @abstractmethod
    def parts(self, before: dict[str, Tensor]) -> dict[str, Tensor]:
        """The changed parts, in fresh memory."""

    def info(self, info: dict[str, Any]) -> dict[str, Any]:
        """The info that fits the changed observation; the given one stays as it is."""
        return info

    def space(self, before: gym.Space) -> gym.spaces.Dict:
        """The changed space of one world.

        Raises:
            ValueError: If it is no Dict or lacks what the change reads.
        """
        parts = list(before) if isinstance(before, gym.spaces.Dict) else []
        found = [name for name in self.reads if name in parts]
        if not found or (not self.optional and len(found) < len(self.reads)):
            raise ValueError(f"observations must be a Dict with {list(self.reads)}, got {parts or before}")
        assert isinstance(before, gym.spaces.Dict)
        boxes = {name: space for name in found if isinstance(space := before[name], gym.spaces.Space)}
        return gym.spaces.Dict({**before.spaces, **self.spaces(boxes)})  # pyright: ignore[reportArgumentType]

    def observation(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The changed observation, of the kind of arrays that came."""
        given = {name: before[name] for name in self.reads if name in before}
        after = self.parts({name: as_tensor(array) for name, array in given.items()})
        like = next(iter(given.values()))
        return {**before, **{name: as_given(part, like) for name, part in after.items()}}


class ChangedObservation(gym.ObservationWrapper):
    """One world with a change."""

    def __init__(self, env: gym.Env, change: Change) -> None:
        super().__init__(env)
        self._change = change
        self.observation_space = change.space(env.observation_space)

    def observation(self, observation: dict[str, Any]) -> dict[str, Any]:
        """The changed observation."""
        return self._change.observation(observation)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As the environment's."""
        observation, info = self.env.reset(seed=seed, options=options)
        return self.observation(observation), self._change.info(info)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """As the environment's."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        return self.observation(observation), reward, terminated, truncated, self._change.info(info)


class VectorChangedObservation(VectorWrapper):
    """Many worlds with a change, in every autoreset mode, with numpy or torch output."""

    def __init__(self, env: VectorEnv, change: Change) -> None:
        super().__init__(env)
        self._change = change
        self.single_observation_space = change.space(env.single_observation_space)
        self.observation_space = batch_space(self.single_observation_space, env.num_envs)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As the environment's."""
        observation, infos = self.env.reset(seed=seed, options=options)
        return self._change.observation(observation), self._infos(infos)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """As the environment's."""
        observation, rewards, terminations, truncations, infos = self.env.step(actions)
        return self._change.observation(observation), rewards, terminations, truncations, self._infos(infos)

    def _infos(self, infos: dict[str, Any]) -> dict[str, Any]:
        changed = self._change.info(infos)
        if "final_obs" in infos:
            changed = {**changed, "final_obs": self._final(infos["final_obs"])}
        if "final_info" in infos:
            changed = {**changed, "final_info": self._change.info(infos["final_info"])}
        return changed

    def _final(self, observations: Any) -> Any:
        """Gymnasium gives last observations world by world, None for worlds that go on; a dict is a batch."""
        if isinstance(observations, Mapping):
            return self._change.observation(observations)
        changed = np.full(len(observations), None, dtype=object)
        for n, observation in enumerate(observations):
            changed[n] = None if observation is None else self._change.observation(observation)
        return changed
