"""Records the walk of an environment as a `Replay`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs, seeding
from torch import Tensor

from wm_gym.envs.checking import read_count, read_seed
from wm_gym.envs.replay.format import Replay
from wm_gym.envs.replay.recording import Recording
from wm_gym.envs.world_env import WorldEnv


class RecordReplay(gym.Wrapper, RecordConstructorArgs):
    """Keeps the episode at hand, from `reset` on, so that `save_replay` can write it at any step.

    Stands right over what `gym.make` gives, so that the actions it sees are those of the world. Events may be triggered
    in any way; a state that is set in the middle of an episode ends what can be replayed.

    Args:
        env: One world.
        snapshot_every: Steps between two snapshots in the file, from which a replay starts without generating all that
            was before; 0 for none.

    Raises:
        ValueError: If the environment is no world, there are wrappers under this one, or `snapshot_every` is negative.
    """

    def __init__(self, env: gym.Env[Any, Any], snapshot_every: int = 20) -> None:
        if not isinstance(env.unwrapped, WorldEnv):
            raise ValueError(f"a replay must be of a wm_gym world, got {env.unwrapped!r}")
        if env.spec is not None and env.spec.additional_wrappers:
            names = [wrapper.name for wrapper in env.spec.additional_wrappers]
            raise ValueError(f"a replay must be recorded right over gym.make's environment, got {names} between")
        snapshot_every = read_count("snapshot_every", snapshot_every, 0)
        RecordConstructorArgs.__init__(self, snapshot_every=snapshot_every)
        gym.Wrapper.__init__(self, env)
        self._world_env, self._every = env.unwrapped, snapshot_every
        self._recording: Recording | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Open a world and begin a new recording.

        Raises:
            ValueError: As the environment.
        """
        seed = read_seed(seed)
        rng = self._world_env.np_random if seed is None else seeding.np_random(seed)[0]
        beginning = {"seed": seed, "rng_state": rng.bit_generator.state, "options": self._frozen(options or {})}
        result = self.env.reset(seed=seed, options=options and beginning["options"])
        self._recording = Recording(self._world_env.core, self._world_env.now, beginning, self._every)
        return result

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """One step of the world, recorded.

        Raises:
            RuntimeError: If the state was set since the last step, or there was no `reset`.
        """
        recording = self._require_own()
        recording.note_events(self._world_env.now)
        result = self.env.step(action)
        recording.add(action, self._world_env.get_state(), float(result[1]))
        return result

    def replay(self) -> Replay:
        """The episode so far.

        Raises:
            RuntimeError: If there was no `reset`.
        """
        if self._recording is None:
            raise RuntimeError("the environment must be reset before there is a replay")
        return self._recording.replay("" if self.env.spec is None else self.env.spec.id)

    def save_replay(self, path: str | Path) -> None:
        """Write the episode so far, whole or not at all.

        Raises:
            RuntimeError: If there was no `reset`, or the disk cannot take it; an older file stays as it was.
        """
        self.replay().save(path)

    def _frozen(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options as they are now, as files hold them; a snapshot becomes its bytes."""
        frozen: dict[str, Any] = {name: _plain(value) for name, value in options.items()}
        if frozen.get("state") is not None:
            frozen["state"] = self._world_env.state_to_bytes(self._world_env.core.read_state(frozen["state"]))
        return frozen

    def _require_own(self) -> Recording:
        now = self._world_env.now
        if self._recording is None or now.outcome is not self._recording.last.outcome:
            raise RuntimeError("a replay must be of one walk from reset on, got a state that was set in between")
        return self._recording


def _plain(value: Any) -> Any:
    """Paths and numpy's numbers as JSON holds them, tensors as arrays, arrays as copies."""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.ndarray | Tensor):
        return np.array(value)
    if isinstance(value, np.generic):
        return value.item()
    return str(value) if isinstance(value, Path) else value
