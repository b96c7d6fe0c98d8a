"""`Past`: states of an episode to go back to."""

from __future__ import annotations

from collections import deque
from copy import copy

from wm_gym.envs.state import EnvState

EVERY_STEPS = 4
MOST_STATES = 32


class Past:
    """One state of every few steps, and one from before each event; of more than `MOST_STATES` the last ones.

    States share what they have in common, so what is kept costs only what is new in it.
    """

    def __init__(self) -> None:
        self._states: deque[EnvState] = deque(maxlen=MOST_STATES)
        self._since = EVERY_STEPS

    def __len__(self) -> int:
        return len(self._states)

    @property
    def wants_state(self) -> bool:
        """Whether the state before the next step is to be kept."""
        return self._since >= EVERY_STEPS

    def keep(self, state: EnvState) -> None:
        """Keep a state that something is about to happen to."""
        self._states.append(state)
        self._since = 0

    def count_step(self) -> None:
        """A step was made."""
        self._since += 1

    def go_back(self) -> EnvState:
        """The state that was kept last, which is kept no longer.

        Raises:
            ValueError: If there is none.
        """
        if not self._states:
            raise ValueError("undo must follow a step or an event, got none that is still kept")
        self._since = EVERY_STEPS
        return self._states.pop()

    def copied(self) -> Past:
        """The same past, which goes on by itself."""
        other = copy(self)
        other._states = self._states.copy()
        return other
