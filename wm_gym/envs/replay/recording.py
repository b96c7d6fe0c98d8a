"""`Recording`: a walk as it grows, step by step, until it is a `Replay`."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import asdict
from typing import Any

import numpy as np

from wm_gym.envs.core import EnvCore
from wm_gym.envs.replay.format import RecordedStep, Replay
from wm_gym.envs.state import EnvState
from wm_gym.world.fingerprint import Fingerprint


class Recording:
    """All that is kept of one episode.

    Args:
        core: Of the environment.
        opened: What the episode opened with.
        beginning: "seed", "rng_state" and "options", as `Replay` has them.
        snapshot_every: Steps between two snapshots; 0 for none.

    Attributes:
        last: The state that was recorded last.
    """

    def __init__(self, core: EnvCore, opened: EnvState, beginning: Mapping[str, Any], snapshot_every: int = 20) -> None:
        self._core, self._beginning, self._every = core, dict(beginning), snapshot_every
        self._actions: list[np.ndarray] = []
        self._scripts: dict[int, dict[str, Any]] = {}
        self._states: dict[int, bytes] = {}
        self._shown = [RecordedStep.of(opened.outcome, 0.0, opened.is_success)]
        self.last = opened

    @property
    def num_steps(self) -> int:
        """Steps so far."""
        return len(self._actions)

    @property
    def nbytes(self) -> int:
        """Bytes of all pictures."""
        return sum(len(shown.picture) for shown in self._shown)

    def note_events(self, now: EnvState) -> None:
        """Keep the script of events that the next step goes by, if it was changed from outside."""
        script = now.world.scripts[0]
        if script != self.last.world.scripts[0]:
            self._scripts[self.num_steps] = script.to_json()

    def add(self, action: Any, state: EnvState, reward: float) -> None:
        """Keep one step: its action, the state after it, with random numbers, and its reward."""
        self._actions.append(np.array(action))
        self._shown.append(RecordedStep.of(state.outcome, reward, state.is_success))
        self.last = state
        if self._every and self.num_steps % self._every == 0:
            self._states[self.num_steps] = self._core.write_state(state)

    def go_back(self, num_steps: int, state: EnvState) -> None:
        """Forget all after so many steps; the walk goes on from `state` there, whose events may be others."""
        del self._actions[num_steps:], self._shown[num_steps + 1 :]
        self._states = {step: kept for step, kept in self._states.items() if step <= num_steps}
        self._scripts = {step: script for step, script in self._scripts.items() if step < num_steps}
        self._scripts[num_steps] = state.world.scripts[0].to_json()
        self.last = state

    def copied(self) -> Recording:
        """The walk so far, which goes on by itself."""
        other = copy(self)
        other._actions, other._shown = list(self._actions), list(self._shown)
        other._scripts, other._states = dict(self._scripts), dict(self._states)
        return other

    def replay(self, env_id: str = "") -> Replay:
        """The walk so far; `env_id` is the registered id, for people."""
        spec = self._core.world.spec
        return Replay(
            env_id=env_id,
            settings=asdict(self._core.config),
            actions=np.stack(self._actions) if self._actions else np.zeros(0, np.int64),
            scripts=dict(self._scripts),
            shown=tuple(self._shown),
            states=dict(self._states),
            fps=spec.fps,
            fingerprint=Fingerprint.of(spec),
            **self._beginning,
        )
