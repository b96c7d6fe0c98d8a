"""`Slot`: one world's place in a vector environment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gymnasium.utils import seeding

from wm_gym.envs.controls import Controls
from wm_gym.envs.episodes import Episodes
from wm_gym.envs.state import EnvState


class Slot(Controls):
    """A running episode with its own random numbers and its own count of steps.

    It holds a value, so nothing that happens to another slot reaches it.

    Attributes:
        has_ended: Whether its episode is over and waits for a reset.
    """

    def __init__(self, episodes: Episodes, render_mode: str | None) -> None:
        super().__init__(episodes, render_mode)
        self.np_random, self.np_random_seed = seeding.np_random()
        self.has_ended = False
        self._first_frame = 0

    def seed(self, seed: int | None) -> None:
        """Begin its random numbers anew; None goes on with them."""
        if seed is not None:
            self.np_random, self.np_random_seed = seeding.np_random(seed)

    def begin(self, state: EnvState) -> None:
        """Start counting the steps of an episode."""
        self._now, self._first_frame, self.has_ended = state, state.world.frame_index[0], False

    def go_on(self, state: EnvState, *, has_ended: bool) -> None:
        """Take a step."""
        self._now, self.has_ended = state, has_ended

    def steps_at(self, state: EnvState) -> int:
        """Steps from the beginning of the episode to `state`."""
        frames = state.world.frame_index[0] - self._first_frame
        return frames // self.episodes.world.model.spec.frames_per_step

    def get_state(self) -> EnvState:
        """A snapshot. It is a value: later steps do not change it, and it holds no memory of other slots."""
        state = super().get_state()
        return replace(state, outcome=state.outcome.copied())

    def set_state(self, state: EnvState | bytes | str | Path) -> None:
        """Go on from a snapshot, from the bytes of one or from its file; an episode that was over is open again.

        The count of steps goes back, or forward, with the snapshot.

        Raises:
            ValueError: If the snapshot is damaged, or of another version, backend, weights or task.
        """
        super().set_state(state)
        self._first_frame = min(self._first_frame, self.now.world.frame_index[0])
        self.has_ended = False

    def become(self, source: Slot) -> None:
        """Go on as another slot would: its world, its random numbers and its count of steps."""
        self.np_random.bit_generator.state = source.np_random.bit_generator.state
        self._now, self._first_frame, self.has_ended = source.now, source._first_frame, source.has_ended
