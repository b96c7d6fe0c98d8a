"""`SubEnv`: one of the environments of a vector environment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from gymnasium.envs.registration import EnvSpec
from gymnasium.utils import seeding

from wm_gym.envs.controls import Controls
from wm_gym.envs.core import EnvCore
from wm_gym.envs.state import EnvState


class SubEnv(Controls):
    """A running episode with its own random numbers.

    Its state is a value: nothing that happens to another sub-environment changes it.

    Attributes:
        has_ended: Whether its episode is over and waits for a reset.
        metadata: As `WorldEnv.metadata`.
        spec: Of the environment that this world would be alone.
    """

    def __init__(self, core: EnvCore, render_mode: str | None) -> None:
        super().__init__(core, render_mode)
        self.np_random, self.np_random_seed = seeding.np_random()
        self.has_ended = False
        self.metadata: dict[str, Any] = {}
        self.spec: EnvSpec | None = None
        self._max_episode_steps: int | None = None

    def seed(self, seed: int | None) -> None:
        """Seed its random numbers; None leaves them as they are."""
        if seed is not None:
            self.np_random, self.np_random_seed = seeding.np_random(seed)

    def reset(self, state: EnvState) -> None:
        """Start the episode that has opened with `state`."""
        self._now, self.has_ended = state, False

    def go_on(self, state: EnvState, *, has_ended: bool) -> None:
        """Hold the state after a step or an event."""
        self._now, self.has_ended = state, has_ended

    def get_state(self) -> EnvState:
        """A snapshot. It is a value: later steps do not change it, and it holds no memory of other sub-environments."""
        state = super().get_state()
        return replace(state, outcome=state.outcome.copied())

    def set_state(self, state: EnvState | bytes | str | Path) -> None:
        """Go on from a snapshot, from the bytes of one or from its file; an episode that was over is open again.

        The count of steps goes back, or forward, with the snapshot.

        Raises:
            ValueError: If the snapshot is damaged, or of another version, backend, size, weights, task or body.
        """
        super().set_state(state)
        self.has_ended = False

    def become(self, source: SubEnv) -> None:
        """Take over the world, task, random numbers and count of steps of another sub-environment."""
        self.np_random.bit_generator.state = source.np_random.bit_generator.state
        self._now, self.has_ended = source.now, source.has_ended
