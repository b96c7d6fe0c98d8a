"""Records the walk of an environment as a `Replay`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs, seeding
from torch import Tensor

from wm_gym.envs.checking import read_count, read_seed
from wm_gym.envs.replay.format import RecordedStep, Replay
from wm_gym.envs.state import EnvState
from wm_gym.envs.world_env import WorldEnv
from wm_gym.world.fingerprint import Fingerprint


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
        self._beginning: dict[str, Any] | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Open a world and begin a new recording.

        Raises:
            ValueError: As the environment.
        """
        seed = read_seed(seed)
        rng = self._world_env.np_random if seed is None else seeding.np_random(seed)[0]
        beginning = {"seed": seed, "rng_state": rng.bit_generator.state, "options": self._frozen(options or {})}
        result = self.env.reset(seed=seed, options=options and beginning["options"])
        self._beginning = beginning
        self._actions: list[np.ndarray] = []
        self._scripts: dict[int, dict[str, Any]] = {}
        self._states: dict[int, bytes] = {}
        self._last = self._world_env.now
        self._shown = [RecordedStep.of(self._last.outcome, 0.0, self._last.is_success)]
        return result

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """One step of the world, recorded.

        Raises:
            RuntimeError: If the state was set since the last step, or there was no `reset`.
        """
        self._note_events(self._require_own())
        result = self.env.step(action)
        self._actions.append(np.array(action))
        self._last = self._world_env.now
        self._shown.append(RecordedStep.of(self._last.outcome, float(result[1]), self._last.is_success))
        step = len(self._actions)
        if self._every and step % self._every == 0:
            self._states[step] = self._world_env.state_to_bytes(self._world_env.get_state())
        return result

    def replay(self) -> Replay:
        """The episode so far.

        Raises:
            RuntimeError: If there was no `reset`.
        """
        if self._beginning is None:
            raise RuntimeError("the environment must be reset before there is a replay")
        core = self._world_env.core
        spec = core.world.spec
        return Replay(
            env_id="" if self.env.spec is None else self.env.spec.id,
            settings=asdict(core.config),
            actions=np.stack(self._actions) if self._actions else np.zeros(0, np.int64),
            scripts=dict(self._scripts),
            shown=tuple(self._shown),
            states=dict(self._states),
            fps=spec.fps,
            fingerprint=Fingerprint.of(spec),
            **self._beginning,
        )

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

    def _require_own(self) -> EnvState:
        now = self._world_env.now
        if self._beginning is None or now.outcome is not self._last.outcome:
            raise RuntimeError("a replay must be of one walk from reset on, got a state that was set in between")
        return now

    def _note_events(self, now: EnvState) -> None:
        script = now.world.scripts[0]
        if script != self._last.world.scripts[0]:
            self._scripts[len(self._actions)] = script.to_json()


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
