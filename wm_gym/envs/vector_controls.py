"""What a user does with N running episodes between their steps: forks, events, snapshots, rendering."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import VectorEnv
from gymnasium.vector.utils import batch_space

from wm_gym.envs.core import EnvCore
from wm_gym.envs.state import EnvState
from wm_gym.envs.sub_env import SubEnv
from wm_gym.envs.vector_input import read_mask, read_worlds


class VectorControls(VectorEnv[Any, Any, Any]):
    """N running episodes, each in a sub-environment of its own.

    Attributes:
        core: How the episodes go.
        sub_envs: The N episodes; each has what `WorldEnv` has between steps.
    """

    def __init__(self, num_envs: int, core: EnvCore, render_mode: str | None) -> None:
        self.num_envs, self.core, self.render_mode = num_envs, core, render_mode
        self._spec: EnvSpec | None = None
        self.sub_envs = tuple(SubEnv(core, render_mode) for _ in range(num_envs))
        self.single_observation_space: gym.Space[Any] = core.observation_space
        self.single_action_space: gym.Space[Any] = core.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    @property
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """Each world's own random numbers."""
        return tuple(sub_env.np_random for sub_env in self.sub_envs)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """The seed of each world's own random numbers."""
        return tuple(sub_env.np_random_seed for sub_env in self.sub_envs)

    @property
    def spec(self) -> EnvSpec | None:
        """What `gymnasium.make_vec` made this from; each sub-environment has the spec of a single environment."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._spec = spec
        for sub_env in self.sub_envs:
            sub_env.spec = None if spec is None else _spec_of_one(spec)

    def events(self) -> list[list[dict[str, Any]]]:
        """For each world the events at work in it, as `WorldEnv.events`."""
        return [sub_env.events() for sub_env in self.sub_envs]

    def render(self) -> tuple[np.ndarray | None, ...]:  # type: ignore[override]
        """The last frame of each world, (H, W, 3) uint8, or None without a render mode."""
        return tuple(sub_env.render() for sub_env in self.sub_envs)

    def fork(self, source: int, targets: int | Sequence[int]) -> None:
        """Set worlds to the state of another: its world and task, random numbers and count of steps.

        Memory is shared, not copied; each goes its own way from here.

        Raises:
            ValueError: If a world is none of the N.
            RuntimeError: If the source was not reset.
        """
        origin = read_worlds(source, self.num_envs, "source")
        if len(origin) != 1:
            raise ValueError(f"source must be one world, got {source!r}")
        for n in read_worlds(targets, self.num_envs, "targets"):
            self.sub_envs[n].become(self.sub_envs[origin[0]])

    def trigger_event(self, text: str, mask: Any = None, *, for_steps: int | None = None) -> None:
        """Start or stop an event from the next step on, in the worlds of a mask or in all; in all of them or in none.

        Args:
            text: Anything that happens or ends, such as "it starts to snow" or "a dragon flies over the square".
            mask: N booleans, or None for all.
            for_steps: Steps until it begins to end by itself, or None.

        Raises:
            ValueError: If the text is empty, or `for_steps` is not a whole number from 1.
        """
        self._change(mask, lambda state: self.core.schedule_event(state, text, steps=for_steps))

    def stop_event(self, event: str, mask: Any = None) -> None:
        """End running events, by kind or text, in the worlds of a mask or in all; in all of them or in none.

        Raises:
            ValueError: If no such event is going on in one of them.
        """
        self._change(mask, lambda state: self.core.stop_event(state, event))

    def get_state(self, worlds: Any = None) -> list[EnvState]:
        """Snapshots of all worlds, or of the named ones."""
        return [self.sub_envs[n].get_state() for n in read_worlds(worlds, self.num_envs, "worlds")]

    def set_state(self, states: Sequence[EnvState | bytes | str | Path], worlds: Any = None) -> None:
        """Go on from snapshots in all worlds, or in the named ones; a `WorldEnv`'s snapshots fit as well.

        Raises:
            ValueError: If they are not as many as the worlds, or one is damaged, or of another version, backend, size,
                weights, task or body.
        """
        numbers = read_worlds(worlds, self.num_envs, "worlds")
        if not isinstance(states, list | tuple):
            raise ValueError(f"states must be a list of {len(numbers)}, got {type(states).__name__}")
        if len(states) != len(numbers):
            raise ValueError(f"states must be as many as the worlds, {len(numbers)}, got {len(states)}")
        read = [self.core.read_state(state) for state in states]
        for n, state in zip(numbers, read, strict=True):
            self.sub_envs[n].set_state(state)

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """For each world its attribute, or what its method gives: what `WorldEnv` has between steps.

        Raises:
            AttributeError: If there is none of that name.
        """
        found = [getattr(sub_env, name) for sub_env in self.sub_envs]
        return tuple(one(*args, **kwargs) if callable(one) else one for one in found)

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """An attribute of each world, as `call`."""
        return self.call(name)

    def set_attr(self, name: str, values: Any) -> None:
        """Set an attribute that worlds have: a list or tuple of N values, or one value for all.

        Raises:
            AttributeError: If they have none of that name.
            ValueError: If a list is not of N.
        """
        each = values if isinstance(values, list | tuple) else [values] * self.num_envs
        if len(each) != self.num_envs:
            raise ValueError(f"values must be one for each of {self.num_envs} worlds, got {len(each)}")
        for sub_env, value in zip(self.sub_envs, each, strict=True):
            getattr(sub_env, name)
            setattr(sub_env, name, value)

    def close_extras(self, **kwargs: Any) -> None:
        """Free the backend."""
        self.core.world.close()

    def _change(self, mask: Any, change: Callable[[EnvState], EnvState]) -> None:
        worlds = read_mask(mask, self.num_envs, "mask")
        changed = [change(self.sub_envs[n].now) for n in worlds]
        for n, state in zip(worlds, changed, strict=True):
            self.sub_envs[n].go_on(state, has_ended=self.sub_envs[n].has_ended)


_OF_A_BATCH = ("num_envs", "vectorization_mode", "autoreset_mode", "output", "max_episode_steps")


def _spec_of_one(spec: EnvSpec) -> EnvSpec:
    """For `gymnasium.make`, from what `gymnasium.make_vec` made."""
    limit = spec.kwargs.get("max_episode_steps", spec.max_episode_steps)
    kwargs = {name: value for name, value in spec.kwargs.items() if name not in _OF_A_BATCH}
    return replace(spec, max_episode_steps=None if limit == -1 else limit, kwargs=kwargs)
